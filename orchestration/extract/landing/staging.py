"""One segment, a stretch of lines of one file -> staged Parquet files. The work that runs on every core.

Files are written below a staging folder and durable when `stage` returns; giving them their final names is part of the
commit, in `landing.py`.
"""

import gc
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.extract.inbox.lines import Line
from orchestration.extract.landing.ledger import FileState
from orchestration.extract.landing.schemas import QUARANTINE, RAW_TABLES
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.parse import RESEND
from orchestration.extract.records.records import Record, read_record

RECORD_KEY_BYTES = 8


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


class _Tables:
    """Rows of the segment's tables."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.record_keys: dict[date, list[str]] = defaultdict(list)
        self.warnings = 0

    def add(self, number: int, record: Record) -> None:
        place, rows = (number, record.record_id), self.rows
        self.record_keys[record.received_at.date()].append(record.record_id[: 2 * RECORD_KEY_BYTES])
        if record.request is not None:
            rows["requests"].append(place + record.request)
        if record.messages:
            rows["messages"].extend([place + row for row in record.messages])
        if record.analyses:
            rows["analyses"].extend([place + row for row in record.analyses])
        if record.custom_fields:
            rows["custom_fields"].extend([place + row for row in record.custom_fields])
        if record.warnings:
            self.warnings += len(record.warnings)
            arrival = (*place, record.received_at, record.chatbot_id)
            rows["warnings"].extend([arrival + row for row in record.warnings])


def stage(batch: Batch) -> Staged:
    """Validate the lines of a segment and write what became of them below the staging folder."""
    with _without_garbage_collection():
        return _stage(batch)


def _stage(batch: Batch) -> Staged:
    tables = _Tables()
    quarantine: list[tuple[Any, ...]] = []
    for line in batch.lines:
        outcome = line_fault(batch.state.source_file, line, batch.line_limit) if line.fault else read_record(line.data)
        if isinstance(outcome, Record):
            tables.add(line.number, outcome)
        else:
            quarantine.append(_quarantined(batch, line, outcome))
    staged = Staged(quarantined=len(quarantine), warnings=tables.warnings)
    staged.record_keys = {day: bytes.fromhex("".join(keys)) for day, keys in tables.record_keys.items()}
    for table, rows in sorted(tables.rows.items()):
        content = _table((batch.segment_id, batch.state.read_as), rows, RAW_TABLES[table])
        staged.files.append(_write(batch, table, content))
    if quarantine:
        content = _table((batch.segment_id, batch.run_id, batch.state.read_as), quarantine, QUARANTINE)
        staged.files.append(_write(batch, "quarantine", content))
    return staged


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Rows hold no cycles, and looking for some took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _table(source: tuple[str, ...], rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """A table of rows that lack the first columns, which are the same in all of them."""
    constant = [pa.repeat(pa.scalar(value, pa.string()), len(rows)) for value in source]
    columns = zip(zip(*rows, strict=True), schema.types[len(source) :], strict=True)
    return pa.Table.from_arrays([*constant, *(pa.array(values, kind) for values, kind in columns)], schema=schema)


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
