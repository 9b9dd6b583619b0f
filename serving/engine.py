"""How much of the machine the readers of a snapshot take: the settings of the engine, and statements at the same time.

What they ask is not known here.
"""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

import duckdb

T = TypeVar("T")

# What all statements together may hold in memory; what needs more goes through a file beside the snapshot.
MEMORY = "384MB"
READER = {
    # A reader of snapshots needs no file but its own, and may not change that.
    "enable_external_access": "false",
    "lock_configuration": "true",
    "memory_limit": MEMORY,
    # Whoever wants an order says so; to keep one besides takes memory.
    "preserve_insertion_order": "false",
}
# A statement takes every core for itself: more of them would only share the memory.
AT_ONCE = max(2, os.cpu_count() or 1)
_turns = threading.BoundedSemaphore(AT_ONCE)
_waits_for_all = threading.Lock()


def run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
    """Run a statement on a cursor of its own, when it is its turn; return that: rows come as they are asked for."""
    return _in_turn(lambda: connection.cursor().execute(sql, parameters))


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement, when it is its turn."""
    return _in_turn(lambda: connection.cursor().execute(sql, parameters).fetchall())


def _in_turn(statement: Callable[[], T]) -> T:
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
