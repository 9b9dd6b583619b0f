"""Quarantined lines -> a new file of the inbox, once they are valid: by a change of the rules, or corrected by hand.

The file goes the way of every other file, so that landing counts it and recognises what it has seen before. The
quarantine keeps its record of the line, marked as submitted again. Reading the quarantine is in `quarantine.py`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from orchestration.errors import PipelineError
from orchestration.extract.quarantine.entries import Entry, Selection, lines, mark_submitted
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.records import read_record

FOLDER = "resubmitted"
# Of these the quarantine does not hold the text.
CUT_REASONS = frozenset({"line_too_long", "damaged_stream", "unfinished_stream"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass
class Resubmission:
    """What came of the selected lines; `file` is the new file below the inbox, if one was written."""

    file: str | None = None
    submitted: list[Entry] = field(default_factory=list)
    rejected: list[tuple[Entry, Rejection]] = field(default_factory=list)
    cut: list[Entry] = field(default_factory=list)
    passed_over: list[Entry] = field(default_factory=list)


def judge(entry: Entry, line: bytes) -> Literal["cut", "valid"] | Rejection:
    """What the rules say today about a quarantined line."""
    if entry.reason in CUT_REASONS:
        return "cut"
    outcome = read_record(line)
    return outcome if isinstance(outcome, Rejection) else "valid"


def exportable(home: Path, selection: Selection) -> Iterator[tuple[Entry, bytes]]:
    """The selected lines that can be corrected by hand, in the order in which `correct` expects them back."""
    return ((entry, line) for entry, line in lines(home, selection) if entry.reason not in CUT_REASONS)


def resubmit(home: Path, selection: Selection) -> Resubmission:
    """Check the selected lines again, and deliver those that are valid now."""
    done = Resubmission()
    with _Delivery(home) as delivery:
        for entry, line in lines(home, selection):
            verdict = judge(entry, line)
            if verdict == "cut":
                done.cut.append(entry)
            elif verdict == "valid":
                delivery.add(line)
                done.submitted.append(entry)
            else:
                done.rejected.append((entry, verdict))
        done.file = delivery.deliver(done.submitted)
    return done


def correct(home: Path, selection: Selection, corrected: Path, line_limit: int) -> Resubmission:
    """Deliver corrections of the lines that `exportable` gives, line by line; an empty line passes over one.

    All or nothing. Raises PipelineError when the file has not one line for each, or a line that is not valid yet.
    """
    try:
        texts = corrected.read_bytes().removeprefix(_BYTE_ORDER_MARK).removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise PipelineError(
            f"{corrected} cannot be read: {error.strerror}. Give the file with the corrections."
        ) from None
    selected = [entry for entry, _ in exportable(home, selection)]
    if len(texts) != len(selected):
        raise PipelineError(
            f"{corrected} has {len(texts):,} lines for {len(selected):,} quarantined lines. Export again with the same"
            " options, and keep a line for each: an empty one leaves its line in quarantine."
        )
    done = Resubmission()
    with _Delivery(home) as delivery:
        for number, (entry, text) in enumerate(zip(selected, texts, strict=True), start=1):
            if not text.strip():
                done.passed_over.append(entry)
                continue
            outcome = read_record(text)
            if isinstance(outcome, Rejection):
                raise PipelineError(f"{corrected}, line {number} (of {entry.place}): {outcome.explanation}")
            if len(text) > line_limit:
                raise PipelineError(f"{corrected}, line {number}: longer than the {line_limit:,} bytes that are read.")
            delivery.add(text)
            done.submitted.append(entry)
        done.file = delivery.deliver(done.submitted)
    return done


class _Delivery:
    """A file of the inbox that no landing sees before it is complete."""

    def __init__(self, home: Path) -> None:
        self._home, self._at = home, datetime.now(UTC)
        self._name = f"{self._at:%Y%m%dT%H%M%S.%fZ}.jsonl"
        self._folder = home / "inbox" / FOLDER
        self._draft = self._folder / f".{self._name}"
        self._file: BinaryIO | None = None

    def __enter__(self) -> "_Delivery":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._draft.unlink(missing_ok=True)

    def add(self, line: bytes) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._draft.open("xb")
        self._file.write(line + b"\n")

    def deliver(self, entries: list[Entry]) -> str | None:
        """Give the file its name, then mark the lines: after a crash between the two they are duplicates, not lost."""
        if self._file is None:
            return None
        self._file.flush()
        os.fsync(self._file.fileno())
        os.rename(self._draft, self._folder / self._name)
        submitted_as = f"{FOLDER}/{self._name}"
        mark_submitted(self._home, entries, submitted_as, self._at)
        return submitted_as
