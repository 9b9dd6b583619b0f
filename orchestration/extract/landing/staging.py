"""One segment, a stretch of lines of one file -> staged Parquet files. The work that runs on every core.

Files are written below a staging folder and durable when `stage` returns; giving them their final names is part of the
commit, in `landing.py`.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.extract.bulk.tables import Read, read_lines, read_nothing
from orchestration.extract.inbox.lines import Line
from orchestration.extract.landing.ledger import FileState
from orchestration.extract.landing.rows import Odd, SegmentRows, table_of
from orchestration.extract.landing.schemas import QUARANTINE, RAW_TABLES
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.parse import RESEND
from orchestration.extract.records.records import Record, read_record

# Enough to judge columns as a whole, and few enough to stay in the caches of the processor.
LINES_AT_ONCE = 4_000
# Below this, making columns takes longer than reading the lines one by one.
FEWEST_LINES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of a segment, with what is needed to stage them anywhere."""

    segment_id: str
    run_id: str
    read_at: datetime
    line_limit: int
    staging: Path
    lines: list[Line]
    content_bytes: int
    state: FileState  # of the file, behind these lines


@dataclass(slots=True)
class StagedFile:
    """A durable Parquet file without its final name."""

    table: str
    path: Path
    rows: int


@dataclass(slots=True)
class Staged:
    """What became of the lines of a segment. `record_keys` are the beginnings of the ids of accepted records."""

    files: list[StagedFile] = field(default_factory=list)
    record_keys: dict[date, bytes] = field(default_factory=dict)
    quarantined: int = 0
    warnings: int = 0


def stage(batch: Batch) -> Staged:
    """Validate the lines of a segment and write what became of them below the staging folder."""
    with without_garbage_collection():
        return _stage(batch)


def _stage(batch: Batch) -> Staged:
    rows, quarantine = SegmentRows(), list[tuple[Any, ...]]()
    read_at_once = read_lines if len(batch.lines) >= FEWEST_LINES_AT_ONCE else read_nothing
    for start in range(0, len(batch.lines), LINES_AT_ONCE):
        lines = batch.lines[start : start + LINES_AT_ONCE]
        numbers = np.array([line.number for line in lines], np.int64)
        read = read_at_once([None if line.fault else line.data for line in lines], numbers)
        if len(read.odd) > len(lines) // 2:
            read_at_once = read_nothing  # whoever sends such lines sends more of them
        quarantine += _read_odd(batch, lines, read, rows)
    staged = Staged(record_keys=rows.record_keys, quarantined=len(quarantine), warnings=rows.warnings)
    source = {"segment_id": batch.segment_id, "source_file": batch.state.read_as}
    for table, content in rows.tables().items():
        staged.files.append(_write(batch, table, _from(source, content, RAW_TABLES[table])))
    if quarantine:
        source = {"segment_id": batch.segment_id, "run_id": batch.run_id, "source_file": batch.state.read_as}
        content = table_of(quarantine, pa.schema([field for field in QUARANTINE if field.name not in source]))
        staged.files.append(_write(batch, "quarantine", _from(source, content, QUARANTINE)))
    return staged


def _read_odd(batch: Batch, lines: list[Line], read: Read, rows: SegmentRows) -> Iterator[tuple[Any, ...]]:
    """Add the rows of the next lines, of which the odd ones are read now; gives those that go to quarantine."""
    odd = []
    for place in read.odd:
        line = lines[place]
        outcome = line_fault(batch.state.source_file, line, batch.line_limit) if line.fault else read_record(line.data)
        if isinstance(outcome, Record):
            odd.append(Odd(place, line.number, outcome))
        else:
            yield _quarantined(batch, line, outcome)
    rows.add(read, odd)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Lines and rows hold no cycles, and looking for some took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _from(source: dict[str, str], rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the columns that they lack, which have one value in all of them."""
    constant = [pa.repeat(pa.scalar(value, pa.string()), rows.num_rows) for value in source.values()]
    return pa.Table.from_arrays([*constant, *rows.columns], schema=schema)


def _write(batch: Batch, table: str, content: pa.Table) -> StagedFile:
    path = batch.staging / f"{batch.segment_id}.{table}.parquet"
    write_durably(path, content)
    return StagedFile(table, path, content.num_rows)


def write_durably(path: Path, content: pa.Table) -> None:
    """Write a Parquet file and wait until it is on the disk."""
    with path.open("wb") as file:
        pq.write_table(content, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def line_fault(source_file: str, line: Line, line_limit: int) -> Rejection:
    """The rejection of what is not a whole line."""
    if line.fault == "too_long":
        size = f"{line.length:,} bytes, more than {line_limit:,}"
        explanation = f"The line has {size}; only its beginning is kept here. {RESEND}"
        return Rejection("line_too_long", explanation)
    if line.fault == "rest_of_line":
        explanation = (
            "The line was complete and already read when more text was appended to it without a newline. "
            "End every record with a newline, and deliver the appended text again in a new file."
        )
        return Rejection("broken_json", explanation)
    if line.fault == "unfinished":
        explanation = (
            f"The compressed stream of inbox/{source_file} breaks off after line {line.number - 1}: it is "
            "cut off, or not yet written to its end. What is appended is read, and settles this; otherwise re-create "
            "the file and deliver it under a new name; equal lines are recognised."
        )
        return Rejection("unfinished_stream", explanation)
    explanation = (
        f"The compressed stream of inbox/{source_file} is damaged after line {line.number - 1}, so nothing "
        "behind it can be read. Re-create the file and deliver it under a new name; equal lines are recognised."
    )
    return Rejection("damaged_stream", explanation)


def _quarantined(batch: Batch, line: Line, why: Rejection) -> tuple[Any, ...]:
    return line.number, line.offset, why.chatbot_id, why.reason, why.explanation, line.data, batch.read_at
