"""DuckDB for the pipeline's own work: within the memory that the setting leaves it, spilling into the data home.

Pages and API, which read snapshots, have bounds of their own.
"""

import os
import shutil
from itertools import count
from pathlib import Path

import duckdb

from orchestration.home.machine import MIB
from orchestration.settings import load_settings

# What the interpreter takes with Dagster and dbt. The rest is DuckDB's, which takes a little more than it is allowed.
_INTERPRETER = 512 * MIB
_SHARE = 0.8
_LEAST = 256 * MIB
_SPILLED = ".spilled-"
_numbers = count()


def memory_limit() -> str:
    """How much memory a database may hold, as DuckDB's `memory_limit`."""
    allowed = int((load_settings().memory - _INTERPRETER) * _SHARE)
    return f"{max(_LEAST, allowed) // MIB}MiB"


def open_database(file: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a file; what does not fit into memory is spilled beside it, into `<file>.tmp`."""
    connection = duckdb.connect(str(file), read_only=read_only)
    connection.execute(f"set memory_limit = '{memory_limit()}'")
    return connection


def open_memory(spill_in: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a database in memory; what does not fit is spilled below a folder of the data home."""
    if spill_in.parent.exists():  # a home that is only asked about is not made
        spill_in.mkdir(exist_ok=True)
    own = spill_in / f"{_SPILLED}{os.getpid()}-{next(_numbers)}"  # two databases must not share one
    return duckdb.connect(config={"memory_limit": memory_limit(), "temp_directory": str(own)})


def delete_spilled(warehouse: Path) -> None:
    """Delete what killed processes spilled beside the warehouse; DuckDB deletes its own when a database is closed.

    Call it while nobody else may write the warehouse.
    """
    shutil.rmtree(f"{warehouse}.tmp", ignore_errors=True)
    for path in warehouse.parent.glob(f"{_SPILLED}*"):
        if not _is_running(int(path.name.removeprefix(_SPILLED).partition("-")[0])):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
