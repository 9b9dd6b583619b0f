"""Who is erased: `<home>/raw/erasures.sqlite`. It holds keys (hashes) and counts only, no identity.

An erasure is asked for here; `sweep.py` carries it out in the next refresh, and again whenever something of an erased
user or organization arrives. A conversation that belonged to one is erased by its own key, so that messages and scores
which name nobody stay out as well.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from orchestration.errors import PipelineError
from orchestration.extract.records.keys import key_of
from orchestration.home.clock import time_behind
from orchestration.home.sqlite_file import refuse_newer
from orchestration.identity.mapping import Merge

Kind = Literal["user", "organization"]
KINDS: tuple[Kind, ...] = ("user", "organization")
# What becomes of a conversation's records: gone, or kept as counts without the user or the organization.
REMOVED = "removed"

_TABLES = """
create table if not exists erasures (
    chatbot_id text not null, kind text not null, entity_key integer not null, keep_counts integer not null,
    requested_at text not null, done_at text,
    primary key (kind, entity_key)
) without rowid;
create table if not exists conversations (
    conversation_key integer not null, effect text not null, primary key (conversation_key, effect)
) without rowid;
-- Segments that hold nothing of anyone erased so far.
create table if not exists swept_segments (segment_id text primary key) without rowid;
-- Files of the inbox, and from which line on they are still to be searched and cleaned.
create table if not exists inbox_files (source_file text primary key, first_line integer not null) without rowid;
-- Sweeps that changed what the warehouse may have been built from.
create table if not exists generations (generation integer primary key, erased_at text not null);
"""


@dataclass(frozen=True)
class Erasure:
    """One request to erase: how many keys it covers, and when the data was gone (None: not yet)."""

    chatbot_id: str
    kind: Kind
    keys: int
    keep_counts: bool
    requested_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class Tombstones:
    """Everything that is erased, by key. `entities` says by kind and key whether counts are kept."""

    chatbots: frozenset[str] = frozenset()
    entities: dict[str, dict[int, bool]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    conversations: dict[str, frozenset[int]] = field(
        default_factory=lambda: dict.fromkeys((REMOVED, *KINDS), frozenset())
    )
    is_due: bool = False
    generation: int = 0
    erased_at: datetime | None = None

    def __bool__(self) -> bool:
        return any(self.entities.values())

    @property
    def conversation_keys(self) -> frozenset[int]:
        """Conversations that are gone or kept as counts."""
        return frozenset().union(*self.conversations.values())


NOBODY = Tombstones()


def request(home: Path, chatbot_id: str, kind: Kind, ids: Iterable[str], *, keep_counts: bool) -> None:
    """Ask for the erasure of a user or an organization under all its published ids. The next refresh carries it out."""
    now = _now().isoformat()
    rows = [(chatbot_id, kind, key_of(chatbot_id, kind, one), int(keep_counts), now) for one in ids]
    with _opened(home) as connection, connection:
        connection.executemany("insert or replace into erasures values (?, ?, ?, ?, ?, null)", rows)


def erasures(home: Path) -> list[Erasure]:
    """What was asked for, oldest first."""
    if not _path(home).exists():
        return []
    with _opened(home) as connection:
        rows = connection.execute(
            "select chatbot_id, kind, count(*), keep_counts, requested_at, min(done_at) from erasures"
            " group by requested_at, chatbot_id, kind, keep_counts order by requested_at"
        ).fetchall()
    return [
        Erasure(
            chatbot_id, kind, keys, bool(keep), datetime.fromisoformat(asked), done and datetime.fromisoformat(done)
        )
        for chatbot_id, kind, keys, keep, asked, done in rows
    ]


def read_tombstones(home: Path) -> Tombstones:
    """Everything that is erased; nothing where no erasure was ever asked for."""
    if not _path(home).exists():
        return NOBODY
    with _opened(home) as connection:
        asked = connection.execute("select chatbot_id, kind, entity_key, keep_counts, done_at from erasures").fetchall()
        conversations = connection.execute("select effect, conversation_key from conversations").fetchall()
        generation, erased_at = connection.execute("select count(*), max(erased_at) from generations").fetchone()
    return Tombstones(
        frozenset(chatbot_id for chatbot_id, *_ in asked),
        {kind: {key: bool(keep) for _, own, key, keep, _ in asked if own == kind} for kind in KINDS},
        {effect: frozenset(key for own, key in conversations if own == effect) for effect in (REMOVED, *KINDS)},
        any(done_at is None for *_, done_at in asked),
        generation,
        erased_at and datetime.fromisoformat(erased_at),
    )


def refuse_erased(mapping: Path, merges: list[Merge], erased: Tombstones) -> None:
    """Raises PipelineError where the mapping names someone who is erased: it would bring the id back."""
    for merge in merges:
        for text in (merge.from_id, merge.to_id):
            if key_of(merge.chatbot_id, merge.kind, text) in erased.entities[merge.kind]:
                raise PipelineError(
                    f"{mapping}: the {merge.kind} {text!r} of chatbot {merge.chatbot_id!r} is erased and must not be"
                    " named here. Delete the line."
                )


# What a sweep has left to do, and what it has done.


def swept_segments(home: Path) -> set[str]:
    """Segments in which nothing is left of anyone erased."""
    with _opened(home) as connection:
        return {one for (one,) in connection.execute("select segment_id from swept_segments")}


def begin_sweep(
    home: Path,
    conversations: Iterable[tuple[int, str]],
    inbox_files: Iterable[tuple[str, int]],
    *,
    changes_the_past: bool,
) -> None:
    """Note what a sweep is about to do, before it changes anything: after a crash it can be done again."""
    with _opened(home) as connection, connection:
        connection.executemany("insert or ignore into conversations values (?, ?)", conversations)
        connection.executemany(
            "insert into inbox_files values (?, ?)"
            " on conflict (source_file) do update set first_line = min(first_line, excluded.first_line)",
            inbox_files,
        )
        if changes_the_past:
            connection.execute("delete from swept_segments")
            erased_at = time_behind(home / "published" / "snapshots").replace(tzinfo=None)
            connection.execute("insert into generations (erased_at) values (?)", [erased_at.isoformat()])


def end_sweep(home: Path, segments: Iterable[str]) -> None:
    """Note that these segments are clean, and what was asked for before is done."""
    with _opened(home) as connection, connection:
        connection.executemany("insert or ignore into swept_segments values (?)", [(one,) for one in segments])
        connection.execute("update erasures set done_at = ? where done_at is null", [_now().isoformat()])


def inbox_files_to_clean(home: Path) -> dict[str, int]:
    """Files of the inbox that may hold lines of someone erased, each with the first line that was not searched."""
    if not _path(home).exists():
        return {}
    with _opened(home) as connection:
        return dict(connection.execute("select source_file, first_line from inbox_files order by source_file"))


def note_clean(home: Path, source_file: str) -> None:
    """A file of the inbox holds nothing any more of anyone erased."""
    with _opened(home) as connection, connection:
        connection.execute("delete from inbox_files where source_file = ?", [source_file])


@contextmanager
def _opened(home: Path) -> Iterator[sqlite3.Connection]:
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        refuse_newer(connection, path)
        connection.execute("pragma synchronous = full")
        connection.executescript(_TABLES)
        yield connection


def _path(home: Path) -> Path:
    return home / "raw" / "erasures.sqlite"


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
