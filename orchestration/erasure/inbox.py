"""Lines of inbox files that are about someone erased: finding them, and overwriting them with blanks.

A blanked line keeps its place, so line numbers and, in a plain file, every position stay as they were. A compressed
file is written anew. The ledger learns how the file looks now, so that reading goes on behind what was read. Files go
by the names that they were read as.
"""

import gzip
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from orchestration.erasure.names import ErasedNames
from orchestration.extract.inbox.files import Cursor, identified
from orchestration.extract.inbox.formats import Format, UnreadFile
from orchestration.extract.inbox.lines import LineReader
from orchestration.extract.inbox.reading import open_lines
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.landing.ledger import FileState, Ledger, states

_NO_LINE = ("damaged", "unfinished")


def erased_lines(home: Path, read_as: str, first_line: int, names: ErasedNames) -> set[int]:
    """Numbers of the lines from `first_line` on that were read and are about someone erased; none without the file.

    A compressed file that is damaged is searched up to there.
    """
    state = _state(home, read_as)
    found: set[int] = set()
    if state is None or not _path(home, state).is_file():
        return found
    with suppress(OSError, UnreadFile), _whole(home, state) as reader:
        for line in reader.lines():
            if line.offset >= state.cursor.position:
                break
            if line.number >= first_line and line.fault not in _NO_LINE and names.are_in(line.data):
                found.add(line.number)
    return found


def blank_lines(home: Path, read_as: str, numbers: set[int]) -> str | None:
    """Overwrite these lines with blanks; a sentence for people where the file must be left as it is for now."""
    state = _state(home, read_as)
    if state is None or not (path := _path(home, state)).exists():
        return None
    if state.problem:
        return f"{_has_lines(state)}, but it cannot be read: {state.problem}" if numbers else None
    what = _format(home, state)
    if what.compression == "plain":
        _blank_in_place(home, state, what, numbers)
        size, cursor = state.size, state.cursor
    elif not numbers and path.stat().st_size == state.size:
        return None
    elif _is_read_to_its_end(home, state, what):
        if numbers:
            _write_anew(home, state, what, numbers)
        # One member now: reading goes on in it, behind the content that was consumed.
        size = path.stat().st_size
        cursor = replace(state.cursor, offset=0, skip=state.cursor.position, consumed=size)
    elif numbers:
        return f"{_has_lines(state)}, but it is damaged or not complete. Complete or delete it, then refresh."
    else:
        return None
    with path.open("rb") as file:
        cursor = identified(file.fileno(), cursor)
    if cursor == state.cursor and not numbers:
        return None
    ledger = Ledger(home)
    try:
        ledger.commit(replace(state, size=size, mtime_ns=path.stat().st_mtime_ns, cursor=cursor), None)
    finally:
        ledger.close()
    return None


def _state(home: Path, read_as: str) -> FileState | None:
    return next((state for state in states(home).values() if state.read_as == read_as), None)


def _path(home: Path, state: FileState) -> Path:
    """The file itself, where its name is a link."""
    return (home / "inbox" / state.source_file).resolve()


def _format(home: Path, state: FileState) -> Format:
    with _whole(home, state) as reader:
        return reader.format


def _has_lines(state: FileState) -> str:
    return f"The file inbox/{state.source_file} has lines of someone erased"


@contextmanager
def _whole(home: Path, state: FileState) -> Iterator[LineReader]:
    """A reader of all lines, however long, from the beginning on."""
    path, beginning = _path(home, state), Cursor(format=state.cursor.format)
    with open_lines(path, state.source_file, path.stat().st_size, beginning, sys.maxsize) as reader:
        yield reader


def _spans(home: Path, state: FileState, numbers: set[int]) -> list[tuple[int, int]]:
    """Where these lines begin and end in the content."""
    with _whole(home, state) as reader:
        lines = (line for line in reader.lines() if line.number in numbers and line.fault not in _NO_LINE)
        return [(line.offset, line.offset + line.length) for line in lines]


def _is_read_to_its_end(home: Path, state: FileState, what: Format) -> bool:
    """Whether a compressed file ends where it was read to: also one that a killed sweep has just written anew."""
    if state.waiting_bytes or state.cursor.damaged:
        return False
    if state.size == _path(home, state).stat().st_size:
        return True
    with suppress(OSError, DamagedStream), _content(home, state, what) as blocks:
        return sum(map(len, blocks)) == state.cursor.position
    return False


@contextmanager
def _content(home: Path, state: FileState, what: Format) -> Iterator[Iterator[bytes]]:
    with _path(home, state).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        yield open_stream(what.compression, file.fileno(), size, Cursor()).blocks()


def _blank_in_place(home: Path, state: FileState, what: Format, numbers: set[int]) -> None:
    """Whoever appends to the file at the same time is not disturbed."""
    if not numbers:
        return
    spans = _spans(home, state, numbers)
    with _path(home, state).open("r+b") as file:
        for begin, end in spans:
            blank = _blank(os.pread(file.fileno(), end - begin, begin), what.encoding)
            os.pwrite(file.fileno(), blank, begin)
        os.fsync(file.fileno())


def _blank(data: bytes, encoding: str) -> bytes:
    """Blanks of the same length, and the same ends of lines."""
    if encoding == "utf-8":
        return re.sub(rb"[^\r\n]", b" ", data)
    blank, *kept = (character.encode(encoding) for character in " \r\n")
    units = (data[at : at + len(blank)] for at in range(0, len(data), len(blank)))
    return b"".join(unit if unit in kept else blank for unit in units)


def _write_anew(home: Path, state: FileState, what: Format, numbers: set[int]) -> None:
    path, spans = _path(home, state), _spans(home, state, numbers)
    draft = path.with_name(f".{path.name}.erasing")
    with _content(home, state, what) as blocks, draft.open("wb") as raw:
        with _compressed(raw, what.compression) as written:
            at = 0
            for block in blocks:
                written.write(_blanked(block, at, spans, what.encoding))
                at += len(block)
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(draft, path)


def _blanked(block: bytes, at: int, spans: list[tuple[int, int]], encoding: str) -> bytes:
    content = bytearray(block)
    for begin, end in spans:
        inside = slice(max(0, begin - at), max(0, end - at))
        content[inside] = _blank(bytes(content[inside]), encoding)
    return bytes(content)


def _compressed(raw: BinaryIO, compression: str) -> BinaryIO:
    if compression == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="wb"))
    return cast(BinaryIO, zstandard.ZstdCompressor().stream_writer(raw, closefd=False))
