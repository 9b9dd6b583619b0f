"""Writes the sample into the inbox, once, whole, and so that a crash or a second run changes nothing that is there.

A marker in the sample's folder holds by how many weeks the times were moved. It is written before the first file
appears, so that a load that was cut short is finished with the same times, however much later.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import orjson

from orchestration.errors import PipelineError
from orchestration.home.durable import make_durable, replace_durably, write_durably
from orchestration.sample.dataset import Conversation, dataset_version, read_conversations
from orchestration.sample.requests import CHATBOTS, Line, request_lines

FOLDER = "sample"
STAGING = ".sample"
MARKER = ".sample.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SampleReport:
    """What the sample in the inbox holds; `already_there` when this run had nothing to do."""

    conversations: int
    messages: int
    people: int
    requests: int
    files: int
    first_arrival: datetime
    last_arrival: datetime
    weeks_shift: int
    already_there: bool = False


def write_sample(
    inbox: Path,
    *,
    weeks_shift: int | Literal["to_today"] = "to_today",
    today: date,
    progress: Progress | None = None,
) -> SampleReport:
    """Write the sample into `<inbox>/sample/`, one file for each arrival day; a sample that is there stays as it is.

    `to_today` moves all times by whole weeks so that the newest arrival falls on one of the seven days before `today`
    (a UTC date); a number moves them by that many weeks, 0 leaves them as they were. `progress` is called with the
    conversations done and their total. One loader at a time for an inbox. Raises PipelineError when the sample is there
    with times moved by another number of weeks.
    """
    folder = inbox / FOLDER
    marker = _read_marker(folder, weeks_shift)
    if marker and marker["complete"]:
        return _report(marker, already_there=True)
    conversations = list(read_conversations())
    if marker:
        weeks = marker["weeks_shift"]
    elif weeks_shift == "to_today":
        weeks = _weeks_to(today, conversations)
    else:
        weeks = weeks_shift
    days = _lines_by_day(conversations, timedelta(weeks=weeks), progress)
    marker = _marker(conversations, days, weeks)
    staging = inbox / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for day in sorted(days):
        write_durably(staging / f"{day}.part", (line.text for line in days[day]))
    folder.mkdir(exist_ok=True)
    make_durable(inbox)
    _write_marker(folder, marker)
    for day in sorted(days):
        target = folder / f"{day}.jsonl"
        if not target.exists():
            os.replace(staging / f"{day}.part", target)
    make_durable(folder)
    shutil.rmtree(staging)
    _write_marker(folder, marker | {"complete": True})
    return _report(marker)


def write_sample_chatbots(path: Path) -> bool:
    """Write the names of the sample's chatbots as a chatbots file, unless there is one; True when it was written."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{chatbot_id},{name}\n".encode() for chatbot_id, name in CHATBOTS.items()]
    replace_durably(path, [b"chatbot_id,name\n", *rows])
    return True


def _weeks_to(today: date, conversations: list[Conversation]) -> int:
    """Whole weeks by which the newest message moves to one of the seven days before today: never into the future."""
    newest = max(conversation.messages[-1].sent_at for conversation in conversations)
    return (today - timedelta(days=1) - newest.date()).days // 7


def _lines_by_day(
    conversations: list[Conversation], shift: timedelta, progress: Progress | None
) -> dict[date, list[Line]]:
    days: dict[date, list[Line]] = defaultdict(list)
    named: set[str] = set()
    for done, conversation in enumerate(conversations, start=1):
        # The first conversation of everyone bears their id, so that no person of the dataset is lost.
        known = conversation.user_id in named
        named.add(conversation.user_id)
        for line in request_lines(conversation, shift=shift, may_be_anonymous=known):
            days[line.received_at.date()].append(line)
        if progress and (done % 500 == 0 or done == len(conversations)):
            progress(done, len(conversations))
    for lines in days.values():
        lines.sort(key=lambda line: (line.received_at, line.conversation_id, line.number))
    return days


def _marker(conversations: list[Conversation], days: dict[date, list[Line]], weeks: int) -> dict[str, Any]:
    arrivals = [line.received_at for lines in days.values() for line in lines]
    return {
        "complete": False,
        "dataset_version": dataset_version(),
        "weeks_shift": weeks,
        "conversations": len(conversations),
        "messages": sum(len(one.messages) for one in conversations),
        "people": len({message.sender for one in conversations for message in one.messages}),
        "requests": len(arrivals),
        "files": len(days),
        "first_arrival": min(arrivals).isoformat(),
        "last_arrival": max(arrivals).isoformat(),
    }


def _read_marker(folder: Path, weeks_shift: int | str) -> dict[str, Any] | None:
    path = folder / MARKER
    if not path.exists():
        if any(folder.rglob("*.jsonl")):
            raise PipelineError(f"{folder} holds files of someone else. Move them away, then load the sample.")
        return None
    marker: dict[str, Any] = orjson.loads(path.read_bytes())
    if weeks_shift not in ("to_today", marker["weeks_shift"]):
        raise PipelineError(
            f"The sample is there, moved by {marker['weeks_shift']} weeks, not {weeks_shift}. Use another data home."
        )
    return marker


def _write_marker(folder: Path, marker: dict[str, Any]) -> None:
    replace_durably(folder / MARKER, [orjson.dumps(marker, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)])


def _report(marker: dict[str, Any], *, already_there: bool = False) -> SampleReport:
    counts = {name: marker[name] for name in ("conversations", "messages", "people", "requests", "files")}
    return SampleReport(
        **counts,
        first_arrival=datetime.fromisoformat(marker["first_arrival"]),
        last_arrival=datetime.fromisoformat(marker["last_arrival"]),
        weeks_shift=marker["weeks_shift"],
        already_there=already_there,
    )
