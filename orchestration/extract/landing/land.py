"""`land`: everything new in the inbox -> raw Parquet, quarantine and receipts, exactly once whatever is killed when.

The steps of segments: stage their files (durable, invisible), note the final names as intended, move them, commit the
ledger (`committing.py`). A crash leaves staged or intended files, which the next landing deletes before it reads the
lines again.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from orchestration.errors import PipelineError
from orchestration.extract.inbox.files import Cursor, InboxFile, unreadable
from orchestration.extract.inbox.folders import inbox_files
from orchestration.extract.inbox.formats import UnreadFile
from orchestration.extract.inbox.lines import Line
from orchestration.extract.inbox.reading import open_lines
from orchestration.extract.landing.committing import Committing, folder_of
from orchestration.extract.landing.ledger import FileState, Ledger, Receipt
from orchestration.extract.landing.rotation import MORE_TO_READ, follow, is_due
from orchestration.extract.landing.schemas import QUARANTINE, RAW_TABLES
from orchestration.extract.landing.staging import Batch, without_garbage_collection, write_durably
from orchestration.extract.landing.workers import stager
from orchestration.extract.records.keys import file_digest

LINE_LIMIT = 16 << 20
SEGMENT_LINES = 50_000
SEGMENT_BYTES = 32 << 20
# Below this many new bytes, starting worker processes takes longer than they save.
PARALLEL_BYTES = 8 << 20


class LandingBusy(PipelineError):
    """Another process is landing into the same home."""


class Progress(NamedTuple):
    """How far a landing is, after each commit; bytes of the inbox files as they lie on the disk."""

    source_file: str
    lines: int
    bytes_read: int
    bytes_to_read: int


class _Plan(NamedTuple):
    home: Path
    run_id: str
    line_limit: int
    segment_lines: int
    staging: Path
    read_at: datetime


def land(
    home: Path,
    run_id: str,
    *,
    line_limit: int = LINE_LIMIT,
    segment_lines: int = SEGMENT_LINES,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Receipt]:
    """Read everything new in the inbox; one receipt for each file with something new to tell.

    `workers` is the number of processes that validate and write; by default two when there is much to read.
    """
    home = home.absolute()
    (home / "raw").mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "raw" / ".landing.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LandingBusy(
            f"Another process is reading the inbox of {home}. Wait until it is done, then run again."
        ) from None
    try:
        ensure_raw(home)
        ledger = Ledger(home)
        try:
            staging_folder = _clean_up(home, ledger)
            plan = _Plan(home, run_id, line_limit, segment_lines, staging_folder, _now())
            return _Landing(plan, ledger, progress).run(workers)
        finally:
            ledger.close()
    finally:
        lock.release()


def ensure_raw(home: Path) -> None:
    """Give every raw table and the quarantine an empty file with the columns of today: raw files may be older."""
    for table, schema in (RAW_TABLES | {"quarantine": QUARANTINE}).items():
        folder = folder_of(home, table)
        path = folder / "schema.parquet"
        if not path.exists() or pq.read_schema(path) != schema:
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / ".schema.tmp"  # always this name, so that a crash leaves nothing that stays
            write_durably(temporary, pa.Table.from_batches([], schema))
            os.replace(temporary, path)


class _Landing:
    """One run over the inbox."""

    def __init__(self, plan: _Plan, ledger: Ledger, progress: Callable[[Progress], None] | None) -> None:
        self._plan, self._ledger, self._progress = plan, ledger, progress
        self._files = inbox_files(plan.home)
        known = ledger.states()
        self._states = follow(self._files, known)
        ledger.follow(known, self._states)
        self._committing = Committing(plan.home, plan.run_id, plan.read_at, ledger, self._states)
        self._names: set[str] | None = None  # that something was read as
        self._sizes = {name: state.size for name, state in self._states.items()}
        self._lines = self._bytes_read = self._bytes_to_read = 0

    def run(self, workers: int | None) -> list[Receipt]:
        files = [file for file in self._files if self._needs_a_look(file)]
        self._bytes_to_read = sum(max(0, file.size - self._sizes.get(file.source_file, 0)) for file in files)
        if workers is None:
            workers = 2 if self._bytes_to_read > PARALLEL_BYTES else 1
        reached: dict[str, int] = {}
        with without_garbage_collection(), stager(workers) as stage_all:
            for batch, staged in stage_all(batch for file in files for batch in self._batches(file)):
                self._committing.add(batch, staged)
                self._lines += len(batch.lines)
                reached[batch.state.source_file] = batch.state.size
                if self._committing.is_full(self._plan.segment_lines):
                    self._commit(reached)
            self._commit(reached)
        return self._committing.receipts

    def _needs_a_look(self, file: InboxFile) -> bool:
        state = self._states.get(file.source_file)
        return is_due(file, state) or (not file.same_as and state is not None and state.problem is not None)

    def _read_as(self, source_file: str) -> str:
        """The name for what is read of a file: its path, with a number where an earlier file had that."""
        if (state := self._states.get(source_file)) is not None:
            return state.read_as
        if self._names is None:
            self._names = self._ledger.names_in_use()
        names = (f"{source_file} ({number})" if number > 1 else source_file for number in count(1))
        read_as = next(name for name in names if name not in self._names)
        self._names.add(read_as)
        return read_as

    def _batches(self, file: InboxFile) -> Iterator[Batch]:
        """The new lines of a file in batches; the last one, which may be empty, says how the file was left."""
        plan, state = self._plan, self._states.get(file.source_file)
        began, read_as = state.cursor if state else Cursor(), self._read_as(file.source_file)
        left = FileState(file.source_file, file.size, file.mtime_ns, began, 0, file.problem, read_as)
        if file.problem:
            yield self._batch(began, [], left)
            return
        try:
            with open_lines(file.path, file.source_file, file.size, began, plan.line_limit) as reader:
                lines: list[Line] = []
                held = 0
                for line in reader.lines():
                    lines.append(line)
                    held += len(line.data)
                    if len(lines) >= plan.segment_lines or held >= SEGMENT_BYTES:
                        cursor = reader.cursor()
                        reached = replace(left, size=cursor.consumed, mtime_ns=MORE_TO_READ, cursor=cursor)
                        yield self._batch(began, lines, reached)
                        began, lines, held = cursor, [], 0
                left = replace(left, cursor=reader.cursor(), waiting_bytes=reader.waiting_bytes)
                yield self._batch(began, lines, left)
        except UnreadFile as fault:
            yield self._batch(began, [], replace(left, problem=str(fault)))
        except OSError as error:
            yield self._batch(began, [], replace(left, cursor=began, problem=unreadable(file.source_file, error)))

    def _batch(self, began: Cursor, lines: list[Line], state: FileState) -> Batch:
        plan = self._plan
        content_bytes = state.cursor.position - began.position
        # Two segments of a file never begin at the same position, except for the note that the stream is damaged.
        segment_id = f"{file_digest(state.read_as)}-{began.position:015d}{'' if content_bytes else '-damaged'}"
        return Batch(segment_id, plan.run_id, plan.read_at, plan.line_limit, plan.staging, lines, content_bytes, state)

    def _commit(self, reached: dict[str, int]) -> None:
        """Commit what was staged; tell of the files that were read, up to these sizes."""
        self._committing.commit()
        for name, size in reached.items():
            self._bytes_read += max(0, size - self._sizes.get(name, 0))
            self._sizes[name] = size
            if self._progress is not None:
                self._progress(Progress(name, self._lines, self._bytes_read, self._bytes_to_read))
        reached.clear()


def _clean_up(home: Path, ledger: Ledger) -> Path:
    """Delete what crashed attempts left behind; a new, empty staging folder."""
    for name in ledger.uncommitted():
        (home / name).unlink(missing_ok=True)
    ledger.forget_uncommitted()
    staging_root = home / "raw" / ".staging"
    # A worker of a killed landing may still be writing here for a moment: it can only disturb its own folder.
    shutil.rmtree(staging_root, ignore_errors=True)
    folder = staging_root / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
