"""Named ranges become days of the chatbot's zone."""

from datetime import UTC, date, datetime

import pytest

from serving.snapshot import Chatbot
from serving.tables.ranges import Days, days_of, today_of

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("today", "2026-11-22", "2026-11-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("this_week", "2026-11-16", "2026-11-22"),
        ("last_week", "2026-11-09", "2026-11-15"),
        ("this_month", "2026-11-01", "2026-11-22"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_year", "2026-01-01", "2026-11-22"),
        ("last_year", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_preset_runs_from_its_first_day_to_today_or_over_the_whole_period_before(preset, first, last):
    assert days_of(preset, SUNDAY) == Days(date.fromisoformat(first), date.fromisoformat(last))


def test_all_time_is_open_at_both_ends():
    assert days_of("all_time", SUNDAY) == Days(None, None)


def test_a_week_starts_on_the_chatbots_own_weekday():
    assert days_of("this_week", SUNDAY, "sunday") == Days(SUNDAY, SUNDAY)
    assert days_of("last_week", SUNDAY, "saturday") == Days(date(2026, 11, 14), date(2026, 11, 20))


def test_last_month_of_january_and_last_year_of_a_leap_day_exist():
    assert days_of("last_month", date(2026, 1, 31)) == Days(date(2025, 12, 1), date(2025, 12, 31))
    assert days_of("last_year", date(2028, 2, 29)) == Days(date(2027, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("America/New_York", "2026-03-01T03:30", "2026-02-28"),
        ("Asia/Kolkata", "2026-10-31T18:45", "2026-11-01"),
        ("UTC", "2026-10-31T23:59", "2026-10-31"),
    ],
)
def test_trap_07_today_is_the_day_in_the_chatbots_zone(zone, instant, day):
    chatbot = Chatbot("c", "C", zone, "monday", "USD")
    assert today_of(chatbot, datetime.fromisoformat(instant).replace(tzinfo=UTC)) == date.fromisoformat(day)


def test_trap_07_this_month_of_a_chatbot_far_east_holds_what_is_still_last_month_in_utc(get):
    answer = get("organizations", chatbot="kolkata", range="this_month")
    assert [row["organization_name"] for row in answer["rows"]] == ["Kolkata Secrets"]
    assert (answer["first_day"], answer["last_day"]) == ("2026-11-01", "2026-11-22")
