"""Waiting for the disk, where what was written must outlive a power cut."""

import os
from collections.abc import Iterable
from pathlib import Path


def replace_durably(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that appears whole, or not at all; a hidden draft beside it is what a crash leaves."""
    draft = path.with_name(f".{path.name}.part")
    write_durably(draft, chunks)
    os.replace(draft, path)
    make_durable(path.parent)


def write_durably(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())


def make_durable(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
