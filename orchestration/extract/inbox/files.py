"""One file of the inbox: how far it was read (the cursor), and whether it still begins with what was read.

Which files there are is in `folders.py`, what a file holds in `formats.py`, its bytes in `streams.py`, its records in
`lines.py` and `values.py`.
"""

import os
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

FINGERPRINT_BYTES = 4096
TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file was read. Positions count content bytes: after decompression, for a compressed file."""

    offset: int = 0  # byte of the file where reading continues; in a compressed file the start of a member
    skip: int = 0  # content bytes to pass over from there
    position: int = 0  # content bytes consumed
    line: int = 0  # lines consumed, blank ones included
    open_line: str | None = None  # the last line had no newline yet; its rest is "blank" or is "ignored"
    damaged: bool = False  # the stream is damaged or cut off here, and that was reported
    consumed: int = 0  # bytes of the file that were needed so far
    fingerprint: str = ""  # of the first of these bytes
    tail: str = ""  # of the last of these bytes
    format: str = ""  # what the file holds (`formats.py`), once something of it was read
    number: int = 0  # the last number given to a value, where several may stand in one line


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file of the inbox as it is now. With `same_as` it is another path to that file, and is not read."""

    source_file: str  # POSIX path below the inbox
    path: Path
    size: int
    mtime_ns: int
    problem: str | None = None
    same_as: str | None = None


def unreadable(source_file: str, error: OSError) -> str:
    """What to tell people about a file that the machine refuses to read."""
    cause = error.strerror or type(error).__name__
    return f"The file inbox/{source_file} cannot be read: {cause}. Make it readable; it is read in the next run."


def identified(descriptor: int, cursor: Cursor) -> Cursor:
    """The cursor with the hashes by which the file is known again: of the first and of the last consumed bytes."""
    head, tail = min(cursor.consumed, FINGERPRINT_BYTES), min(cursor.consumed, TAIL_BYTES)
    return replace(
        cursor,
        fingerprint=hash_of(os.pread(descriptor, head, 0)),
        tail=hash_of(os.pread(descriptor, tail, cursor.consumed - tail)),
    )


def hash_of(data: bytes) -> str:
    """What bytes are known by."""
    return blake2b(data, digest_size=16).hexdigest()


def changed(descriptor: int, size: int, cursor: Cursor) -> str | None:
    """Why the bytes that were already read are not the same any more, as the rest of a sentence."""
    if size < cursor.consumed:
        return f"is shorter than what was already read of it ({size:,} of {cursor.consumed:,} bytes)"
    head = os.pread(descriptor, min(cursor.consumed, FINGERPRINT_BYTES), 0)
    if cursor.consumed and hash_of(head) != cursor.fingerprint:
        return "has another beginning than when it was read"
    return None if ends_alike(descriptor, cursor) else "is not the same any more where it was read last"


def ends_alike(descriptor: int, cursor: Cursor) -> bool:
    """Whether the last of the bytes that were read are what they were, in this file or in another one."""
    length = min(cursor.consumed, TAIL_BYTES)
    return cursor.tail in ("", hash_of(os.pread(descriptor, length, cursor.consumed - length)))
