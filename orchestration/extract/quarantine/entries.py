"""What is in quarantine, and what was dropped with a warning: reading only, and which lines were submitted again.

Why a line is rejected is decided in `records.py` and `staging.py`; submitting one again is in `resubmission.py`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from orchestration.extract.landing.ledger import committed_files, ledger_path, states
from orchestration.extract.landing.schemas import QUARANTINE
from orchestration.home.engine import open_memory

_EXAMPLES = 2
_MARKS = """
create table if not exists resubmissions (
    segment_id text not null, byte_offset integer not null, submitted_as text not null, submitted_at text not null,
    primary key (segment_id, byte_offset)
) without rowid;
"""


@dataclass(frozen=True)
class Selection:
    """Which quarantined lines are meant. A file may be named with or without `inbox/` in front."""

    reason: str | None = None
    source_file: str | None = None
    source_line: int | None = None
    open_only: bool = True  # leave out the lines that were submitted again


class Entry(NamedTuple):
    """A quarantined line without its text. `submitted_as` is the file of the inbox in which it came again.

    For a compressed stream that broke off and has gone on since, that is the same file.
    """

    segment_id: str
    byte_offset: int
    source_file: str
    source_line: int
    reason: str
    explanation: str
    read_at: datetime
    submitted_as: str | None

    @property
    def place(self) -> str:
        return f"{self.source_file}:{self.source_line}"


class ReasonCount(NamedTuple):
    """How many quarantined lines have a reason; the explanation is that of the newest."""

    reason: str
    lines: int
    open_lines: int
    files: int
    explanation: str


class WarningCount(NamedTuple):
    """How many optional values of one path were dropped for one reason, with the newest as (place, text, excerpt)."""

    reason: str
    path: str
    values: int
    examples: list[tuple[str, str, str]]


def reason_counts(home: Path, selection: Selection) -> list[ReasonCount]:
    """The selected lines by reason, most lines first."""
    query = """
        select reason, count(*), count(*) filter (where submitted_as is null), count(distinct source_file),
            arg_max(explanation, (read_at, source_file, source_line))
        from selected group by reason order by count(*) desc, reason
    """
    with _selected(home, selection) as connection:
        return [ReasonCount(*row) for row in connection.execute(query).fetchall()]


def entries(home: Path, selection: Selection, limit: int) -> list[Entry]:
    """The newest of the selected lines."""
    query = f"""
        select {", ".join(Entry._fields)} from selected
        order by read_at desc, source_file, source_line desc, byte_offset desc limit ?
    """
    with _selected(home, selection) as connection:
        return [Entry(*row) for row in connection.execute(query, [limit]).fetchall()]


def lines(home: Path, selection: Selection) -> Iterator[tuple[Entry, bytes]]:
    """The selected lines with their text as it was kept, in an order in which later ones come last."""
    query = f"""
        select {", ".join(Entry._fields)}, line from selected
        order by read_at, source_file, source_line, byte_offset
    """
    with _selected(home, selection) as connection:
        cursor = connection.execute(query)
        while rows := cursor.fetchmany(100):
            for *entry, line in rows:
                yield Entry(*entry), line


def warning_counts(home: Path, reason: str | None, source_file: str | None) -> list[WarningCount]:
    """Dropped optional values by reason and path (positions in lists left out), most values first."""
    query = r"""
        with warnings as (
            select reason, regexp_replace(path, '\[\d+\]', '[]', 'g') as path, explanation, excerpt,
                source_file || ':' || source_line as place,
                row_number() over (
                    partition by reason, regexp_replace(path, '\[\d+\]', '[]', 'g')
                    order by received_at desc, source_file, source_line desc, warnings.path
                ) as recency
            from read_parquet(?, hive_partitioning = false) as warnings
            where (? is null or reason = ?) and (? is null or source_file = ? or 'inbox/' || source_file = ?)
        )
        select reason, path, count(*),
            list((place, explanation, excerpt) order by recency) filter (where recency <= ?)
        from warnings group by reason, path order by count(*) desc, reason, path
    """
    files = [str(home / file.path) for file in committed_files(home, "warnings")]
    if not files:
        return []
    with open_memory(home / "warehouse") as connection:
        rows = connection.execute(query, [files, reason, reason, *[source_file] * 3, _EXAMPLES]).fetchall()
    return [WarningCount(*row) for row in rows]


def mark_submitted(home: Path, submitted: list[Entry], submitted_as: str, submitted_at: datetime) -> None:
    """Note that these lines came again in a file of the inbox; what the quarantine holds of them stays."""
    rows = [(one.segment_id, one.byte_offset, submitted_as, submitted_at.isoformat()) for one in submitted]
    with closing(sqlite3.connect(ledger_path(home), timeout=60)) as connection, connection:
        connection.executescript(_MARKS)
        connection.executemany("insert or replace into resubmissions values (?, ?, ?, ?)", rows)


def _marks(home: Path) -> list[tuple[Any, ...]]:
    """Every line that was submitted again, as (segment, position, file)."""
    path = ledger_path(home)
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=60)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'resubmissions'").fetchone():
            return []
        return connection.execute("select segment_id, byte_offset, submitted_as from resubmissions").fetchall()


@contextmanager
def _selected(home: Path, selection: Selection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the committed quarantine as the view `selected`."""
    files = [str(home / file.path) for file in committed_files(home, "quarantine")]
    chosen = [
        ("reason = {}", selection.reason),
        ("(source_file = {0} or 'inbox/' || source_file = {0})", selection.source_file),
        ("source_line = {}", selection.source_line),
    ]
    conditions = [text.format(_literal(value)) for text, value in chosen if value is not None]
    if selection.open_only:
        conditions.append("submitted_as is null")
    with open_memory(home / "warehouse") as connection:
        connection.register("nothing", QUARANTINE.empty_table())
        source = f"read_parquet([{', '.join(map(_literal, files))}])" if files else "nothing"
        marks = [list(column) for column in zip(*_marks(home), strict=True)] or [[], [], []]
        connection.execute(
            "create table marks as select unnest(?::varchar[]) as segment_id, unnest(?::bigint[]) as byte_offset,"
            " unnest(?::varchar[]) as submitted_as",
            marks,
        )
        stuck = [(one.read_as, one.cursor.position) for one in states(home).values() if one.cursor.damaged]
        connection.execute(
            "create table stuck as select unnest(?::varchar[]) as source_file, unnest(?::bigint[]) as stuck_at",
            [list(column) for column in zip(*stuck, strict=True)] or [[], []],
        )
        connection.execute(
            f"""
            create temp view selected as
            with entries as (
                select * replace (
                    case
                        when reason = 'unfinished_stream' and stuck_at is distinct from byte_offset then source_file
                        else submitted_as
                    end as submitted_as
                )
                from {source}
                left join marks using (segment_id, byte_offset)
                left join stuck using (source_file)
            )
            from entries where {" and ".join(conditions) or "true"}
            """
        )
        yield connection


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
