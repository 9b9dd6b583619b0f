"""How much of the machine the readers of a snapshot take: the settings of the engine, and statements at the same time.

What they ask is not known here.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from time import perf_counter, sleep
from typing import Any, TypeVar

import duckdb

from serving.leaving import stoppable

T = TypeVar("T")

# What all statements together may hold in memory; what needs more goes through a file beside the snapshot.
MEMORY = "384MB"
READER = {
    # A reader of snapshots needs no file but its own, and may not change that.
    "enable_external_access": "false",
    "lock_configuration": "true",
    "memory_limit": MEMORY,
    # Texts of a snapshot are hardly ever alike: to compress them took three of the five seconds of a million rows, and
    # gave a tenth of their memory.
    "disabled_compression_methods": "fsst,dict_fsst",
    # Whoever wants an order says so; to keep one besides takes memory.
    "preserve_insertion_order": "false",
}
# A statement takes every core for itself: more of them would only share the memory.
AT_ONCE = max(2, os.cpu_count() or 1)
_turns = threading.BoundedSemaphore(AT_ONCE)
_waits_for_all = threading.Lock()
_seconds: ContextVar[list[float] | None] = ContextVar("seconds", default=None)


@contextmanager
def counting_seconds() -> Iterator[list[float]]:
    """Yield a list that takes the seconds of each statement asked inside, the wait for its turn included."""
    seconds: list[float] = []
    token = _seconds.set(seconds)
    try:
        yield seconds
    finally:
        _seconds.reset(token)


def run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
    """Run a statement on a cursor of its own, when it is its turn; return that: rows come as they are asked for."""
    cursor = connection.cursor()
    return _in_turn(lambda: stoppable(cursor, lambda: cursor.execute(sql, parameters)))


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement, when it is its turn."""
    cursor = connection.cursor()
    return _in_turn(lambda: stoppable(cursor, lambda: cursor.execute(sql, parameters).fetchall()))


def wait_until_idle() -> None:
    """Wait until no statement runs or waits: for whoever may wait, and whom no reader waits for."""
    while not every_turn_is_free():
        sleep(0.05)


def every_turn_is_free() -> bool:
    """Return whether no statement runs or waits."""
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            if not _turns.acquire(blocking=False):
                return False
            taken.callback(_turns.release)
        return True


def _in_turn(statement: Callable[[], T]) -> T:
    begun, seconds = perf_counter(), _seconds.get()
    try:
        return _beside_others(statement)
    finally:
        if seconds is not None:
            seconds.append(perf_counter() - begun)


def _beside_others(statement: Callable[[], T]) -> T:
    """Run a statement beside others, and once more by itself if the memory does not do for both."""
    try:
        with _turns:
            return statement()
    except duckdb.OutOfMemoryException:
        pass
    with _waits_for_all, ExitStack() as every_turn:
        for _ in range(AT_ONCE):
            every_turn.enter_context(_turns)
        return statement()
