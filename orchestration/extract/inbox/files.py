"""Files of the inbox: which ones count, how far one was read (the cursor), and whether it is still the same file.

Reading bytes out of them is in `streams.py`, cutting bytes into lines in `lines.py`.
"""

import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")
FINGERPRINT_BYTES = 4096


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


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file of the inbox as it is now."""

    source_file: str  # POSIX path below the inbox
    path: Path
    size: int
    mtime_ns: int
    problem: str | None = None


def inbox_files(home: Path) -> list[InboxFile]:
    """Every request log file of the inbox, in the order of its path. Hidden and other names are ignored."""
    inbox = home / "inbox"
    found: list[InboxFile] = []

    def note_unreadable(error: OSError) -> None:
        if Path(error.filename) != inbox or inbox.exists():
            source_file = _printable(Path(error.filename).relative_to(inbox).as_posix())
            found.append(InboxFile(source_file, Path(error.filename), 0, 0, unreadable(source_file, error)))

    for folder, folders, names in os.walk(inbox, onerror=note_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(ENDINGS) and not name.startswith("."):
                found.append(_inbox_file(inbox, Path(folder, name)))
    return sorted(found, key=lambda file: file.source_file)


def _inbox_file(inbox: Path, path: Path) -> InboxFile:
    source_file = path.relative_to(inbox).as_posix()
    printable = _printable(source_file)
    if printable != source_file:
        problem = f"The name of the file inbox/{printable} is not valid UTF-8, so it was not read. Rename it."
        return InboxFile(printable, path, 0, 0, problem)
    try:
        status = path.stat()
    except OSError as error:
        return InboxFile(source_file, path, 0, 0, unreadable(source_file, error))
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device may never end.
        problem = f"inbox/{source_file} is a pipe, socket or device, so it was not read. Deliver regular files."
        return InboxFile(source_file, path, 0, 0, problem)
    return InboxFile(source_file, path, status.st_size, status.st_mtime_ns)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def unreadable(source_file: str, error: OSError) -> str:
    """What to tell people about a file that the machine refuses to read."""
    cause = error.strerror or type(error).__name__
    return f"The file inbox/{source_file} cannot be read: {cause}. Make it readable; it is read in the next run."


def fingerprint(descriptor: int, consumed: int) -> str:
    """A hash of the first bytes of an open file, of those that were consumed."""
    return blake2b(os.pread(descriptor, min(consumed, FINGERPRINT_BYTES), 0), digest_size=16).hexdigest()


def changed(source_file: str, descriptor: int, size: int, cursor: Cursor) -> str | None:
    """What to tell people when the bytes that were already read are not the same any more."""
    advice = "Files may only be appended to, so it was not read. Deliver the data again under a new name."
    if size < cursor.consumed:
        return (
            f"The file inbox/{source_file} is shorter than what was already read of it "
            f"({size:,} of {cursor.consumed:,} bytes). {advice}"
        )
    if cursor.consumed and fingerprint(descriptor, cursor.consumed) != cursor.fingerprint:
        return f"The beginning of the file inbox/{source_file} changed after it was read. {advice}"
    return None
