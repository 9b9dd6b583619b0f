"""The ways in which the tests damage a file, and what of a raw home and its warehouse can be made anew."""

import os
from collections.abc import Callable
from pathlib import Path


def truncate(path: Path) -> None:
    """Cut a file in the middle."""
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    """Fill a file with something else."""
    path.write_bytes(b"junk" * max(1, path.stat().st_size // 4))


WAYS: dict[str, Callable[[Path], None]] = {"cut": truncate, "filled": overwrite, "deleted": Path.unlink}
DISPOSABLE = (
    "raw/counts.sqlite",
    "raw/requests/schema.parquet",
    "quarantine/schema.parquet",
    "raw/scores/schema.parquet",
    "warehouse/warehouse.duckdb",
    "warehouse/warehouse.seal",
)
