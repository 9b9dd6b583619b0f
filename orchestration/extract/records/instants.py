"""ISO 8601 texts -> naive UTC datetimes, and the window in which a time is possible.

A date without a time and a number (an epoch) are no instants.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(2000, 1, 1)
# Of an arrival, which nothing in its record can judge: what lies behind is the fault of a clock, and would stay the
# newest activity for decades.
LATEST_ARRIVAL = datetime(2050, 1, 1)
LONGEST_AHEAD = timedelta(hours=24)
_UTC = ("Z", "z")
# Checked apart, because `fromisoformat` takes more than ISO 8601 (10:15:009+05, week dates).
_is_instant = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII
).fullmatch


def parse_instant(value: Any) -> datetime | None:
    """The instant as naive UTC, truncated to microseconds; none when the value is not an instant."""
    if type(value) is not str or not _is_instant(value):
        return None
    try:
        instant = datetime.fromisoformat(value[:-1] if value.endswith(_UTC) else value)
        return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def time_fault(instant: datetime | None, received_at: datetime) -> str | None:
    """What is wrong with a time inside a request, as the rest of a sentence; none when it is possible."""
    if instant is None:
        return "is not a time such as 2026-11-22T10:15:00Z"
    if instant < EARLIEST:
        return "lies before the year 2000"
    if instant - received_at > LONGEST_AHEAD:
        return "lies more than 24 hours after the arrival of the record"
    return None
