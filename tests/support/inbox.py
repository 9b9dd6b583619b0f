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
    """How a log is written. `separates`: what stands between its lines, and in the first place its beginning."""

    ending: str
    compression: str = "plain"
    encoding: str = "utf-8"
    mark: bytes = b""
    newline: str = "\n"
    structure: str = "lines"  # or list: elements, one in a line; or spread: objects spread over lines

    @property
    def holds_any_bytes(self) -> bool:
        """Whether a line that is no JSON, and no text, stays one line."""
        return self.structure == "lines" and self.encoding == "utf-8"


FORMS = {
    "lines": Form(".jsonl"),
    "gzip": Form(".jsonl.gz", "gzip"),
    "zstd": Form(".jsonl.zst", "zstd"),
    "lines without an ending": Form(""),
    "gzip under the name of lines": Form(".json", "gzip"),
    "lines under the name of a table, with a mark": Form(".csv", mark=b"\xef\xbb\xbf"),
    "lines of Windows": Form(".txt", newline="\r\n"),
    "UTF-16": Form(".log", encoding="utf-16-le", mark=b"\xff\xfe"),
    "UTF-16 in zstd": Form(".dat", "zstd", "utf-16-be", b"\xfe\xff", "\r\n"),
    "UTF-32": Form(".utf32", encoding="utf-32-le", mark=b"\xff\xfe\0\0"),
    "a list": Form(".json", structure="list"),
    "a list in UTF-16": Form("", encoding="utf-16-be", mark=b"\xfe\xff", structure="list"),
    "objects spread over lines": Form(".ndjson", structure="spread"),
}
ROTATIONS = ("rename", "rename and leave no file", "copy and empty", "compress")
# What a log must hold to be known again.
FEWEST_BYTES = 32


@dataclass
class Log:
    """A file that a sender writes, wherever it lies by now."""

    path: Path
    form: Form
    read_as: str
    newlines: int = 0
    size: int = 0  # of what was delivered, before compression
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
        if not _is_object(line) and (log is None or not log.size or not log.form.holds_any_bytes):
            return
        if log is None:
            log = self._begin(place, FORMS[form])
        written = log.form.mark if not log.size else b""
        if log.form.structure == "list":
            text = ("[\n" if not log.size else "") + line.decode() + ",\n"
        elif log.form.structure == "spread":
            text = json.dumps(json.loads(line), ensure_ascii=False, indent=1) + "\n"
        else:
            text = ""
        number = log.newlines + 1 + text.startswith("[\n")
        if text:
            written += text.encode(log.form.encoding)
        elif log.form.encoding == "utf-8":
            written += line + log.form.newline.encode()
        else:
            written += (line.decode() + log.form.newline).encode(log.form.encoding)
        log.newlines += text.count("\n") or 1
        log.size += len(written)
        log.delivered.append((log.read_as, number, line))
        with log.path.open("ab") as file:
            file.write(_compressed(written, log.form.compression))

    def rotate(self, place: str, how: str) -> None:
        """Move the log of a place away, so that the next line there begins a new one; one too short is left."""
        log = self._open.get(place)
        if log is None or log.size < FEWEST_BYTES:
            return
        aside = next(name for number in range(1, 99) if not _stands(name := _numbered(log.path, number)))
        if how == "copy and empty":
            shutil.copyfile(log.path, aside)
            log.path.write_bytes(b"")
            # The empty file is met, and so has its name, before there is a line in it.
            self._open[place] = self._new(log.path, log.form)
        elif how == "compress" and log.form.compression == "plain":
            aside = aside.with_name(aside.name + ".gz")
            aside.write_bytes(gzip.compress(log.path.read_bytes()))
            log.path.unlink()
            del self._open[place]
        else:
            log.path.rename(aside)
            del self._open[place]
            if how == "rename":
                log.path.write_bytes(b"")
                self._open[place] = self._new(log.path, log.form)
        log.path, log.was_moved = aside, True
        self.met[f"logs rotated: {how}"] += 1

    def _begin(self, place: str, form: Form) -> Log:
        path = self._folder / f"{place}{form.ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[place] = self._new(path, form)
        return self._open[place]

    def _new(self, path: Path, form: Form) -> Log:
        self._begun[path] += 1
        name, times = path.relative_to(self._folder).as_posix(), self._begun[path]
        log = Log(path, form, name if times == 1 else f"{name} ({times})")
        self._logs.append(log)
        self.met[f"logs that are {next(name for name, one in FORMS.items() if one == form)}"] += 1
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


def _compressed(content: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(content)
    return zstandard.ZstdCompressor().compress(content) if compression == "zstd" else content
