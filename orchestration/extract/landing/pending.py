"""What waits in the inbox, for sensors and for choosing run windows. Nothing is changed, and nothing relies on it."""

import re
from datetime import date
from pathlib import Path

from orchestration.extract.inbox.files import Cursor, InboxFile
from orchestration.extract.inbox.folders import inbox_files
from orchestration.extract.inbox.formats import UnreadFile
from orchestration.extract.inbox.reading import open_lines
from orchestration.extract.landing.land import LINE_LIMIT
from orchestration.extract.landing.ledger import FileState, states
from orchestration.extract.landing.rotation import follow, is_due
from orchestration.extract.records.instants import parse_instant

_RECEIVED_AT = re.compile(rb'"received_at"\s*:\s*"([^"\\]{10,40})"')
_SECONDS = b":.,0123456789"


def new_input(home: Path) -> list[tuple[str, int, int]]:
    """Files of the inbox that were added or changed since the last landing: path, size and time of change."""
    return [(file.source_file, file.size, file.mtime_ns) for file, _ in _due(home)]


def has_new_input(home: Path) -> bool:
    """Whether a file of the inbox was added or changed since the last landing, by size and time of change alone."""
    return bool(new_input(home))


def pending_bytes(home: Path) -> int:
    """How many bytes of the inbox files no landing has looked at."""
    return sum(max(0, file.size - (state.size if state else 0)) for file, state in _due(home))


def peek_arrival_days(home: Path) -> set[date]:
    """The arrival days named in the lines that are not read yet; a line that is no record may add a day too many."""
    texts: set[bytes] = set()
    for file, state in _due(home):
        if not file.problem:
            texts |= _arrival_texts(file, state.cursor if state else Cursor())
    instants = (parse_instant(text.decode("ascii", "replace")) for text in texts)
    return {instant.date() for instant in instants if instant is not None}


def _due(home: Path) -> list[tuple[InboxFile, FileState | None]]:
    files = inbox_files(home)
    known = follow(files, states(home))
    looked_at = ((file, known.get(file.source_file)) for file in files)
    return [(file, state) for file, state in looked_at if is_due(file, state)]


def _arrival_texts(file: InboxFile, cursor: Cursor) -> set[bytes]:
    """One `received_at` for each minute and offset: times within a minute are of one day."""
    texts: dict[bytes, bytes] = {}
    try:
        with open_lines(file.path, file.source_file, file.size, cursor, LINE_LIMIT) as reader:
            for piece in reader.pieces():
                texts |= {text[:16] + text[16:].lstrip(_SECONDS): text for text in _RECEIVED_AT.findall(piece)}
    except (UnreadFile, OSError):
        return set()
    return set(texts.values())
