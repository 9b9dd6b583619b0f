"""The content of a file as blocks of bytes, from a cursor on: plain, gzip or zstandard; never the whole file in memory.

Knows nothing of lines. A compressed file may have several members (gzip) or frames (zstandard), so appended ones are
read without the earlier ones.
"""

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import zstandard

from orchestration.extract.inbox.files import Cursor

PLAIN_BLOCK = 1 << 20
# Compressed bytes decoded at a time: small, because they can grow more than a thousandfold.
SLICE = 2048


class DamagedStream(Exception):
    """The compressed bytes are not what a compressor wrote."""


class Stream(Protocol):
    """Content from a cursor on, within the size that the file had when it was opened."""

    unfinished: int  # after the last block: bytes of the file in a member that has no end yet

    def blocks(self) -> Iterator[bytes]:
        """The content in order; raises `DamagedStream` after the last block that could be decoded."""

    def place(self, position: int) -> tuple[int, int, int]:
        """Where to continue for the content at `position`: offset, bytes to skip, bytes of the file needed so far."""


def open_stream(compression: str, descriptor: int, size: int, cursor: Cursor) -> Stream:
    """The stream of a file that is compressed like this: plain, gzip or zstd."""
    if compression == "gzip":
        return _Compressed(descriptor, size, cursor, lambda: zlib.decompressobj(wbits=31))
    if compression == "zstd":
        return _Compressed(descriptor, size, cursor, lambda: zstandard.ZstdDecompressor().decompressobj())
    return _Plain(descriptor, size, cursor)


class _Plain:
    def __init__(self, descriptor: int, size: int, cursor: Cursor) -> None:
        self._descriptor, self._size, self._start = descriptor, size, cursor.position
        self.unfinished = 0

    def blocks(self) -> Iterator[bytes]:
        at = self._start
        while block := os.pread(self._descriptor, min(PLAIN_BLOCK, self._size - at), at):
            yield block
            at += len(block)

    def place(self, position: int) -> tuple[int, int, int]:
        return position, 0, position


class _Compressed:
    def __init__(self, descriptor: int, size: int, cursor: Cursor, new_decoder: Callable[[], Any]) -> None:
        self._descriptor, self._size, self._new_decoder = descriptor, size, new_decoder
        self._start = cursor.position
        self._decoded = cursor.position - cursor.skip
        self._read_to = cursor.offset
        # Members that may hold the next unread byte: (position of their content, offset in the file).
        self._members = deque([(self._decoded, cursor.offset)])
        self.unfinished = 0

    def blocks(self) -> Iterator[bytes]:
        while True:
            start = self._behind_padding(self._members[-1][1])
            decoder = self._new_decoder()
            self._read_to = start
            while not decoder.eof:
                piece = self._slice(self._read_to)
                if not piece:
                    self.unfinished = self._read_to - start
                    return
                try:
                    content = decoder.decompress(piece)
                except (zlib.error, zstandard.ZstdError) as error:
                    yield from self._fresh(self._before_damage(start, piece))
                    raise DamagedStream from error
                self._read_to += len(piece)
                yield from self._fresh(content)
            self._members.append((self._decoded, self._read_to - len(decoder.unused_data)))

    def _behind_padding(self, at: int) -> int:
        """Where the next member begins: tapes and some copying programs fill up with zeros behind the last one."""
        while (piece := self._slice(at)) and not piece[0]:
            at += len(piece) - len(piece.lstrip(b"\0"))
        return at

    def place(self, position: int) -> tuple[int, int, int]:
        while len(self._members) > 1 and self._members[1][0] <= position:
            self._members.popleft()
        content_start, offset = self._members[0]
        skip = position - content_start
        return offset, skip, self._read_to if skip else offset

    def _slice(self, at: int) -> bytes:
        return os.pread(self._descriptor, max(0, min(SLICE, self._size - at)), at)

    def _fresh(self, content: bytes) -> Iterator[bytes]:
        """The part of newly decoded content that was not consumed before."""
        passed = self._start - self._decoded
        self._decoded += len(content)
        if passed < len(content):
            yield content[max(0, passed) :]

    def _before_damage(self, start: int, piece: bytes) -> bytes:
        """Decode the last slice again, byte by byte, because a decoder that fails keeps what it had decoded."""
        decoder = self._new_decoder()
        for at in range(start, self._read_to, SLICE):
            decoder.decompress(self._slice(at)[: self._read_to - at])
        content = bytearray()
        try:
            for byte in piece:
                content += decoder.decompress(bytes((byte,)))
        except (zlib.error, zstandard.ZstdError):
            pass
        return bytes(content)
