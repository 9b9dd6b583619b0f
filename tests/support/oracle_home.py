"""Reads the input of a data home for the oracle: lines of the inbox, settings and mapping. Judges nothing."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard


def lines_of(home: Path) -> Iterator[tuple[str, int, bytes]]:
    """The lines that are not blank, each with its file and number."""
    inbox = home / "inbox"
    readers = {".jsonl": lambda data: data, ".gz": gzip.decompress, ".zst": _unzstd}
    for path in sorted(inbox.rglob("*.jsonl*")):
        content = readers[path.suffix](path.read_bytes())
        for number, line in enumerate(content.split(b"\n"), start=1):
            if line.strip():
                yield path.relative_to(inbox).as_posix(), number, line


def _unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read()


def settings_of(home: Path) -> dict[str, dict[str, Any]]:
    """What `chatbots.csv` says, by chatbot."""
    return {row["chatbot_id"]: row for row in _csv(home / "chatbots.csv")}


def mapping_of(home: Path) -> dict[tuple[str, str, str], str]:
    """What `identity.csv` says, by chatbot, kind and id."""
    return {(row["chatbot_id"], row["kind"], row["from_id"]): row["to_id"] for row in _csv(home / "identity.csv")}


def exclusions_of(home: Path) -> list[tuple[str, str, str]]:
    """What `exclude.csv` says, as chatbot, kind and value."""
    return [(row["chatbot_id"], row["kind"], row["value"]) for row in _csv(home / "exclude.csv")]


def _csv(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
