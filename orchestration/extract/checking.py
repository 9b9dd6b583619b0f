"""What would become of files if they were delivered: their faults, and what they hold. Nothing lands, nothing is kept.

The readers and rules are those of landing; printing is in `commands/check.py`.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from orchestration.extract.inbox.files import Cursor, unreadable
from orchestration.extract.inbox.formats import RefusedFile, UnreadFile
from orchestration.extract.inbox.lines import Line
from orchestration.extract.inbox.reading import open_lines
from orchestration.extract.landing.schemas import MESSAGES, REQUESTS
from orchestration.extract.landing.staging import line_fault
from orchestration.extract.records.inspection import all_faults, unknown_fields
from orchestration.extract.records.records import Record

PLACES = 3
_REQUEST = {name: number for number, name in enumerate(REQUESTS.names[4:])}
_SHARES = {
    "organization": [_REQUEST["organization_key"]],
    "plan": [_REQUEST["user_plan"], _REQUEST["organization_plan"]],
    "MRR": [_REQUEST["user_mrr"], _REQUEST["organization_mrr"]],
}
_MESSAGE = {name: number for number, name in enumerate(MESSAGES.names[4:])}


@dataclass
class Fault:
    """A fault with how often it was met, its first explanation, and the first lines that have it."""

    explanation: str
    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Preview:
    """What the accepted lines hold."""

    requests: int = 0
    messages: int = 0
    scores: int = 0
    chatbots: set[str] = field(default_factory=set)
    conversations: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    organizations: set[int] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    having: Counter[str] = field(default_factory=Counter)  # requests with a user id, an organization ...

    def add(self, record: Record) -> None:
        """Count a record."""
        self.chatbots.add(record.chatbot_id)
        self.scores += len(record.analyses)
        self.messages += len(record.messages)
        times = [row[_MESSAGE["sent_at"]] for row in record.messages]
        self.first = min([*times, *filter(None, [self.first])], default=None)
        self.last = max([*times, *filter(None, [self.last])], default=None)
        if (row := record.request) is None:
            return
        self.requests += 1
        self.conversations.add(row[_REQUEST["conversation_key"]])
        self.users |= {row[_REQUEST["user_key"]]} - {None}
        self.organizations |= {row[_REQUEST["organization_key"]]} - {None}
        self.having.update(name for name, columns in _SHARES.items() if any(row[one] is not None for one in columns))
        self.having["user id"] += not (row[_REQUEST["user_id"]] or "email:").startswith("email:")


@dataclass
class Checked:
    """What came of checking some files."""

    files: int = 0
    lines: int = 0
    accepted: int = 0
    refused: list[str] = field(default_factory=list)  # a sentence for each file that would not be read
    waiting: list[str] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)  # by reason
    unknown: Counter[str] = field(default_factory=Counter)
    preview: Preview = field(default_factory=Preview)

    @property
    def is_clean(self) -> bool:
        """Whether everything in the files would be taken."""
        return not (self.refused or self.faults)


def check_file(path: Path, checked: Checked, line_limit: int, lines: int | None = None) -> None:
    """Add what a file holds, in all of its lines or in the first so many. Raises OSError where there is no file."""
    checked.files += 1
    size = os.stat(path).st_size
    try:
        with open_lines(path, str(path), size, Cursor(), line_limit) as reader:
            for line in islice(reader.lines(), lines):
                checked.lines += 1
                if record := _check_line(path, line, checked, line_limit):
                    checked.accepted += 1
                    checked.preview.add(record)
            if lines is None and reader.waiting_bytes:
                checked.waiting.append(f"{path}: its last {reader.waiting_bytes:,} bytes are not complete.")
    except UnreadFile as fault:
        checked.refused.append(str(fault).replace(f"inbox/{path}", str(path)))
        if isinstance(fault, RefusedFile) and fault.what:
            with open_lines(path, str(path), size, Cursor(format=str(fault.what)), line_limit) as reader:
                for line in islice(reader.lines(), lines):
                    _check_line(path, line, checked, line_limit)
    except OSError as error:
        checked.refused.append(unreadable(str(path), error).replace(f"inbox/{path}", str(path)))


def _check_line(path: Path, line: Line, checked: Checked, line_limit: int) -> Record | None:
    """Note all faults of a line; the record where it would be accepted."""
    if line.fault:
        why = line_fault(str(path), line, line_limit)
        record, faults = None, [(why.reason, why.explanation)]
    else:
        record, faults = all_faults(line.data)
        checked.unknown.update(unknown_fields(line.data))
    for reason, explanation in faults:
        fault = checked.faults.setdefault(reason, Fault(explanation))
        fault.count += 1
        place = f"{path}:{line.number}"
        if len(fault.places) < PLACES and place not in fault.places:
            fault.places.append(place)
    return record
