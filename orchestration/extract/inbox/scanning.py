"""Where JSON values begin and end in a stream of bytes: elements of a list, or objects one behind the other.

Lists around the values, commas and white space only separate them, so a list that is not closed yet can be read. Only
brackets and quotes are looked at; whether a value is JSON is judged by whoever reads it.
"""

import re
from collections.abc import Iterator

_SEPARATORS = " \t\r\n,[]\ufeff"
_IN_OBJECTS = '"\\{}[]\n'
_IN_TEXTS = '"\\\n'
_IN_SCALARS = '"\\{}[]\n \t\r,'


class ValueScanner:
    """Finds values in blocks of whole units of an encoding. `newlines` counts those before what was scanned last."""

    def __init__(self, encoding: str, newlines: int = 0) -> None:
        self.newlines = newlines
        self.is_inside = False  # a value began and has not ended
        self._width = len(" ".encode(encoding))
        self._newline = "\n".encode(encoding)
        self._characters = {one.encode(encoding): one for one in _IN_SCALARS}
        self._separators = re.compile(b"(?:" + _any_of(_SEPARATORS, encoding) + b")*")
        self._in_objects = re.compile(_any_of(_IN_OBJECTS, encoding))
        self._in_texts = re.compile(_any_of(_IN_TEXTS, encoding))
        self._in_scalars = re.compile(_any_of(_IN_SCALARS, encoding))
        self._depth = 0
        self._in_text = False
        self._escaped = -1  # where in the block the character behind a backslash stands

    def scan(self, block: bytes) -> Iterator[tuple[bool, int]]:
        """Where values begin (true) and end (false) in the next block."""
        at = 0
        while at < len(block):
            is_new = not self.is_inside
            if is_new:
                at = self._behind_separators(block, at)
                if at == len(block):
                    break
                self.is_inside = True
                self._depth, self._in_text = 0, False
                yield True, at
            end = self._end(block, at, at if is_new else -1)
            if end is None:
                break
            self.is_inside = False
            yield False, end
            at = end
        self._escaped -= len(block)

    def _behind_separators(self, block: bytes, at: int) -> int:
        found = self._separators.match(block, at)
        end = found.end() if found else at
        self.newlines += block.count(self._newline, at, end)
        return end

    def _end(self, block: bytes, at: int, start: int) -> int | None:
        """Where the value ends that goes on at this place; none where the block ends before it."""
        while found := self._tokens().search(block, at):
            at = found.start()
            if at % self._width:  # parts of two characters
                at += 1
                continue
            character = self._characters[found[0]]
            if self._in_text:
                self._read_in_text(character, at)
            elif character == '"':
                self._in_text = True
            elif character in "{[":
                if self._depth == 0 and at > start:
                    return at
                self._depth += 1
            elif character in "}]":
                self._depth -= 1
                if self._depth <= 0:
                    return at if self._depth < 0 and at > start else at + self._width
            elif self._depth == 0:
                return at
            if character == "\n":
                self.newlines += 1
            at += self._width
        return None

    def _tokens(self) -> re.Pattern[bytes]:
        if self._in_text:
            return self._in_texts
        return self._in_objects if self._depth else self._in_scalars

    def _read_in_text(self, character: str, at: int) -> None:
        if at == self._escaped:
            return
        if character == "\\":
            self._escaped = at + self._width
        elif character == '"':
            self._in_text = False


def whole_values(text: bytes) -> list[bytes]:
    """The values of UTF-8 text that begin and end in it."""
    found, start = [], 0
    for begins, at in ValueScanner("utf-8").scan(text):
        if begins:
            start = at
        else:
            found.append(text[start:at])
    return found


def _any_of(characters: str, encoding: str) -> bytes:
    units = [one.encode(encoding) for one in characters]
    alone = b"".join(re.escape(unit) for unit in units if len(unit) == 1)
    return b"|".join([*([b"[" + alone + b"]"] if alone else []), *(re.escape(unit) for unit in units if len(unit) > 1)])
