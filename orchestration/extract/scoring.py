"""Scores user messages: from each raw message file one score file, each message once, on all cores.

What a text scores is in `scorer.py`; which score of a message counts is decided in the models. Texts are read and never
written.
"""

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.extract.landing.schemas import MESSAGES, SCORE
from orchestration.extract.scorer import SCORER, Judgement, analyzer, judge
from orchestration.home.durable import make_durable

COPIED = (
    "segment_id",
    "source_file",
    "source_line",
    "record_id",
    "position",
    "received_at",
    "chatbot_id",
    "conversation_key",
    "message_id",
)
SCORES = pa.schema(
    [
        *(MESSAGES.field(name) for name in COPIED),
        ("score", SCORE),
        ("scorer", pa.string()),
        ("unscored_reason", pa.string()),  # null where there is a score
    ]
)
SCHEMA_FILE = "schema.parquet"

# About 0.2 seconds of work: long against the cost of handing it over, short enough to share a file among cores.
TEXTS_IN_A_TASK = 4_000
# Below this many rows (half a second of work) starting processes costs more than it saves.
ROWS_WORTH_PROCESSES = 10_000
# Bounds the memory of what was read and is not yet written.
TEXTS_WAITING = 200_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScoringReport:
    """What one call did; `messages` are the judged ones, `scored` those with a score; `texts` are the different texts
    among them, file by file.
    """

    files: int
    files_scored_before: int
    rows_read: int
    messages: int
    scored: int
    texts: int
    seconds: float


def score_file_of(home: Path, message_file: Path) -> Path:
    """Where the scores of a raw message file are."""
    raw = home / "raw"
    return raw / "scores" / message_file.relative_to(raw / "messages")


def ensure_scores_schema(home: Path) -> Path:
    """Write an empty score file with the right types, so that reading all of them works before the first score.

    Scores with other columns are of an earlier scorer: they are removed, and made anew.
    """
    path = home / "raw" / "scores" / SCHEMA_FILE
    if not path.exists() or pq.read_schema(path) != SCORES:
        for earlier in path.parent.rglob("*.parquet"):
            earlier.unlink()
        _write_atomically(SCORES.empty_table(), path)
    return path


def score_new_messages(
    home: Path, files: Sequence[Path], *, workers: int | None = None, progress: Progress | None = None
) -> ScoringReport:
    """Score the user messages of the given raw message files that have no score file yet.

    Each file is done whole or not at all, so a killed run is continued by calling this again. Judged are organic user
    messages with any text; one that the scorer cannot judge has a row without a score and with the reason. `workers` is
    the number of processes, by default one for each core; `progress` is called with the rows done and their total. Call
    it while holding the home's lock. A message file that is replaced keeps its old scores: whoever replaces it removes
    the score file.
    """
    started = time.monotonic()
    given = [file for file in dict.fromkeys(files) if file.name != SCHEMA_FILE]
    pending = [file for file in given if not score_file_of(home, file).exists()]
    rows = {file: pq.read_metadata(file).num_rows for file in pending}
    total, done, messages, scored, texts = sum(rows.values()), 0, 0, 0, 0
    with _executor(workers, total) as executor:
        for job in _jobs(pending, executor):
            judged: list[Judgement] = []
            for number, task in enumerate(job.tasks, start=1):
                judged += task.result()
                if progress:
                    progress(done + rows[job.file] * number // (len(job.tasks) + 1), total)
            table = _score_table(job, judged)
            _write_atomically(table, score_file_of(home, job.file))
            done += rows[job.file]
            messages += table.num_rows
            scored += table.num_rows - table["score"].null_count
            texts += job.texts
            if progress:
                progress(done, total)
    return ScoringReport(
        files=len(pending),
        files_scored_before=len(given) - len(pending),
        rows_read=total,
        messages=messages,
        scored=scored,
        texts=texts,
        seconds=time.monotonic() - started,
    )


@dataclass(frozen=True)
class _Job:
    """A file being scored: its user messages, which of the different texts each has, and the tasks for these."""

    file: Path
    rows: pa.Table
    text_of_row: list[int]
    texts: int
    tasks: list[Future[list[Judgement]]]


def _jobs(files: Sequence[Path], executor: Executor) -> Iterator[_Job]:
    """The files in their order, reading ahead so that every process has work, and no further."""
    ahead: deque[_Job] = deque()
    for file in files:
        ahead.append(_job(file, executor))
        while sum(job.texts for job in ahead) > TEXTS_WAITING:
            yield ahead.popleft()
    yield from ahead


def _job(file: Path, executor: Executor) -> _Job:
    texts: dict[str, int] = {}
    text_of_row: list[int] = []
    parts = [pa.schema([MESSAGES.field(name) for name in COPIED]).empty_table()]
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            part = parquet.read_row_group(group, columns=[*COPIED, "role", "traffic", "content"])
            wanted = pc.and_(pc.equal(part["role"], "user"), pc.equal(part["traffic"], "organic"))
            has_text = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(part["content"])), 0)
            part = part.filter(pc.and_(wanted, pc.fill_null(has_text, False)))
            text_of_row += [texts.setdefault(text, len(texts)) for text in part["content"].to_pylist()]
            parts.append(part.select(COPIED).cast(parts[0].schema))
    different = list(texts)
    tasks = [
        executor.submit(_judge_texts, different[start : start + TEXTS_IN_A_TASK])
        for start in range(0, len(different), TEXTS_IN_A_TASK)
    ]
    return _Job(file, pa.concat_tables(parts), text_of_row, len(different), tasks)


def _score_table(job: _Job, judged: list[Judgement]) -> pa.Table:
    scores = [None if one.ten_thousandths is None else Decimal(one.ten_thousandths).scaleb(-4) for one in judged]
    text_of_row = pa.array(job.text_of_row, pa.int64())
    columns = {
        "score": pa.array(scores, SCORE).take(text_of_row),
        "scorer": pa.array([SCORER] * len(text_of_row), pa.string()),
        "unscored_reason": pa.array([one.reason for one in judged], pa.string()).take(text_of_row),
    }
    table = job.rows
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table.cast(SCORES)


def _judge_texts(texts: list[str]) -> list[Judgement]:
    return [judge(text) for text in texts]


class _ThisProcess(Executor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def _executor(workers: int | None, rows: int) -> Iterator[Executor]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = workers or cores
    if workers == 1 or rows < ROWS_WORTH_PROCESSES:
        yield _ThisProcess()
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Load the lexicon, and end with the parent: a worker of a killed parent would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    analyzer()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _write_atomically(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    make_durable(path.parent)
