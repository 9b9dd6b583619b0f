"""ISO 8601 texts -> naive UTC datetimes, and the window in which a time is possible.

Read are all date-times of ISO 8601: calendar, ordinal and week dates, extended and basic form, with any offset. A date
without a time and a number (an epoch) are no instants; `unreadable` says what a value is instead.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

EARLIEST = datetime(2000, 1, 1)
# Of an arrival, which nothing in its record can judge: what lies behind is the fault of a clock, and would stay the
# newest activity for decades.
LATEST_ARRIVAL = datetime(2050, 1, 1)
LONGEST_AHEAD = timedelta(hours=24)
_UTC = ("Z", "z")
# The common forms, which the standard library reads fast. It takes more than ISO 8601, so they are checked here.
_is_usual = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::[0-5]\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d(?::?[0-5]\d)?)?", re.ASCII
).fullmatch
_in_full = re.compile(
    r"""
    (?P<year>\d{4})-?
    (?: (?P<month>\d\d)-?(?P<day>\d\d) | W(?P<week>\d\d)-?(?P<weekday>[1-7]) | (?P<ordinal>\d{3}) )
    [Tt ] (?P<hour>\d\d) (?: :?(?P<minute>\d\d) (?: :?(?P<second>\d\d) )? )? (?: [.,](?P<fraction>\d+) )?
    (?: \ ?(?: [Zz] | (?P<sign>[+\-\u2212])(?P<hours>\d\d)(?: :?(?P<minutes>[0-5]\d) )? ) )?
    """,
    re.ASCII | re.VERBOSE,
).fullmatch
_is_date = re.compile(r"\d{4}-?(?:\d\d-?\d\d|W\d\d-?\d|\d{3})", re.ASCII).fullmatch
_EPOCHS = (("seconds", 1e9, 4e9), ("milliseconds", 1e12, 4e12), ("microseconds", 1e15, 4e15))


def parse_instant(value: Any) -> datetime | None:
    """The instant as naive UTC, truncated to microseconds; none when the value is not an instant."""
    if type(value) is not str:
        return None
    try:
        if _is_usual(value) and value[11:13] != "24":
            instant = datetime.fromisoformat(value[:-1] if value.endswith(_UTC) else value)
            return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
        parts = _in_full(value)
        return None if parts is None else _instant(parts.groupdict())
    except (ValueError, OverflowError):
        return None


def unreadable(value: Any) -> str:
    """What is wrong with a value that is no instant, as the rest of a sentence."""
    if unit := epoch_like(value):
        return f"looks like epoch {unit}, and is not a time such as 2026-11-22T10:15:00Z"
    if type(value) is str and not value.strip():
        return "is blank; leave it out where the time is not known"
    if type(value) is str and _is_date(value):
        return "is a date without a time, and not a time such as 2026-11-22T10:15:00Z"
    if type(value) is str and (value.endswith("]") or value.endswith(("UTC", "GMT"))):
        return "names its zone in words; write it as an offset, such as 2026-11-22T10:15:00Z"
    return "is not a time such as 2026-11-22T10:15:00Z"


def epoch_like(value: Any) -> str | None:
    """The unit of a number, or a text of digits, that looks like the time since 1970; none where it does not."""
    if type(value) is str and value.isascii() and value.isdecimal():
        value = int(value) if len(value) < 20 else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return next((unit for unit, least, most in _EPOCHS if least <= value < most), None)


def time_fault(value: Any, instant: datetime | None, received_at: datetime) -> str | None:
    """What is wrong with a time inside a request, as the rest of a sentence; none when it is possible."""
    if instant is None:
        return unreadable(value)
    if instant < EARLIEST:
        return "lies before the year 2000"
    if instant - received_at > LONGEST_AHEAD:
        return "lies more than 24 hours after the arrival of the record"
    return None


def _instant(parts: dict[str, str | None]) -> datetime:
    """The instant that the parts of a date-time name; ValueError or OverflowError where there is none."""
    hour, minute, second = (int(parts[unit] or 0) for unit in ("hour", "minute", "second"))
    lowest = 3600 if parts["minute"] is None else 60 if parts["second"] is None else 1
    digits = parts["fraction"] or "0"
    microseconds = int(digits) * lowest * 1_000_000 // 10 ** len(digits)
    ends_the_day = hour == 24 and minute == second == microseconds == 0
    if (hour > 23 and not ends_the_day) or minute > 59 or second > 60:
        raise ValueError("no such time of day")
    # The second 60 of a leap second is the second after it.
    since_midnight = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microseconds)
    instant = datetime.combine(_day(parts), datetime.min.time()) + since_midnight
    if parts["sign"] is None:
        return instant
    offset = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
    zone = timezone(offset if parts["sign"] == "+" else -offset)
    return instant.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def _day(parts: dict[str, str | None]) -> date:
    year = int(parts["year"] or 0)
    if parts["week"] is not None:
        return date.fromisocalendar(year, int(parts["week"]), int(parts["weekday"] or 0))
    if parts["ordinal"] is None:
        return date(year, int(parts["month"] or 0), int(parts["day"] or 0))
    day = date(year, 1, 1) + timedelta(days=int(parts["ordinal"]) - 1)
    if day.year != year:
        raise ValueError("no such day of the year")
    return day
