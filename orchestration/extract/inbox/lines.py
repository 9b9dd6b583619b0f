"""Content blocks -> lines with their number and position, and the cursor behind the last line taken.

Decides what a line is (newlines, the unfinished last line, lines that are too long), not what it says. Values that do
not stand one in a line are found in `values.py`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from orchestration.extract.inbox.files import Cursor, identified
from orchestration.extract.inbox.formats import Format
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.records.parse import is_complete_object

EXCERPT_BYTES = 1000
SHORT_TEXT = 256  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line that is not blank. With a fault it is no record: `data` is an excerpt of a line that is too long.

    `data` is UTF-8, whatever the file is.
    """

    number: int
    offset: int  # position of its first byte in the content
    data: bytes
    fault: str | None = None  # too_long, rest_of_line, damaged, unfinished
    length: int = 0  # of all its bytes in the content, without the newline


class LineReader:
    """Lines of an open file behind a cursor. `cursor()` and `waiting_bytes` speak of the lines taken so far."""

    def __init__(self, what: Format, descriptor: int, size: int, cursor: Cursor, line_limit: int) -> None:
        self.format = what
        self._descriptor, self._limit, self._read = descriptor, line_limit, cursor
        self._stream = open_stream(what.compression, descriptor, size, cursor)
        self._newline = "\n".encode(what.encoding)
        self._position, self._line, self._number = cursor.position, cursor.line, cursor.number
        self._open_line, self._damaged = cursor.open_line, cursor.damaged
        self._held: list[bytes] = []  # the beginning of a line whose end is not seen yet
        self._held_bytes = 0
        self._cut = 0  # bytes of a unit of the encoding that is not whole yet
        self.waiting_bytes = 0

    def cursor(self) -> Cursor:
        """Where the next reading continues."""
        offset, skip, consumed = self._stream.place(self._position)
        consumed = max(consumed, self._read.consumed)
        cursor = Cursor(offset, skip, self._position, self._line, self._open_line, self._damaged, consumed)
        known = str(self.format) if self._position else ""
        return identified(self._descriptor, replace(cursor, format=known, number=self._number))

    def lines(self) -> Iterator[Line]:
        """Every line up to the end of the file, the unfinished last one only where it is a whole object."""
        try:
            for block in self._blocks():
                for line in self._in_block(block):
                    self._damaged = False
                    yield line
        except DamagedStream:
            yield from self._broken_off("damaged")
            return
        last = self._unfinished()
        if last is not None:
            yield last
        self.waiting_bytes = self._stream.unfinished or self._held_bytes + self._cut
        if self._stream.unfinished:
            yield from self._broken_off("unfinished")
        else:
            self._damaged = False

    def pieces(self) -> Iterator[bytes]:
        """The content in UTF-8 for who only looks for short texts in it, which are whole in one piece at least."""
        if self.format.width > 1:
            yield from (line.data for line in self.lines())
            return
        end = b""
        with suppress(DamagedStream):
            for block in self._stream.blocks():
                piece = end + block
                end = piece[-SHORT_TEXT:]
                yield piece

    def _blocks(self) -> Iterator[bytes]:
        """The content in whole units of its encoding; what is left of one at the end waits."""
        if (width := self.format.width) == 1:
            yield from self._stream.blocks()
            return
        rest = b""
        for block in self._stream.blocks():
            whole = rest + block
            self._cut = len(whole) % width
            rest = whole[len(whole) - self._cut :]
            if len(whole) > self._cut:
                yield whole[: len(whole) - self._cut]

    def _in_block(self, block: bytes) -> Iterator[Line]:
        """The lines that end in a block; what is behind them is held."""
        first, *others = self._split(block)
        if others:
            if line := self._finished(first):
                yield line
            yield from self._whole(others[:-1])
            first = others[-1]
        self._hold(first)

    def _split(self, block: bytes) -> list[bytes]:
        if self.format.width == 1:
            return block.split(self._newline)
        pieces, start = [], 0
        while (end := self._line_end(block, start)) >= 0:
            pieces.append(block[start:end])
            start = end + len(self._newline)
        return [*pieces, block[start:]]

    def _whole(self, pieces: list[bytes]) -> Iterator[Line]:
        """The lines that begin and end in one block."""
        is_text = self.format.width == 1
        for piece in pieces:
            offset, length = self._position, len(piece)
            self._position = offset + length + len(self._newline)
            self._line += 1
            if is_text and length <= self._limit and piece.strip():
                yield Line(self._line, offset, piece, None, length)
            elif line := self._judged(piece, offset, length):
                yield line

    def _line_end(self, block: bytes, start: int) -> int:
        end = block.find(self._newline, start)
        while end >= 0 and end % self.format.width:  # parts of two characters
            end = block.find(self._newline, end + 1)
        return end

    def _broken_off(self, fault: str) -> Iterator[Line]:
        """Report once, until reading gets further, that a compressed stream cannot be read behind the last line."""
        if not self._damaged:
            self._damaged = True
            yield Line(max(self._line, self._number) + 1, self._position, b"", fault)

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
        self._position += length + len(self._newline)
        open_line, self._open_line = self._open_line, None
        if open_line is None:
            self._line += 1
            return self._judged(data, offset, length)
        if open_line == "ignored" or not self._text(data, offset).strip():
            return None
        return Line(self._line, offset, self._text(data, offset)[:EXCERPT_BYTES], "rest_of_line", length)

    def _unfinished(self) -> Line | None:
        """What to do with bytes behind the last newline: take them, pass over them, or let them wait."""
        data, length, offset = b"".join(self._held), self._held_bytes, self._position
        line = None
        if self._position == 0 and not self._text(data, offset).strip():
            return None  # too little to tell what the file holds
        if self._open_line == "ignored" or not self._text(data, offset).strip():
            pass
        elif self._open_line is None and length > self._limit:
            self._line += 1
            self._open_line = "ignored"
            line = self._judged(data, offset, length)
        elif self._open_line is None and is_complete_object(self._text(data, offset)):
            self._line += 1
            self._open_line = "blank"
            line = self._judged(data, offset, length)
        else:
            return None
        self._position += length
        self._held_bytes = 0
        return line

    def _judged(self, data: bytes, offset: int, length: int) -> Line | None:
        text = self._text(data, offset)
        if length > self._limit:
            return Line(self._line, offset, text[:EXCERPT_BYTES], "too_long", length)
        if not text.strip():
            return None
        return Line(self._line, offset, text, None, length)

    def _text(self, data: bytes, offset: int) -> bytes:
        """The bytes as UTF-8 without a byte order mark; as they are where they are no text of the encoding."""
        if self.format.width > 1:
            try:
                data = data.decode(self.format.encoding, "surrogatepass").encode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                return data
        return data[3:] if offset == 0 and data.startswith(_BYTE_ORDER_MARK) else data
