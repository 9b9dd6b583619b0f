"""Lines of inbox files that are about someone erased: finding them, and overwriting them with blanks.

A blanked line keeps its place, so line numbers and, in a plain file, every position stay as they were. A compressed
file is written anew. The ledger learns how the file looks now, so that reading goes on behind what was read.
"""

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from orchestration.erasure.names import ErasedNames
from orchestration.extract.inbox.files import fingerprint
from orchestration.extract.landing.ledger import FileState, Ledger, states

_BLOCK = 1 << 20


def erased_lines(home: Path, source_file: str, first_line: int, names: ErasedNames) -> set[int]:
    """Numbers of the lines from `first_line` on that were read and are about someone erased; none without the file.

    A compressed file that is damaged is searched up to there.
    """
    path, state = home / "inbox" / source_file, states(home).get(source_file)
    found: set[int] = set()
    if not path.is_file() or state is None:
        return found
    position = 0
    with _content(path) as content, suppress(EOFError, OSError, zstandard.ZstdError):
        for number, line in enumerate(content, start=1):
            if position >= state.cursor.position:
                break
            if number >= first_line and names.are_in(line.removesuffix(b"\n")):
                found.add(number)
            position += len(line)
    return found


def blank_lines(home: Path, source_file: str, numbers: set[int]) -> str | None:
    """Overwrite these lines with blanks; a sentence for people where the file must be left as it is for now."""
    path, state = home / "inbox" / source_file, states(home).get(source_file)
    if not path.exists() or state is None or state.problem:
        return f"{_has_lines(source_file)}, but it cannot be read: {state.problem}" if state and numbers else None
    if path.suffix == ".jsonl":
        _blank_in_place(path, numbers)
        size, cursor = state.size, state.cursor
    elif not numbers and path.stat().st_size == state.size:
        return None
    elif _is_read_to_its_end(path, state):
        if numbers:
            _write_anew(path, numbers)
        # One member now: reading goes on in it, behind the content that was consumed.
        size = path.stat().st_size
        cursor = replace(state.cursor, offset=0, skip=state.cursor.position, consumed=size)
    elif numbers:
        return f"{_has_lines(source_file)}, but it is damaged or not complete. Complete or delete it, then refresh."
    else:
        return None
    with path.open("rb") as file:
        cursor = replace(cursor, fingerprint=fingerprint(file.fileno(), cursor.consumed))
    if cursor == state.cursor and not numbers:
        return None
    ledger = Ledger(home)
    try:
        ledger.commit(replace(state, size=size, mtime_ns=path.stat().st_mtime_ns, cursor=cursor), None)
    finally:
        ledger.close()
    return None


def _has_lines(source_file: str) -> str:
    return f"The file inbox/{source_file} has lines of someone erased"


def _is_read_to_its_end(path: Path, state: FileState) -> bool:
    """Whether a compressed file ends where it was read to: also one that a killed sweep has just written anew."""
    if state.waiting_bytes or state.cursor.damaged:
        return False
    if state.size == path.stat().st_size:
        return True
    try:
        with _content(path) as content:
            return sum(map(len, content)) == state.cursor.position
    except (EOFError, OSError, zstandard.ZstdError):
        return False


def _blank_in_place(path: Path, numbers: set[int]) -> None:
    """Whoever appends to the file at the same time is not disturbed."""
    with path.open("r+b") as file:
        spans, position = [], 0
        for number, line in enumerate(file, start=1):
            if number in numbers:
                spans.append((position, len(line.removesuffix(b"\n"))))
            position += len(line)
        for position, length in spans:
            os.pwrite(file.fileno(), b" " * length, position)
        os.fsync(file.fileno())


def _write_anew(path: Path, numbers: set[int]) -> None:
    draft = path.with_name(f".{path.name}.erasing")
    with _content(path) as content, draft.open("wb") as raw:
        with _compressed(raw, path.suffix) as written:
            for number, line in enumerate(content, start=1):
                text = line.removesuffix(b"\n")
                written.write(line if number not in numbers else b" " * len(text) + line[len(text) :])
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(draft, path)


def _compressed(raw: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="wb"))
    return cast(BinaryIO, zstandard.ZstdCompressor().stream_writer(raw, closefd=False))


@contextmanager
def _content(path: Path) -> Iterator[io.BufferedIOBase]:
    """The decompressed content, to be read line by line."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            yield file
    elif path.suffix == ".zst":
        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
            yield io.BufferedReader(reader, _BLOCK)
    else:
        with path.open("rb") as plain:
            yield plain
