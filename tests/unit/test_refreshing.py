"""Which arrival days a refresh processes, and in how many runs: pure functions only."""

from datetime import date

import pytest

from orchestration.defs.partitions import range_tags, window_of
from orchestration.refresh.plan import ranges
from orchestration.transform.warehouse import Window

TODAY = date(2026, 11, 22)


def window(first: date, last: date) -> Window:
    return window_of(range_tags(first, last, TODAY), TODAY)


def test_days_near_to_each_other_are_one_run_and_a_far_day_is_its_own() -> None:
    days = [date(2026, 11, 20), date(2010, 1, 1), date(2026, 11, 22), date(2026, 7, 25)]
    assert ranges(days) == [(date(2010, 1, 1), date(2010, 1, 1)), (date(2026, 7, 25), date(2026, 11, 22))]


def test_no_days_are_no_run() -> None:
    assert ranges([]) == []


def test_a_partition_range_becomes_its_arrival_days() -> None:
    days = Window(date(2026, 11, 1), date(2026, 11, 3))
    assert window(date(2026, 11, 1), date(2026, 11, 3)) == days
    assert window_of({"dagster/partition": "2026-11-01"}, TODAY) == Window(date(2026, 11, 1), date(2026, 11, 1))


def test_a_run_without_partitions_takes_whatever_arrived() -> None:
    assert window_of({}, TODAY) == Window(None, None)


def test_the_first_and_the_last_partition_are_open_so_that_no_arrival_lies_outside() -> None:
    assert window(date(2000, 1, 1), date(2000, 1, 1)) == Window(None, date(2000, 1, 1))
    assert window(TODAY, date(2026, 11, 23)) == Window(TODAY, None)


@pytest.mark.parametrize("wild", [date(1970, 1, 1), date(2062, 1, 1)])
def test_an_arrival_day_outside_every_partition_belongs_to_the_nearest(wild: date) -> None:
    assert wild in window(wild, wild)


def test_a_window_includes_both_its_days() -> None:
    days = Window(date(2026, 11, 1), date(2026, 11, 3))
    assert [date(2026, 11, number) in days for number in (1, 3, 4)] == [True, True, False]
    assert date(1999, 1, 1) in Window()
