"""Which file of the inbox is which of the ledger: by content, so that a renamed file goes on where it was read.

Rotation renames a log and begins a new one under its name, or copies it and empties it. The file that begins with all
that was read of a log is that log. Where that is nowhere to be found, `reading.py` refuses what now has its name.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from orchestration.extract.inbox.files import (
    FINGERPRINT_BYTES,
    TAIL_BYTES,
    Cursor,
    InboxFile,
    changed,
    ends_alike,
    hash_of,
)
from orchestration.extract.inbox.formats import Format, compression_of, content_head
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.landing.ledger import FileState

MORE_TO_READ = -1  # in place of a time of change, in the state of a file that is not read to its end
# Less than this is no record, and may begin any file.
FEWEST_BYTES = 32


def is_due(file: InboxFile, state: FileState | None) -> bool:
    """Whether a file changed since it was last looked at."""
    return file.same_as is None and (state is None or (file.size, file.mtime_ns) != (state.size, state.mtime_ns))


def follow(files: list[InboxFile], known: dict[str, FileState]) -> dict[str, FileState]:
    """The states of all files by the names that they have now; a new file has none."""
    unsettled = [file for file in files if _is_in_doubt(file, known.get(file.source_file))]
    if not unsettled:
        return known
    doubtful = {file.source_file for file in unsettled}
    settled = {file.source_file for file in files if not file.same_as} - doubtful
    states = {name: state for name, state in known.items() if name in settled}
    lost = {name: state for name, state in known.items() if name not in settled}
    beginnings = _Beginnings(lost.values())
    for file in unsettled:
        continued = [one for one in beginnings.continued_by(file) if one[0].source_file in lost]
        if continued:
            state, cursor = max(continued, key=lambda one: one[0].cursor.position)
            states[file.source_file] = _renamed(file, state, cursor)
            del lost[state.source_file]
    for name, state in lost.items():
        if name not in states and not (name in doubtful and _lives_on(files, state)):
            states[name] = state
    return states


def _is_in_doubt(file: InboxFile, state: FileState | None) -> bool:
    """Whether it takes a look to know that a file is the one that had its name."""
    if file.problem or file.same_as or (state and not state.problem and not is_due(file, state)):
        return False
    with _opened(file) as descriptor:
        return descriptor is not None and (state is None or changed(descriptor, file.size, state.cursor) is not None)


def _lives_on(files: list[InboxFile], state: FileState) -> bool:
    """Whether another file holds all that was read."""
    beginning = _Beginnings([state])
    others = (file for file in files if not file.problem and file.source_file != state.source_file)
    return any(beginning.continued_by(file) for file in others)


def _renamed(file: InboxFile, state: FileState, cursor: Cursor) -> FileState:
    if cursor == state.cursor:
        return replace(state, source_file=file.source_file, problem=None)
    # Its bytes are others: it is looked at anew.
    return replace(state, source_file=file.source_file, problem=None, cursor=cursor, size=0, mtime_ns=MORE_TO_READ)


class _Beginnings:
    """What was read of some files, to find the files that begin with it."""

    def __init__(self, states: Iterable[FileState]) -> None:
        self._by_length: dict[int, dict[str, list[FileState]]] = defaultdict(lambda: defaultdict(list))
        for state in states:
            if state.cursor.consumed >= FEWEST_BYTES:
                length = min(state.cursor.consumed, FINGERPRINT_BYTES)
                self._by_length[length][state.cursor.fingerprint].append(state)

    def continued_by(self, file: InboxFile) -> list[tuple[FileState, Cursor]]:
        """The states that a file may go on from, each with where."""
        if not self._by_length:
            return []
        with _opened(file) as descriptor:
            if descriptor is None:
                return []
            found = [
                (state, state.cursor)
                for state in self._beginning(os.pread(descriptor, FINGERPRINT_BYTES, 0))
                if file.size >= state.cursor.consumed and ends_alike(descriptor, state.cursor)
            ]
            compression = compression_of(os.pread(descriptor, 4, 0))
            if compression == "plain":
                return found
            # A log that was compressed since.
            for state in self._beginning(content_head(compression, descriptor, file.size, FINGERPRINT_BYTES)):
                if state.cursor.format.startswith("plain ") and _holds(
                    descriptor, file.size, compression, state.cursor
                ):
                    found.append((state, _compressed(state.cursor, compression)))
            return found

    def _beginning(self, head: bytes) -> Iterator[FileState]:
        for length, states in self._by_length.items():
            if length <= len(head):
                yield from states.get(hash_of(head[:length]), [])


def _holds(descriptor: int, size: int, compression: str, cursor: Cursor) -> bool:
    """Whether the decompressed content ends alike where so many bytes were read of it."""
    end, begin = cursor.consumed, cursor.consumed - min(cursor.consumed, TAIL_BYTES)
    tail, at = b"", 0
    try:
        for block in open_stream(compression, descriptor, size, Cursor()).blocks():
            tail += block[max(0, begin - at) : max(0, end - at)]
            at += len(block)
            if at >= end:
                return hash_of(tail) == cursor.tail
    except DamagedStream:
        pass
    return False


def _compressed(cursor: Cursor, compression: str) -> Cursor:
    what = Format(*cursor.format.split(" "))._replace(compression=compression)
    return replace(cursor, offset=0, skip=cursor.position, consumed=0, fingerprint="", tail="", format=str(what))


@contextmanager
def _opened(file: InboxFile) -> Iterator[int | None]:
    try:
        descriptor = os.open(file.path, os.O_RDONLY)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
