"""What was asked of the read API, and when: a file that may be deleted, after which everything is asked for again.

It holds the upstream's own ids of conversations and digests of answers; nothing of a user.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from orchestration.home.sqlite_file import blames_the_file, looking_into

FILE = "read_api.sqlite"
_TABLES = """
create table if not exists conversations(
    upstream_id text primary key, state text not null, digest text, is_scored integer not null, asked_at text not null
) strict, without rowid;
create table if not exists last_round(fault text not null) strict;
create table if not exists listed(scope text primary key, until text not null) strict, without rowid;
"""


class Asked(NamedTuple):
    """A conversation: how it stood in the list, a digest of its scores (none: it had none), whether all were there."""

    upstream_id: str
    state: str
    digest: str | None
    is_scored: bool
    asked_at: str


class AskedBefore:
    """The memory of a data home; a damaged file is begun anew."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, upstream_id: str) -> Asked | None:
        """What is remembered of a conversation."""
        row = self._connection.execute("select * from conversations where upstream_id = ?", [upstream_id]).fetchone()
        return row and Asked(row[0], row[1], row[2], bool(row[3]), row[4])

    def note(self, answers: Iterable[Asked]) -> None:
        """Remember answers, which are durable by now."""
        with self._connection:
            self._connection.executemany("insert or replace into conversations values (?, ?, ?, ?, ?)", answers)

    def note_fault(self, fault: str) -> None:
        """Remember how a round ended."""
        with self._connection:
            self._connection.execute("delete from last_round")
            self._connection.execute("insert into last_round values (?)", [fault])

    def listed_until(self, scope: str) -> datetime | None:
        """Until when the conversations of a scope were listed, and all of them asked for."""
        row = self._connection.execute("select until from listed where scope = ?", [scope]).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def note_listed(self, scope: str, until: datetime) -> None:
        """Remember that everything until then was asked for."""
        with self._connection:
            self._connection.execute("insert or replace into listed values (?, ?)", [scope, until.isoformat()])


@contextmanager
def asked_before(home: Path) -> Iterator[AskedBefore]:
    """Open the memory of a data home."""
    path = home / FILE
    try:
        connection = _opened(path)
    except sqlite3.DatabaseError as error:
        if not blames_the_file(path, error):
            raise
        path.unlink()
        connection = _opened(path)
    with closing(connection):
        yield AskedBefore(connection)


def last_fault(home: Path) -> str | None:
    """What kept the last round of a data home from its end; empty: nothing did, None: no round is remembered."""
    path = home / FILE
    try:
        with looking_into(path) as connection:
            row = connection.execute("select fault from last_round").fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60)
    if connection.execute("pragma quick_check").fetchone() != ("ok",):
        raise sqlite3.DatabaseError(f"{path} is damaged")
    connection.executescript(_TABLES)
    return connection
