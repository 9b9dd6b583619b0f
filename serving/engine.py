"""How much of the machine the readers of a snapshot take: the settings of the engine, and statements at the same time.

What they ask is not known here.
"""

import os
import threading
from collections.abc import Sequence
from typing import Any

import duckdb

# What all statements together may hold in memory; what needs more goes through a file beside the snapshot.
MEMORY = "256MB"
# A reader of snapshots needs no file but its own, and may not change that.
READER = {"enable_external_access": "false", "lock_configuration": "true", "memory_limit": MEMORY}
# A statement takes every core for itself: more of them would only share the memory.
AT_ONCE = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


def run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
    """Run a statement on a cursor of its own, when it is its turn; return that: rows come as they are asked for."""
    with AT_ONCE:
        return connection.cursor().execute(sql, parameters)


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement, when it is its turn."""
    with AT_ONCE:
        return connection.cursor().execute(sql, parameters).fetchall()
