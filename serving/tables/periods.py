"""The period before a range: what its totals are compared with. Pure calendar arithmetic."""

from calendar import monthrange
from datetime import date, timedelta

from serving.tables.ranges import Days, Preset


def previous_period(preset: Preset | None, days: Days) -> Days | None:
    """Return the days to compare a range with; None where there are none.

    A month or year so far is compared with the same days of the one before, clipped at its end (March 1 to 31 with
    February 1 to 28), whole calendar months with as many whole months before, a week so far with the same days of last
    week, and any other range with as many days directly before it. An open range has nothing before it.
    """
    if days.first is None or days.last is None:
        return None
    try:
        if preset == "this_month":
            return Days(_months_before(days.first, 1), _months_before(days.last, 1))
        if preset == "this_year":
            return Days(_months_before(days.first, 12), _months_before(days.last, 12))
        if preset == "this_week":
            return Days(days.first - timedelta(weeks=1), days.last - timedelta(weeks=1))
        if months := _whole_months(days.first, days.last):
            return Days(_months_before(days.first, months), days.first - timedelta(days=1))
        length = days.last - days.first + timedelta(days=1)
        return Days(days.first - length, days.last - length)
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
