"""Content blocks -> JSON values that do not stand one in a line: elements of a list, or objects spread over lines.

Each is a line to everything behind: with its number, which is that of the line it begins in. Of several in one line
each has the next number, so that no two are the same.
"""

from collections.abc import Iterator

from orchestration.extract.inbox.files import Cursor
from orchestration.extract.inbox.formats import Format
from orchestration.extract.inbox.lines import EXCERPT_BYTES, Line, LineReader
from orchestration.extract.inbox.scanning import ValueScanner


class ValueReader(LineReader):
    """Values of an open file behind a cursor. A value that has no end yet waits, however long it is."""

    def __init__(self, what: Format, descriptor: int, size: int, cursor: Cursor, line_limit: int) -> None:
        super().__init__(what, descriptor, size, cursor, line_limit)
        self._scanner = ValueScanner(what.encoding, cursor.line)
        self._scanned = cursor.position
        self._begin = (0, 0)  # position and line of the value that is held

    def _in_block(self, block: bytes) -> Iterator[Line]:
        start = 0
        for begins, at in self._scanner.scan(block):
            if begins:
                start = at
                self._begin = (self._scanned + at, self._scanner.newlines + 1)
                continue
            self._hold(block[start:at])
            yield self._value(self._scanned + at)
        if self._scanner.is_inside:
            self._hold(block[start:])
        self._scanned += len(block)

    def _value(self, end: int) -> Line:
        data, length = b"".join(self._held), self._held_bytes
        self._held, self._held_bytes = [], 0
        offset, line = self._begin
        self._number = max(line, self._number + 1)
        self._position, self._line = end, self._scanner.newlines
        text = self._text(data, offset)
        if length > self._limit:
            return Line(self._number, offset, text[:EXCERPT_BYTES], "too_long", length)
        return Line(self._number, offset, text, None, length)

    def _unfinished(self) -> None:
        """What separates values is consumed behind the first one; a value without an end waits."""
        if self._number and not self._scanner.is_inside:
            self._position, self._line = self._scanned, self._scanner.newlines
