"""One writer per data home: what changes raw, the warehouse or the published folder holds this lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.lib.errors import PipelineError


@contextmanager
def exclusive(home: Path, wait: float = 3600) -> Iterator[None]:
    """Hold the home's lock; a killed process releases it. Raises PipelineError after `wait` seconds of waiting."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / ".lock", timeout=wait, is_singleton=True):
            yield
    except Timeout:
        raise PipelineError(f"Another refresh is at work on {home}. Wait until it has ended, then try again.") from None
