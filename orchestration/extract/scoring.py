"""Scores user messages with VADER: from each raw message file one score file, each message once, on all cores.

Which score of a message counts is decided in the models, not here; texts are read and never written.
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
from functools import cache
from heapq import heappop, heappush
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from orchestration.extract.landing.schemas import MESSAGES, SCORE

SCORER = "vader"
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
SCORES = pa.schema([*(MESSAGES.field(name) for name in COPIED), ("score", SCORE), ("scorer", pa.string())])
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
    """What one call did; `messages` are the scored ones, `texts` the different texts among them, file by file."""

    files: int
    files_scored_before: int
    rows_read: int
    messages: int
    texts: int
    seconds: float


class Vader(SentimentIntensityAnalyzer):  # type: ignore[misc, unused-ignore]
    """The reference analyzer with the same scores, in time that grows with a text's length and not its square.

    The reference lower-cases the whole text again for every word of its lexicon, and searches it for every word of a
    text with "but": 2,000 emoji take it 6 seconds, the 32,000 that a message may have 256 times as long. Its rules look
    at most three words back and two ahead, so they get just these.
    """

    def _negation_check(self, valence: float, words: list[str], start: int, here: int) -> float:
        first = max(0, here - 3)
        return float(super()._negation_check(valence, words[first : here + 3], start, here - first))

    def _special_idioms_check(self, valence: float, words: list[str], here: int) -> float:
        first = max(0, here - 3)
        return float(super()._special_idioms_check(valence, words[first : here + 3], here - first))

    def _but_check(self, words: list[str], sentiments: list[float]) -> list[float]:
        """Word by word, weigh the first word that has the same valence: half before "but", half as much again after."""
        but = next((place for place, word in enumerate(words) if word.lower() == "but"), None)
        if but is None:
            return sentiments
        weighed = list(sentiments)
        places: dict[float, list[int]] = {}
        for place, valence in enumerate(weighed):
            places.setdefault(valence, []).append(place)
        for place in range(len(weighed)):
            valence = weighed[place]
            first = places[valence][0]
            if first == but:
                continue
            heappop(places[valence])
            weighed[first] = valence * (0.5 if first < but else 1.5)
            heappush(places.setdefault(weighed[first], []), first)
        return weighed


def score_text(text: str) -> Decimal | None:
    """VADER's compound score, exact to its four digits; None for a text without anything but white space."""
    found = _ten_thousandths(text)
    return None if found is None else Decimal(found).scaleb(-4)


def score_file_of(home: Path, message_file: Path) -> Path:
    """Where the scores of a raw message file are."""
    raw = home / "raw"
    return raw / "scores" / message_file.relative_to(raw / "messages")


def ensure_scores_schema(home: Path) -> Path:
    """Write an empty score file with the right types, so that reading all of them works before the first score."""
    path = home / "raw" / "scores" / SCHEMA_FILE
    if not path.exists() or pq.read_schema(path) != SCORES:
        _write_atomically(SCORES.empty_table(), path)
    return path


def score_new_messages(
    home: Path, files: Sequence[Path], *, workers: int | None = None, progress: Progress | None = None
) -> ScoringReport:
    """Score the user messages of the given raw message files that have no score file yet.

    Each file is done whole or not at all, so a killed run is continued by calling this again. Scored are organic user
    messages with any text. `workers` is the number of processes, by default one for each core; `progress` is called
    with the rows done and their total. Call it while holding the home's lock. A message file that is replaced keeps its
    old scores: whoever replaces it removes the score file.
    """
    started = time.monotonic()
    given = [file for file in dict.fromkeys(files) if file.name != SCHEMA_FILE]
    pending = [file for file in given if not score_file_of(home, file).exists()]
    rows = {file: pq.read_metadata(file).num_rows for file in pending}
    total, done, messages, texts = sum(rows.values()), 0, 0, 0
    with _executor(workers, total) as executor:
        for job in _jobs(pending, executor):
            scores: list[int | None] = []
            for number, task in enumerate(job.tasks, start=1):
                scores += task.result()
                if progress:
                    progress(done + rows[job.file] * number // (len(job.tasks) + 1), total)
            table = _score_table(job, scores)
            _write_atomically(table, score_file_of(home, job.file))
            done += rows[job.file]
            messages += table.num_rows
            texts += sum(score is not None for score in scores)
            if progress:
                progress(done, total)
    return ScoringReport(
        files=len(pending),
        files_scored_before=len(given) - len(pending),
        rows_read=total,
        messages=messages,
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
    tasks: list[Future[list[int | None]]]


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
            part = part.filter(pc.and_(wanted, pc.is_valid(part["content"])))
            text_of_row += [texts.setdefault(text, len(texts)) for text in part["content"].to_pylist()]
            parts.append(part.select(COPIED).cast(parts[0].schema))
    different = list(texts)
    tasks = [
        executor.submit(_score_texts, different[start : start + TEXTS_IN_A_TASK])
        for start in range(0, len(different), TEXTS_IN_A_TASK)
    ]
    return _Job(file, pa.concat_tables(parts), text_of_row, len(different), tasks)


def _score_table(job: _Job, scores: list[int | None]) -> pa.Table:
    by_text = pa.array([None if score is None else Decimal(score).scaleb(-4) for score in scores], SCORE)
    by_row = by_text.take(pa.array(job.text_of_row, pa.int64()))
    scorer = pa.array([SCORER] * len(by_row), pa.string())
    table = job.rows.append_column("score", by_row).append_column("scorer", scorer).cast(SCORES)
    return table.filter(pc.is_valid(table["score"]))


@cache
def _analyzer() -> Vader:
    return Vader()


def _ten_thousandths(text: str) -> int | None:
    return round(_analyzer().polarity_scores(text)["compound"] * 10_000) if text.strip() else None


def _score_texts(texts: list[str]) -> list[int | None]:
    return [_ten_thousandths(text) for text in texts]


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
    _analyzer()


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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
