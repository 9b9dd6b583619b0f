"""The period before a range: what its totals are compared with. Pure calendar arithmetic."""

from calendar import monthrange
from datetime import date, timedelta

from serving.tables.ranges import Days, Preset


def previous_period(preset: Preset | None, days: Days, covered: date) -> Days | None:
    """Return the days to compare a range with, whose data covers it up to a day; None if there are none.

    A month or year so far is compared with the same days of the one before, clipped at its end (March 1 to 31 with
    February 1 to 28), whole calendar months with as many whole months before, a week so far with the same days of last
    week, and any other range with as many days directly before it. Days that the data does not cover have none beside
    them: a month held to the 20th stands beside the first twenty days of the month before. An open range has nothing
    before it, and so has one that begins behind the data.
    """
    if days.first is None or days.last is None or covered < days.first:
        return None
    last = min(days.last, covered)
    try:
        if months := {"this_month": 1, "this_year": 12}.get(preset or "") or _whole_months(days.first, days.last):
            whole = preset not in ("this_month", "this_year") and last == days.last
            end = days.first - timedelta(days=1) if whole else _months_before(last, months)
            return Days(_months_before(days.first, months), end)
        length = timedelta(weeks=1) if preset == "this_week" else days.last - days.first + timedelta(days=1)
        return Days(days.first - length, last - length)
    except (OverflowError, ValueError):  # before the calendar begins
        return None


def _months_before(day: date, months: int) -> date:
    """Return the same day so many months before, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _whole_months(first: date, last: date) -> int:
    """Return how many whole calendar months a range is; 0 if it is not made of such."""
    if first.day != 1 or last.day != monthrange(last.year, last.month)[1]:
        return 0
    return (last.year - first.year) * 12 + last.month - first.month + 1
