"""Which arrival days a refresh processes: pure functions only."""

from datetime import date, timedelta

import pytest

from orchestration.defs.partitions import FIRST_DAY, LARGEST_RANGE_DAYS, RANGE_END, RANGE_START, window_of, window_tags
from orchestration.transform.warehouse import Window

TODAY = FIRST_DAY + timedelta(days=100)
DAY = timedelta(days=1)


@pytest.mark.parametrize("first", [date(1970, 1, 1), FIRST_DAY, TODAY, date(2062, 1, 1)])
@pytest.mark.parametrize("days", [1, 4000])
def test_the_run_of_a_plan_takes_exactly_its_arrival_days(first: date, days: int) -> None:
    last = first + (days - 1) * DAY
    assert window_of(window_tags(first, last, TODAY), TODAY) == Window(first, last)


@pytest.mark.parametrize(
    ("first", "days", "recorded"),
    [
        (FIRST_DAY, LARGEST_RANGE_DAYS, True),
        (FIRST_DAY, LARGEST_RANGE_DAYS + 1, False),
        (FIRST_DAY - DAY, 2, False),
        (TODAY + DAY, 1, True),
        (TODAY + DAY, 2, False),
    ],
)
def test_a_short_range_of_existing_partitions_is_recorded_day_by_day(first: date, days: int, recorded: bool) -> None:
    tags = window_tags(first, first + (days - 1) * DAY, TODAY)
    assert (RANGE_START in tags, RANGE_END in tags) == (recorded, recorded)


def test_a_partition_range_launched_by_hand_becomes_its_arrival_days() -> None:
    first, last = TODAY - 9 * DAY, TODAY - 5 * DAY
    assert window_of({RANGE_START: str(first), RANGE_END: str(last)}, TODAY) == Window(first, last)
    assert window_of({"dagster/partition": str(first)}, TODAY) == Window(first, first)


def test_a_run_without_partitions_takes_whatever_arrived() -> None:
    assert window_of({}, TODAY) == Window(None, None)


def test_the_first_and_the_last_partition_are_open_so_that_no_arrival_lies_outside() -> None:
    assert window_of({"dagster/partition": str(FIRST_DAY)}, TODAY) == Window(None, FIRST_DAY)
    assert window_of({RANGE_START: str(TODAY), RANGE_END: str(TODAY + DAY)}, TODAY) == Window(TODAY, None)


def test_a_window_includes_both_its_days() -> None:
    days = Window(date(2026, 11, 1), date(2026, 11, 3))
    assert [date(2026, 11, number) in days for number in (1, 3, 4)] == [True, True, False]
    assert date(1999, 1, 1) in Window()
