"""Content blocks -> lines with their number and position, and the cursor behind the last line taken.

Decides what a line is (newlines, the unfinished last line, lines that are too long), not what it says.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestration.extract.inbox.files import Cursor, changed, fingerprint
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.records.parse import is_complete_object

EXCERPT_BYTES = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line that is not blank. With a fault it is no record: `data` is an excerpt of a line that is too long."""

    number: int
    offset: int  # position of its first byte in the content
    data: bytes
    fault: str | None = None  # too_long, rest_of_line, damaged, unfinished
    length: int = 0  # of a line that is too long


class ChangedFile(Exception):
    """The bytes that were already read are not the same any more; the text tells people so."""


class LineReader:
    """Lines of an open file behind a cursor. `cursor()` and `waiting_bytes` speak of the lines taken so far."""

    def __init__(self, source_file: str, descriptor: int, size: int, cursor: Cursor, line_limit: int) -> None:
        self._descriptor, self._limit, self._read = descriptor, line_limit, cursor
        self._stream = open_stream(source_file, descriptor, size, cursor)
        self._position, self._line = cursor.position, cursor.line
        self._open_line, self._damaged = cursor.open_line, cursor.damaged
        self._held: list[bytes] = []  # the beginning of a line whose end is not seen yet
        self._held_bytes = 0
        self.waiting_bytes = 0

    def cursor(self) -> Cursor:
        """Where the next reading continues."""
        offset, skip, consumed = self._stream.place(self._position)
        consumed = max(consumed, self._read.consumed)
        return Cursor(
            offset,
            skip,
            self._position,
            self._line,
            self._open_line,
            self._damaged,
            consumed,
            fingerprint(self._descriptor, consumed),
        )

    def lines(self) -> Iterator[Line]:
        """Every line up to the end of the file, the unfinished last one only where it is a whole object."""
        try:
            for block in self._stream.blocks():
                start = 0
                while (end := block.find(b"\n", start)) >= 0:
                    line = self._finished(block[start:end])
                    if line is not None:
                        self._damaged = False
                        yield line
                    start = end + 1
                self._hold(block[start:])
        except DamagedStream:
            yield from self._broken_off("damaged")
            return
        line = self._unfinished()
        if line is not None:
            yield line
        self.waiting_bytes = self._stream.unfinished or self._held_bytes
        if self._stream.unfinished:
            yield from self._broken_off("unfinished")
        else:
            self._damaged = False

    def _broken_off(self, fault: str) -> Iterator[Line]:
        """Report once, until reading gets further, that a compressed stream cannot be read behind the last line."""
        if not self._damaged:
            self._damaged = True
            yield Line(self._line + 1, self._position, b"", fault)

    def _hold(self, piece: bytes) -> None:
        """Keep the beginning of a line; of one that is too long, only an excerpt."""
        if not piece:
            return
        if self._held_bytes <= self._limit:
            self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > self._limit:
            self._held = [b"".join(self._held)[:EXCERPT_BYTES]]

    def _finished(self, piece: bytes) -> Line | None:
        """The line that ends with this piece and a newline; none when it is blank or belongs to the line before."""
        if self._held_bytes:
            self._hold(piece)
            data, length = b"".join(self._held), self._held_bytes
            self._held, self._held_bytes = [], 0
        else:
            data, length = piece, len(piece)
        offset = self._position
        self._position += length + 1
        open_line, self._open_line = self._open_line, None
        if open_line is None:
            self._line += 1
            return self._judged(data, offset, length)
        if open_line == "ignored" or not data.strip():
            return None
        return Line(self._line, offset, data[:EXCERPT_BYTES], "rest_of_line")

    def _unfinished(self) -> Line | None:
        """What to do with bytes behind the last newline: take them, pass over them, or let them wait."""
        data, length, offset = b"".join(self._held), self._held_bytes, self._position
        line = None
        if self._open_line == "ignored" or not data.strip():
            pass
        elif self._open_line is None and length > self._limit:
            self._line += 1
            self._open_line = "ignored"
            line = self._judged(data, offset, length)
        elif self._open_line is None and is_complete_object(_without_mark(data, offset)):
            self._line += 1
            self._open_line = "blank"
            line = self._judged(data, offset, length)
        else:
            return None
        self._position += length
        self._held_bytes = 0
        return line

    def _judged(self, data: bytes, offset: int, length: int) -> Line | None:
        if length > self._limit:
            return Line(self._line, offset, data[:EXCERPT_BYTES], "too_long", length)
        if not data.strip():
            return None
        return Line(self._line, offset, _without_mark(data, offset))


@contextmanager
def open_lines(path: Path, source_file: str, size: int, cursor: Cursor, line_limit: int) -> Iterator[LineReader]:
    """Open a file behind a cursor; raises `ChangedFile` when what was read is not the same any more."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if problem := changed(source_file, descriptor, size, cursor):
            raise ChangedFile(problem)
        yield LineReader(source_file, descriptor, size, cursor, line_limit)
    finally:
        os.close(descriptor)


def _without_mark(data: bytes, offset: int) -> bytes:
    return data[3:] if offset == 0 and data.startswith(_BYTE_ORDER_MARK) else data
