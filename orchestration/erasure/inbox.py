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
from typing import IO, BinaryIO, cast

import zstandard

from orchestration.erasure.names import ErasedNames
from orchestration.extract.inbox.files import Cursor, identified
from orchestration.extract.inbox.formats import (
    Format,
    RefusedFile,
    UnreadFile,
    compression_of,
    content_head,
    format_of,
    no_text,
)
from orchestration.extract.inbox.lines import Line, LineReader
from orchestration.extract.inbox.reading import open_lines
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.inbox.values import ValueReader
from orchestration.extract.landing.ledger import Entry, FileState, Ledger, states

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
    if state is None or not _path(home, state).exists():
        return None
    if state.problem:
        return f"{_has_lines(state.source_file)}, but it cannot be read: {state.problem}" if numbers else None
    with _whole(home, state) as reader:
        what = reader.format
    return _blank_read(home, state, what, _spans(home, state, numbers) if numbers else [])


def pieces_of(path: Path, state: FileState | None) -> tuple[Format, Iterator[Line]] | None:
    """What a file of the inbox holds, whoever reads it: its records or lines, and behind them what has no end yet.

    None where it holds no text. Raises `IncompleteFile` behind the last piece where it is damaged or cut off.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        what = format_in(file.fileno(), path.name, size, state.cursor.format if state else "")
    return None if what is None else (what, _pieces(path, what, size))


def format_in(descriptor: int, name: str, size: int, known: str = "") -> Format | None:
    """What an open file holds, also one that would be refused; none where it holds no text."""
    try:
        return format_of(name, descriptor, size, Cursor(format=known), sys.maxsize)
    except RefusedFile:
        compression = compression_of(os.pread(descriptor, 4, 0))
        head = content_head(compression, descriptor, size)
        return None if no_text(head) or compression_of(head[:4]) != "plain" else Format(compression)


def pieces_in(descriptor: int, what: Format, size: int) -> Iterator[Line]:
    """The records or lines of an open file, and behind them what has no end yet. Raises `IncompleteFile` as above."""
    kind = ValueReader if what.structure == "values" else LineReader
    reader = kind(what, descriptor, size, Cursor(), sys.maxsize)
    for line in reader.lines():
        if line.fault in _NO_LINE:
            raise IncompleteFile
        yield line
    end = reader.cursor().position
    rest, at = b"", 0
    for block in open_stream(what.compression, descriptor, size, Cursor()).blocks():
        rest += block[max(0, end - at) :]
        at += len(block)
    if rest.strip(b"\0 \r\n\t"):
        text = rest.decode(what.encoding, "replace").encode() if what.width > 1 else rest
        number = reader.cursor().line + 1
        yield Line(number, end, text, "half", len(rest))


def blank_pieces(
    home: Path, path: Path, state: FileState | None, what: Format, spans: list[tuple[int, int]]
) -> str | None:
    """Overwrite these pieces of the content with blanks; a sentence where the file must be left as it is for now."""
    if state is not None:
        return _blank_read(home, state, what, spans)
    if what.compression == "plain":
        _blank_in_place(path, what, spans)
    else:
        _write_anew(path, what, spans)
    return None


def files_read(home: Path) -> dict[Path, FileState]:
    """The files that are read, and can be read on, by where they are."""
    return {_path(home, state): state for state in states(home).values() if not state.problem}


class IncompleteFile(Exception):
    """A compressed file is damaged or has no end yet."""


def _pieces(path: Path, what: Format, size: int) -> Iterator[Line]:
    with path.open("rb") as file:
        yield from pieces_in(file.fileno(), what, size)


def _blank_read(home: Path, state: FileState, what: Format, spans: list[tuple[int, int]]) -> str | None:
    """Blank pieces of a file that is read, and tell the ledger how it looks now."""
    path = _path(home, state)
    if what.compression == "plain":
        _blank_in_place(path, what, spans)
        size, cursor = state.size, state.cursor
    elif not spans and path.stat().st_size == state.size:
        return None
    elif _is_read_to_its_end(path, state, what):
        if spans:
            _write_anew(path, what, spans)
        # One member now: reading goes on in it, behind the content that was consumed.
        size = path.stat().st_size
        cursor = replace(state.cursor, offset=0, skip=state.cursor.position, consumed=size)
    elif spans:
        return incomplete(state.source_file)
    else:
        return None
    with path.open("rb") as file:
        cursor = identified(file.fileno(), cursor)
    if cursor == state.cursor and not spans:
        return None
    ledger = Ledger(home)
    try:
        ledger.commit([Entry(replace(state, size=size, mtime_ns=path.stat().st_mtime_ns, cursor=cursor))])
    finally:
        ledger.close()
    return None


def incomplete(source_file: str) -> str:
    """What to tell people about a compressed file that cannot be written anew."""
    return f"{_has_lines(source_file)}, but it is damaged or not complete. Complete or delete it, then refresh."


def _state(home: Path, read_as: str) -> FileState | None:
    return next((state for state in states(home).values() if state.read_as == read_as), None)


def _path(home: Path, state: FileState) -> Path:
    """The file itself, where its name is a link."""
    return (home / "inbox" / state.source_file).resolve()


def _has_lines(source_file: str) -> str:
    return f"The file inbox/{source_file} has lines of someone erased"


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


def _is_read_to_its_end(path: Path, state: FileState, what: Format) -> bool:
    """Whether a compressed file is whole and ends where it was read to, its half line included.

    So does one that a killed sweep has just written anew.
    """
    if state.cursor.damaged:
        return False
    with suppress(OSError, DamagedStream), path.open("rb") as file:
        stream = open_stream(what.compression, file.fileno(), os.fstat(file.fileno()).st_size, Cursor())
        content = sum(map(len, stream.blocks()))
        return not stream.unfinished and content == state.cursor.position + state.waiting_bytes
    return False


def _blank_in_place(path: Path, what: Format, spans: list[tuple[int, int]]) -> None:
    """Whoever appends to the file at the same time is not disturbed."""
    if not spans:
        return
    with path.open("r+b") as file:
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


def _write_anew(path: Path, what: Format, spans: list[tuple[int, int]]) -> None:
    draft = path.with_name(f".{path.name}.erasing")
    with path.open("rb") as file, draft.open("wb") as raw:
        with _compressed(raw, what.compression) as written:
            blanked_copy(file.fileno(), what, spans, written)
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(draft, path)


def blanked_copy(descriptor: int, what: Format, spans: list[tuple[int, int]], written: IO[bytes]) -> None:
    """Write the content of an open file with these pieces overwritten with blanks."""
    at = 0
    for block in open_stream(what.compression, descriptor, os.fstat(descriptor).st_size, Cursor()).blocks():
        written.write(_blanked(block, at, spans, what.encoding))
        at += len(block)


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
