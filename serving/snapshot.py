"""Opens the published snapshot, and notices when another one is published.

Nothing here knows the two tables or a request's parameters. A snapshot is immutable; the link to the current one is
swapped while this process serves. Whoever asks holds the snapshot that was current then; an old one closes by itself
when its last holder lets go.
"""

import json
import os
import pickle
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import duckdb

from serving.answers import Answers
from serving.engine import READER, fetch, run
from serving.kept import Kept

T = TypeVar("T")

DATABASE = "clientele.duckdb"
NOTHING_PUBLISHED = "Nothing published yet: run `clientele refresh`"
# What one snapshot's answers may take in memory.
ANSWERS = 32_000_000

CHATBOTS = """
    select chatbot_id, coalesce(name, chatbot_id), time_zone, lower(week_start), upper(currency)
    from chatbots
    order by 2, 1
"""
CUSTOM_FIELDS = """
    select chatbot_id, field, value_type, is_mixed, users, organizations, {label}
    from custom_fields
    order by all
"""


# Whose `exclude.csv` has lines.
EXCLUDING = "select distinct chatbot_id from exclusions"


class NothingPublished(Exception):
    """There is no snapshot to read."""

    def __init__(self) -> None:
        super().__init__(NOTHING_PUBLISHED)


class SnapshotGone(Exception):
    """The snapshot that is asked for is not kept any more."""


@dataclass(frozen=True)
class CustomField:
    """One of a chatbot's own fields, the type of its newest value, and how many users and organizations have it.

    `label` is what people call it, None where nobody said.
    """

    name: str
    value_type: str
    is_mixed: bool
    users: int
    organizations: int
    label: str | None = None


@dataclass(frozen=True)
class Chatbot:
    """A chatbot's settings, as the snapshot was built with them, its own fields, and whether it leaves anything out.

    `data_through` is the instant that the snapshot's data runs through, None without data. `hides_emails` is of the
    reader who asks, not of the snapshot.
    """

    chatbot_id: str
    name: str
    time_zone: str
    week_start: str
    currency: str
    custom_fields: tuple[CustomField, ...] = ()
    has_exclusions: bool = False
    data_through: datetime | None = None
    hides_emails: bool = False


class Snapshot:
    """One published snapshot, open for reading from any number of threads."""

    def __init__(self, directory: Path) -> None:
        """Open the snapshot in a directory whose path holds no link: DuckDB knows open files by their path."""
        self.directory = directory
        self._connection = duckdb.connect(directory / DATABASE, read_only=True, config=dict(READER))
        row = self.cursor().execute("select snapshot_id, built_at, data_through from snapshot_info").fetchone()
        if row is None:
            raise ValueError(f"{directory.name} has no row in snapshot_info")
        self.snapshot_id: str = str(row[0])
        self.built_at: datetime = row[1].replace(tzinfo=UTC)
        self.data_through: datetime | None = row[2] and row[2].replace(tzinfo=UTC)
        rows = self.cursor().execute(CHATBOTS).fetchall()
        fields = self._custom_fields()
        excluding = self._excluding()
        self.chatbots: dict[str, Chatbot] = {
            row[0]: Chatbot(*[*row, tuple(fields.get(row[0], ())), row[0] in excluding, self.data_through])
            for row in rows
        }
        self.kept = Kept(self._connection)
        self._answers: Answers[bytes] = Answers(ANSWERS, len)
        manifest = directory / "manifest.json"
        self.manifest: dict[str, Any] = json.loads(manifest.read_bytes()) if manifest.exists() else {}

    def _custom_fields(self) -> dict[str, list[CustomField]]:
        """Return each chatbot's own fields; snapshots of older versions have none, or no labels of them."""
        found: dict[str, list[CustomField]] = {}
        if self._has("custom_fields"):
            columns = self.cursor().execute("describe custom_fields").fetchall()
            label = "label" if "label" in {column[0] for column in columns} else "null"
            for chatbot_id, *field in self.cursor().execute(CUSTOM_FIELDS.format(label=label)).fetchall():
                found.setdefault(chatbot_id, []).append(CustomField(*field))
        return found

    def _excluding(self) -> set[str]:
        """Return the chatbots with lines in `exclude.csv`; in snapshots of older versions none has."""
        return {row[0] for row in self.cursor().execute(EXCLUDING).fetchall()} if self._has("exclusions") else set()

    def _has(self, table: str) -> bool:
        sql = "select 1 from duckdb_tables() where table_name = ?"
        return self.cursor().execute(sql, [table]).fetchone() is not None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own for one request; it keeps the file open as long as it lives."""
        return self._connection.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run a statement on a cursor of its own, when it is its turn; return the cursor."""
        return run(self._connection, sql, parameters)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, when it is its turn."""
        return fetch(self._connection, sql, parameters)

    def answer(self, chatbot: Chatbot, question: Hashable, read: Callable[[], T]) -> T:
        """Return the answer to a question about a chatbot as its reader may see it; it is read for the first who asks.

        It is kept as bytes: so its size is known, and everyone who asks has a copy of their own.
        """
        kept = self._answers.get((chatbot, question), lambda: pickle.dumps(read()))
        return pickle.loads(kept)

    def meanings(self, table: str) -> dict[str, str]:
        """Return the meaning of each column of a table that the manifest explains."""
        columns = self.manifest.get("tables", {}).get(table, {}).get("columns", [])
        return {column["name"]: column["meaning"] for column in columns if column.get("meaning")}


class Snapshots:
    """The snapshots of a published directory: the current one at the moment of asking, and those still kept.

    Only the current one is held open here.
    """

    def __init__(self, published: Path) -> None:
        self._link = published / "current"
        self._kept = published / "snapshots"
        self._opening = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._in_use: WeakValueDictionary[Path, Snapshot] = WeakValueDictionary()

    def of(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot by its id, for whatever belongs to an answer that was of it; SnapshotGone if it went."""
        current = self.current()
        if current.snapshot_id == snapshot_id:
            return current
        # The id may come from anyone: it is looked for among those that are published, and no path is made of it.
        kept = (path for path in self._kept.iterdir() if path.name == snapshot_id and not path.name.startswith("."))
        with self._opening:
            directory = next(kept, None)
            if directory is None or not (directory / DATABASE).exists():
                raise SnapshotGone
            return self._opened(Path(os.path.realpath(directory)))

    def current(self) -> Snapshot:
        """Return the current snapshot.

        The first request after a publication opens the new one; requests beside it go on with the one before and wait
        for nothing.
        """
        directory = Path(os.path.realpath(self._link))
        held = self._snapshot
        if held is not None and held.directory == directory:
            return held
        if held is None:
            self._opening.acquire()
        elif not self._opening.acquire(blocking=False):
            return held
        try:
            return self._open(directory)
        finally:
            self._opening.release()

    def _open(self, directory: Path) -> Snapshot:
        if self._snapshot is None or self._snapshot.directory != directory:
            if not (directory / DATABASE).exists():
                raise NothingPublished
            self._snapshot = self._opened(directory)
        return self._snapshot

    def _opened(self, directory: Path) -> Snapshot:
        snapshot = self._in_use.get(directory)
        if snapshot is None:
            snapshot = self._in_use[directory] = Snapshot(directory)
        return snapshot
