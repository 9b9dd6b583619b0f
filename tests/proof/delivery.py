"""How the files of a request log come into an inbox."""

from collections.abc import Iterator
from pathlib import Path


def batches(files: dict[str, bytes], runs: int) -> Iterator[dict[str, bytes]]:
    """The files in reverse order of their names, in so many batches of about as many files."""
    names = sorted(files, reverse=True)
    for run in range(runs):
        yield {name: files[name] for name in names[len(names) * run // runs : len(names) * (run + 1) // runs]}


def put(home: Path, files: dict[str, bytes]) -> None:
    """Write files into the inbox."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (inbox / name).write_bytes(content)
