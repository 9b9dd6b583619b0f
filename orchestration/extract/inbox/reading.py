"""Opening a file of the inbox behind its cursor, with the reader for what it holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.extract.inbox.files import Cursor, changed
from orchestration.extract.inbox.formats import UnreadFile, format_of
from orchestration.extract.inbox.lines import LineReader
from orchestration.extract.inbox.values import ValueReader


class ChangedFile(UnreadFile):
    """The bytes that were already read are not the same any more, and are not found under another name."""


@contextmanager
def open_lines(path: Path, source_file: str, size: int, cursor: Cursor, line_limit: int) -> Iterator[LineReader]:
    """Open a file behind a cursor. Raises `UnreadFile` where it changed, or holds no request log."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if fault := changed(descriptor, size, cursor):
            raise ChangedFile(
                f"The file inbox/{source_file} {fault}, and no file of the inbox continues it, so it was not read. "
                "Files may be appended to and rotated: put back what it was, or deliver the data under a new name."
            )
        what = format_of(source_file, descriptor, size, cursor, line_limit)
        reader = ValueReader if what.structure == "values" else LineReader
        yield reader(what, descriptor, size, cursor, line_limit)
    finally:
        os.close(descriptor)
