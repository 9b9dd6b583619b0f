"""Waiting for the disk, where what was written must outlive a power cut."""

import os
from pathlib import Path


def make_durable(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
