"""The ledger, `<home>/raw/ledger.sqlite`: what is committed, and how far every file was read.

A segment and the cursor behind it are committed in one transaction; only what is in here exists. Writing Parquet and
deciding what to read is done in `staging.py` and `landing.py`.
"""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from orchestration.extract.inbox.files import Cursor
from orchestration.extract.landing.schemas import RECEIPTS
from orchestration.home.sqlite_file import refuse_newer

_TABLES = """
create table if not exists files (
    source_file text primary key, size integer not null, mtime_ns integer not null,
    "offset" integer not null, skip integer not null, position integer not null, line integer not null,
    open_line text, damaged integer not null, consumed integer not null, fingerprint text not null,
    waiting_bytes integer not null, problem text
) without rowid;
create table if not exists segments (
    segment_id text primary key, run_id text not null, source_file text not null,
    first_line integer not null, last_line integer not null, lines integer not null, accepted integer not null,
    duplicates integer not null, quarantined integer not null, warnings integer not null
) without rowid;
-- The files of a segment, one for each table that it has rows of.
create table if not exists segment_files (
    path text primary key, segment_id text not null, table_name text not null, row_count integer not null,
    size integer, checksum text
) without rowid;
-- Committed files that are about to get other content (an erasure): until this is settled, either content is right.
create table if not exists replacements (
    path text primary key, row_count integer not null, size integer not null, checksum text not null
) without rowid;
-- What a segment holds of an arrival date: the beginnings of the ids of the records that arrived on it.
create table if not exists segment_records (
    arrival_date text not null, segment_id text not null, record_keys blob not null,
    primary key (arrival_date, segment_id)
);
-- Files about to get their final names: what is left in here was never committed.
create table if not exists intended_files (path text primary key) without rowid;
create table if not exists receipts (
    run_id text not null, source_file text not null, first_line integer, last_line integer,
    bytes_read integer not null, lines integer not null, accepted integer not null, duplicates integer not null,
    quarantined integer not null, warnings integer not null, waiting_bytes integer not null, problem text,
    read_at text not null,
    primary key (run_id, source_file)
);
"""
# Columns of `files` that came later.
_ADDED = {
    "read_as": "text not null default ''",
    "tail": "text not null default ''",
    "format": "text not null default ''",
    "number": "integer not null default 0",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run read of one file: `lines` is `accepted` + `duplicates` + `quarantined`.

    The file goes by the name that it is read as, also where it has another one by now.
    `bytes_read` counts content (after decompression). `waiting_bytes` is the unfinished last line, or, in a compressed
    file without its end, the bytes of its unfinished member.
    """

    run_id: str
    source_file: str
    first_line: int | None
    last_line: int | None
    bytes_read: int
    lines: int
    accepted: int
    duplicates: int
    quarantined: int
    warnings: int
    waiting_bytes: int
    problem: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a file was read, and how it looked at that time.

    What is read of it goes by one name for good, `read_as`, which no other file has, whatever it is renamed to.
    """

    source_file: str
    size: int
    mtime_ns: int
    cursor: Cursor
    waiting_bytes: int
    problem: str | None
    read_as: str


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A committed Parquet file; `path` is relative to the home."""

    path: str
    segment_id: str
    table_name: str
    row_count: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A committed stretch of lines of one file, with what became of them."""

    segment_id: str
    run_id: str
    source_file: str
    first_line: int
    last_line: int
    lines: int
    accepted: int
    duplicates: int
    quarantined: int
    warnings: int


class Entry(NamedTuple):
    """What is committed of a file: how far it was read, the receipt, and a segment with what was made of it."""

    state: FileState
    receipt: Receipt | None = None
    segment: Segment | None = None
    files: Sequence[SegmentFile] = ()
    record_keys: Mapping[date, bytes] = MappingProxyType({})


class Ledger:
    """The one writer's view of the ledger."""

    def __init__(self, home: Path) -> None:
        self._home, path = home, ledger_path(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        refuse_newer(self._connection, path)
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_TABLES)
        present = {row[1] for row in self._connection.execute("pragma table_info(files)")}
        for column, kind in _ADDED.items():
            if column not in present:
                self._connection.execute(f'alter table files add column "{column}" {kind}')
        self._connection.execute("update files set read_as = source_file where read_as = ''")
        self._add_looks()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def intend(self, paths: list[str]) -> None:
        """Note files that are about to get their final names."""
        with self._transaction():
            self._connection.executemany("insert or ignore into intended_files values (?)", [(path,) for path in paths])

    def uncommitted(self) -> list[str]:
        """Files that a crashed attempt may have left behind."""
        return [path for (path,) in self._connection.execute("select path from intended_files")]

    def forget_uncommitted(self) -> None:
        """The files of `uncommitted` are gone."""
        self._connection.execute("delete from intended_files")

    def record_keys(self, day: date) -> bytes:
        """The beginnings (8 bytes each) of the ids of all accepted records that arrived on a day."""
        rows = self._connection.execute(
            "select record_keys from segment_records where arrival_date = ?", (day.isoformat(),)
        )
        return b"".join(keys for (keys,) in rows)

    def states(self) -> dict[str, FileState]:
        """Every file that was ever looked at."""
        return _states(self._connection)

    def names_in_use(self) -> set[str]:
        """Every name that something was read as."""
        sources = ("read_as from files", "source_file from segments", "source_file from receipts")
        query = " union ".join(f"select {source}" for source in sources)
        return {name for (name,) in self._connection.execute(query)}

    def follow(self, before: dict[str, FileState], now: dict[str, FileState]) -> None:
        """Files that were renamed go by their new names."""
        with self._transaction():
            gone = [(name,) for name in before if before[name] != now.get(name)]
            self._connection.executemany("delete from files where source_file = ?", gone)
            for name, state in now.items():
                if before.get(name) != state:
                    self._put(state)

    def commit(self, entries: Sequence[Entry]) -> None:
        """Make all of this true, or nothing."""
        with self._transaction():
            for entry in entries:
                self._add(entry)
            self.forget_uncommitted()

    def _add(self, entry: Entry) -> None:
        execute, many, segment = self._connection.execute, self._connection.executemany, entry.segment
        self._put(entry.state)
        if entry.receipt is not None:
            values = (*_columns(entry.receipt)[:-1], str(entry.receipt.read_at))
            execute(f"insert or replace into receipts values ({_marks(13)})", values)
        if segment is not None:
            execute(f"insert into segments values ({_marks(10)})", _columns(segment))
            many(
                "insert into segment_files (path, segment_id, table_name, row_count, size, checksum)"
                f" values ({_marks(6)})",
                [(*_columns(file), *look_of(self._home / file.path)) for file in entry.files],
            )
            many(
                f"insert into segment_records values ({_marks(3)})",
                [(day.isoformat(), segment.segment_id, keys) for day, keys in entry.record_keys.items()],
            )

    def _put(self, state: FileState) -> None:
        values = {one.name: getattr(state, one.name) for one in fields(state) if one.name != "cursor"}
        values |= asdict(state.cursor)
        columns = ", ".join(f'"{name}"' for name in values)
        query = f"insert or replace into files ({columns}) values ({_marks(len(values))})"
        self._connection.execute(query, tuple(values.values()))

    def looks(self) -> dict[str, tuple[str, int, str]]:
        """Of every committed file, by its path below the home: its segment, its size and its checksum."""
        rows = self._connection.execute("select path, segment_id, size, checksum from segment_files order by path")
        return {path: (segment_id, size, checksum) for path, segment_id, size, checksum in rows}

    def sources_of(self, segment_ids: Collection[str]) -> dict[str, str]:
        """The inbox file of each of these segments."""
        rows = self._connection.execute("select segment_id, source_file from segments")
        return {segment_id: source_file for segment_id, source_file in rows if segment_id in segment_ids}

    def forget_file(self, source_file: str) -> list[str]:
        """Forget that a file of the inbox was ever read; the paths of what was made of it, which are to be deleted."""
        own = "segment_id in (select segment_id from segments where source_file = ?)"
        rows = self._connection.execute(f"select path from segment_files where {own}", (source_file,)).fetchall()
        with self._transaction():
            for table in ("segment_files", "segment_records"):
                self._connection.execute(f"delete from {table} where {own}", (source_file,))
            for table in ("segments", "receipts"):
                self._connection.execute(f"delete from {table} where source_file = ?", (source_file,))
            self._connection.execute("delete from files where read_as = ?", (source_file,))
        return [path for (path,) in rows]

    def begin_replacement(self, path: str, row_count: int, draft: Path) -> None:
        """Note that a committed file is about to become what `draft` is."""
        self._connection.execute(
            f"insert or replace into replacements values ({_marks(4)})", (path, row_count, *look_of(draft))
        )

    def settle_replacements(self) -> None:
        """Note what became of the files that were about to be replaced."""
        rows = self._connection.execute("select path, row_count, size, checksum from replacements").fetchall()
        with self._transaction():
            for path, row_count, *look in rows:
                file = self._home / path
                if file.exists() and [*look_of(file)] == look:
                    self._connection.execute(
                        "update segment_files set row_count = ?, size = ?, checksum = ? where path = ?",
                        (row_count, *look, path),
                    )
            self._connection.execute("delete from replacements")

    def _add_looks(self) -> None:
        """Give the files of a ledger from before there were checksums the look that they have now."""
        columns = [name for _, name, *_ in self._connection.execute("pragma table_info(segment_files)")]
        with self._transaction():
            for column in ("size integer", "checksum text"):
                if column.split()[0] not in columns:
                    self._connection.execute(f"alter table segment_files add column {column}")
            unknown = self._connection.execute("select path from segment_files where checksum is null").fetchall()
            for (path,) in unknown:
                if (self._home / path).exists():
                    self._connection.execute(
                        "update segment_files set size = ?, checksum = ? where path = ?",
                        (*look_of(self._home / path), path),
                    )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("rollback")
            raise
        self._connection.execute("commit")


def look_of(path: Path) -> tuple[int, str]:
    """Size and checksum of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
        return file.tell(), digest.hexdigest()


def ledger_path(home: Path) -> Path:
    """Where the ledger is."""
    return home / "raw" / "ledger.sqlite"


def states(home: Path) -> dict[str, FileState]:
    """Every file that was ever looked at, by its path below the inbox."""
    if not ledger_path(home).exists():
        return {}
    with _opened(home) as connection:
        return _states(connection)


def receipts(home: Path, run_id: str | None = None) -> list[Receipt]:
    """The receipts of all runs, or of one, in the order of reading."""
    query = "select * from receipts where ? is null or run_id = ? order by read_at, run_id, source_file"
    return [_receipt(row) for row in _rows(home, query, (run_id, run_id))]


def receipts_table(home: Path) -> pa.Table:
    """The receipts of all runs as a table."""
    return pa.Table.from_pylist([asdict(receipt) for receipt in receipts(home)], schema=RECEIPTS)


def segments(home: Path) -> list[Segment]:
    """All committed segments."""
    return [Segment(*row) for row in _rows(home, "select * from segments order by source_file, first_line")]


def outcomes(home: Path) -> tuple[int, ...]:
    """Sums over all committed segments: lines, accepted, duplicates, quarantined."""
    sums = "coalesce(sum(lines), 0), coalesce(sum(accepted), 0), coalesce(sum(duplicates), 0)"
    rows = _rows(home, f"select {sums}, coalesce(sum(quarantined), 0) from segments")
    return rows[0] if rows else (0, 0, 0, 0)


def arrivals(home: Path) -> list[tuple[date, str]]:
    """The arrival date and segment of all accepted records, each pair once."""
    rows = _rows(home, "select arrival_date, segment_id from segment_records order by arrival_date, segment_id")
    return [(date.fromisoformat(day), segment_id) for day, segment_id in rows]


def first_arrival(home: Path) -> date | None:
    """The earliest arrival date of a landed record."""
    ((day,),) = _rows(home, "select min(arrival_date) from segment_records") or [(None,)]
    return None if day is None else date.fromisoformat(day)


def committed_files(home: Path, table: str) -> list[SegmentFile]:
    """Committed Parquet files of a raw table or of the quarantine."""
    query = "select path, segment_id, table_name, row_count from segment_files where table_name = ? order by path"
    return [SegmentFile(*row) for row in _rows(home, query, (table,))]


def _rows(home: Path, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not ledger_path(home).exists():
        return []
    with _opened(home) as connection:
        return connection.execute(query, values).fetchall()


@contextmanager
def _opened(home: Path) -> Iterator[sqlite3.Connection]:
    path = ledger_path(home)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=60)) as connection:
        refuse_newer(connection, path)
        yield connection


def _receipt(row: tuple[Any, ...]) -> Receipt:
    *columns, read_at = row
    return Receipt(*columns, read_at=datetime.fromisoformat(read_at))  # type: ignore[misc]


def _states(connection: sqlite3.Connection) -> dict[str, FileState]:
    found = connection.execute("select * from files")
    names = [column for column, *_ in found.description]
    states = (_state(dict(zip(names, row, strict=True))) for row in found)
    return {state.source_file: state for state in states}


def _state(row: dict[str, Any]) -> FileState:
    cursor = Cursor(**{one.name: row[one.name] for one in fields(Cursor) if one.name in row})
    cursor = replace(cursor, damaged=bool(cursor.damaged))
    name = row["source_file"]
    read_as = row.get("read_as") or name
    return FileState(name, row["size"], row["mtime_ns"], cursor, row["waiting_bytes"], row["problem"], read_as)


def _columns(row: Receipt | Segment | SegmentFile) -> tuple[Any, ...]:
    return tuple(getattr(row, column.name) for column in fields(row))


def _marks(count: int) -> str:
    return ", ".join("?" * count)
