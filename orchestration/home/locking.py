"""Locks of a data home. The operating system releases them when their process dies, however it dies.

One for whatever changes raw, the warehouse or the published folder, and one for a whole refresh of the command line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import PipelineError

WRITING = ".lock"
REFRESHING = ".refresh.lock"


def is_held(home: Path, lock: str) -> bool:
    """Whether another process holds a lock of the home now."""
    try:
        with FileLock(home / lock, timeout=0, is_singleton=True):
            return False
    except (Timeout, FileNotFoundError):
        return home.exists()


@contextmanager
def exclusive(home: Path, lock: str = WRITING, wait: float = 3600) -> Iterator[None]:
    """Hold a lock of the home. Raises PipelineError after `wait` seconds of waiting for it."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / lock, timeout=wait, is_singleton=True):
            yield
    except Timeout:
        raise PipelineError(f"Another refresh is at work on {home}. Wait until it has ended, then try again.") from None
