"""A request log of real requests in which the order of arrival matters. Runs nothing and compares nothing.

The requests are those of the sample at their own times of 2018; `data/README.md` says what in them is real. Those of
the chatbot `sales` are sent to a third chatbot too, `abroad`, under the same ids: together more than 40 MB.

What makes the order matter is added, drawn from hashes of ids: requests that arrive late or again, corrections, scores
that come weeks later and more than once, ties, copies of lines, lines that cannot be used, and files that come long
after what is in them.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from orchestration.sample import write_sample
from orchestration.sample.directory import ORGANIZATIONS, PLANS, organization
from orchestration.sample.draws import draw, draw_between, pick
from tests.support.requests import Line, analysis, capture, track, write_chatbots, write_identity

ABROAD = "abroad"
SUPPORT_SETTINGS = {"time_zone": "America/New_York"}

# Shares of the requests.
LATE = 0.08
SENT_AGAIN = 0.03
COPIED = 0.03
CORRECTED = 0.02
ANALYSED = 0.4
ANALYSED_AGAIN = 0.15
BROKEN = 0.004

BAD_SCORE = 0.01


def request_log(folder: Path, share: float = 1) -> tuple[dict[str, bytes], int]:
    """The files of the inbox, by name, with a share of the conversations; and the bytes of real requests in them.

    Files are named by the day on which they are delivered. `folder` is for the sample.
    """
    write_sample(folder, weeks_shift=0, today=date(2019, 1, 1))
    files: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    size = 0
    for request in _real_requests(folder):
        if draw(request["request"]["conversationId"], "part") >= share:
            continue
        size += len(_encoded(request))
        for weeks, line in _arrivals(request):
            encoded = line if isinstance(line, bytes) else _encoded(line)
            arrived = request["received_at"] if isinstance(line, bytes) else line["received_at"]
            delivered = datetime.fromisoformat(arrived).date() + timedelta(weeks=weeks)
            files[f"{delivered}.jsonl"].append((arrived, encoded))
    return {name: b"".join(line for _, line in sorted(lines)) for name, lines in files.items()}, size


def first_settings(home: Path) -> None:
    """Settings and mapping that hold for the first runs."""
    write_chatbots(home, support=SUPPORT_SETTINGS)
    small, large = _organization_ids(ORGANIZATIONS - 1, 0)
    write_identity(home, ("organization", small, large))


def last_settings(home: Path) -> None:
    """What they are in the end: another zone and unit for `abroad`; for `support` a merge taken back, and two made."""
    abroad = {"time_zone": "Asia/Kolkata", "currency": "INR", "mrr_unit": "cents"}
    write_chatbots(home, support=SUPPORT_SETTINGS, abroad=abroad)
    first, second, third = _organization_ids(1, 2, 3)
    write_identity(home, ("organization", first, second), ("organization", second, third))


def _organization_ids(*ranks: int) -> list[str]:
    return [organization(rank).organization_id for rank in ranks]


def _real_requests(folder: Path) -> Iterator[Line]:
    for path in sorted(folder.rglob("*.jsonl")):
        for text in path.read_bytes().splitlines():
            line = orjson.loads(text)
            yield line
            if line["chatbot_id"] == "sales":
                yield line | {"chatbot_id": ABROAD}


def _arrivals(sent: Line) -> Iterator[tuple[int, Line | bytes]]:
    """A request and what comes of it, each with the weeks from its arrival to its delivery."""
    key = (sent["chatbot_id"], sent["request"]["conversationId"], sent["received_at"])

    def happens(what: str, share: float) -> bool:
        return draw(*key, what) < share

    def weeks(what: str, most: int) -> int:
        return draw_between(1, most, *key, what, "weeks")

    line = _later(sent, weeks("late", 8)) if happens("late", LATE) else sent
    yield 0, line
    if happens("copied", COPIED):
        yield weeks("copied", 3), line
    if happens("sent again", SENT_AGAIN):
        yield 0, _later(line, weeks("sent again", 8))
    if happens("corrected", CORRECTED):
        # Two of one moment; the file that is delivered later wins, whenever it is read.
        yield 0, _correction(line, "one", key)
        yield weeks("corrected", 3), _correction(line, "other", key)
    if happens("broken", BROKEN):
        yield 0, _broken(line, key)
    scores = _scores(sent, "first", key)
    if scores and happens("analysed", ANALYSED):
        scored = _later(scores, weeks("analysed", 8))
        yield 0, scored
        if happens("analysed again", ANALYSED_AGAIN):
            newer = _scores(sent, "second", key) | {"received_at": scored["received_at"]}
            yield (weeks("analysed again", 3), newer) if happens("tie", 0.5) else (0, _later(newer, 1))


def _correction(line: Line, which: str, key: tuple[str, ...]) -> Line:
    """The last message again, with another plan and organization: of the same event time, an hour later."""
    request = line["request"]
    at = datetime.fromisoformat(line["received_at"]) + timedelta(hours=1)
    other = organization(draw_between(0, ORGANIZATIONS - 1, *key, which))
    plans: dict[str, Any] = {"plan": pick((*PLANS, None), *key, which, "plan")}
    shape = pick((capture, track), *key, which, "shape")
    return shape(
        request["conversationId"],
        request["messages"][-1],
        received_at=_text(at),
        chatbot=line["chatbot_id"],
        organization={"id": other.organization_id, "name": f"{other.name} ({which})"} | plans,
        **{"user": request["user"] | plans} if "user" in request else {},
        metadata={"mrr": draw_between(0, 900, *key, which, "mrr")},
    )


def _scores(line: Line, which: str, key: tuple[str, ...]) -> Line:
    """An analysis of the user's messages in a request; empty when there are none."""
    request = line["request"]
    scores = {
        message["id"]: [
            1.7
            if draw(*key, which, message["id"], chunk, "bad") < BAD_SCORE
            else _score(*key, which, message["id"], chunk)
            for chunk in ("0", "1", "2")[: draw_between(1, 3, *key, which, message["id"])]
        ]
        for message in request["messages"]
        if message["role"] == "user"
    }
    if not scores:
        return {}
    return analysis(request["conversationId"], scores, line["received_at"], line["chatbot_id"])


def _score(*key: str) -> float:
    return round(2 * draw(*key) - 1, 4)


def _broken(line: Line, key: tuple[str, ...]) -> bytes:
    """The line cut off, or with what makes it unusable."""
    request = line["request"]
    message = request["messages"][0]
    faults = [{"role": "robot"}, {"sentAt": "2062-01-01T00:00:00Z"}, {"sentAt": "1970-01-01T00:00:00Z"}]
    encoded = [_encoded(line | {"request": request | {"messages": [message | fault]}}) for fault in faults]
    return pick([_encoded(line)[:99] + b"\n", *encoded], *key, "fault")


def _later(line: Line, weeks: int) -> Line:
    return line | {"received_at": _text(datetime.fromisoformat(line["received_at"]) + timedelta(weeks=weeks))}


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _encoded(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
