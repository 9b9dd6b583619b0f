"""An inbox as senders fill it, for random histories: logs in many forms, rotated while they are written.

Beside each file stands what it delivered, line by line, under the name it was first read by: what the oracle reads.
"""

import gzip
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import zstandard

Delivered = tuple[str, int, bytes]  # the file as it was first read, the line's number, the line in UTF-8


class Form(NamedTuple):
    """How a log is written."""

    ending: str
    compression: str = "plain"
    encoding: str = "utf-8"
    mark: bytes = b""
    newline: bytes = b"\n"
    structure: str = "lines"  # or list: elements, one in a line; or spread: objects spread over lines

    @property
    def holds_any_bytes(self) -> bool:
        """Whether a line that is no JSON, and no text, stays one line."""
        return self.structure == "lines" and self.encoding == "utf-8"

    def written(self, line: bytes) -> bytes:
        """A line as the form has it, in UTF-8."""
        if self.structure == "list":
            return line + b",\n"
        if self.structure == "spread":
            return json.dumps(json.loads(line), ensure_ascii=False, indent=1).encode() + b"\n"
        return line + self.newline

    def in_file(self, content: bytes) -> bytes:
        """Content in UTF-8 as its bytes lie in the file."""
        encoded = content if self.encoding == "utf-8" else content.decode().encode(self.encoding)
        if self.compression == "gzip":
            return gzip.compress(encoded)
        return zstandard.ZstdCompressor().compress(encoded) if self.compression == "zstd" else encoded


FORMS = {
    "lines": Form(".jsonl"),
    "gzip": Form(".jsonl.gz", "gzip"),
    "zstd": Form(".jsonl.zst", "zstd"),
    "lines without an ending": Form(""),
    "gzip under the name of lines": Form(".json", "gzip"),
    "lines under the name of a table, with a mark": Form(".csv", mark="\ufeff".encode()),
    "lines of Windows": Form(".txt", newline=b"\r\n"),
    "UTF-16": Form(".log", encoding="utf-16-le", mark="\ufeff".encode()),
    "UTF-16 in zstd": Form(".dat", "zstd", "utf-16-be", "\ufeff".encode(), b"\r\n"),
    "UTF-32": Form(".utf32", encoding="utf-32-le", mark="\ufeff".encode()),
    "a list": Form(".json", structure="list"),
    "a list in UTF-16": Form("", encoding="utf-16-be", mark="\ufeff".encode(), structure="list"),
    "objects spread over lines": Form(".ndjson", structure="spread"),
}
ROTATIONS = ("rename", "rename and leave no file", "copy and empty", "compress")
# What a log must hold to be known again.
FEWEST_BYTES = 32


@dataclass
class Log:
    """A file that a sender writes, wherever it lies by now; `form` is one of FORMS."""

    path: Path
    form: str
    read_as: str
    newlines: int = 0
    size: int = 0  # of what was delivered, in UTF-8
    was_moved: bool = False
    delivered: list[Delivered] = field(default_factory=list)


class Inbox:
    """The inbox of a home; a log is known by the place that its sender writes to."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "inbox"
        self._folder.mkdir(parents=True)
        self._open: dict[str, Log] = {}
        self._logs: list[Log] = []
        self._begun: Counter[Path] = Counter()
        self.met: Counter[str] = Counter()

    @property
    def was_rotated(self) -> bool:
        """Whether a file has another name than it was read by."""
        return any(log.was_moved for log in self._logs)

    @property
    def lines(self) -> list[Delivered]:
        """Every line that is not blank, in the order of names and numbers."""
        return sorted(line for log in self._logs for line in log.delivered if line[2].strip())

    def deliver(self, place: str, line: bytes, form: str) -> None:
        """Append a line to the log of a place, which is begun in this form where there is none.

        A line that the form cannot hold, or that would decide what the whole file is, is not delivered.
        """
        log = self._open.get(place)
        if not _is_object(line) and not (log and log.size and FORMS[log.form].holds_any_bytes):
            return
        log = log or self._begin(place, form)
        how = FORMS[log.form]
        begin = b"" if log.size else how.mark + (b"[\n" if how.structure == "list" else b"")
        written = how.written(line)
        log.newlines += begin.count(b"\n")
        log.delivered.append((log.read_as, log.newlines + 1, line))
        log.newlines += written.count(b"\n")
        log.size += len(begin + written)
        with log.path.open("ab") as file:
            file.write(how.in_file(begin + written))

    def rotate(self, place: str, how: str) -> None:
        """Move the log of a place away, so that the next line there begins a new one; one too short is left."""
        log = self._open.get(place)
        if log is None or log.size < FEWEST_BYTES:
            return
        del self._open[place]
        aside = next(name for number in range(1, 99) if not _stands(name := _numbered(log.path, number)))
        if how == "copy and empty":
            shutil.copyfile(log.path, aside)
        elif how == "compress" and FORMS[log.form].compression == "plain":
            aside = aside.with_name(aside.name + ".gz")
            aside.write_bytes(gzip.compress(log.path.read_bytes()))
            log.path.unlink()
        else:
            log.path.rename(aside)
        if how in ("rename", "copy and empty"):
            # The empty file is met, and so has its name, before there is a line in it.
            log.path.write_bytes(b"")
            self._open[place] = self._new(log.path, log.form)
        log.path, log.was_moved = aside, True
        self.met[f"logs rotated: {how}"] += 1

    def _begin(self, place: str, form: str) -> Log:
        path = self._folder / f"{place}{FORMS[form].ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[place] = self._new(path, form)
        return self._open[place]

    def _new(self, path: Path, form: str) -> Log:
        self._begun[path] += 1
        name, times = path.relative_to(self._folder).as_posix(), self._begun[path]
        log = Log(path, form, name if times == 1 else f"{name} ({times})")
        self._logs.append(log)
        self.met[f"logs that are {form}"] += 1
        return log


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _stands(path: Path) -> bool:
    return path.exists() or path.with_name(path.name + ".gz").exists()


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
