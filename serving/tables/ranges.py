"""Turns a named range into days of a chatbot's reporting zone.

Both days are inclusive; `None` is an open end. Reading the clock is left to the caller.
"""

from calendar import day_name
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from serving.snapshot import Chatbot

Preset = Literal[
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_year",
    "last_year",
    "all_time",
]
# Says which instant it is, with its zone.
Clock = Callable[[], datetime]
DEFAULT_PRESET: Preset = "this_month"
WEEKDAYS = tuple(name.lower() for name in day_name)


class Days(NamedTuple):
    """A range of days, both inclusive; `None` is open."""

    first: date | None
    last: date | None


def today_of(chatbot: Chatbot, now: datetime) -> date:
    """Return the day that it is in the chatbot's reporting zone at an instant."""
    return now.astimezone(ZoneInfo(chatbot.time_zone)).date()


def start_of(day: date, chatbot: Chatbot) -> datetime:
    """Return the instant at which a day begins in the chatbot's zone, as naive UTC, within the calendar."""
    try:
        return datetime.combine(day, time(), ZoneInfo(chatbot.time_zone)).astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if day.year == date.min.year else datetime.max


def end_of(day: date, chatbot: Chatbot) -> datetime:
    """Return the instant at which the day after begins in the chatbot's zone, as naive UTC, within the calendar."""
    return datetime.max if day == date.max else start_of(day + timedelta(days=1), chatbot)


def days_of(preset: Preset, today: date, week_start: str = "monday") -> Days:
    """Return the days of a preset: "this" runs from the period's first day to today, "last" is the whole one before."""
    week = today - timedelta(days=(today.weekday() - WEEKDAYS.index(week_start)) % 7)
    month = today.replace(day=1)
    year = today.replace(month=1, day=1)
    one_day = timedelta(days=1)
    last_month_end = month - one_day
    return {
        "today": Days(today, today),
        "yesterday": Days(today - one_day, today - one_day),
        "this_week": Days(week, today),
        "last_week": Days(week - timedelta(days=7), week - one_day),
        "this_month": Days(month, today),
        "last_month": Days(last_month_end.replace(day=1), last_month_end),
        "this_year": Days(year, today),
        "last_year": Days(year.replace(year=year.year - 1), year - one_day),
        "all_time": Days(None, None),
    }[preset]
