"""Which arrival days a refresh processes, and in how many runs: pure functions only."""

from datetime import UTC, date, datetime

import pytest

from orchestration.defs.partitions import range_tags, window_of
from orchestration.lib.refreshing import ranges
from orchestration.lib.warehouse import Window

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_days_near_to_each_other_are_one_run_and_a_far_day_is_its_own() -> None:
    days = [date(2026, 11, 20), date(2010, 1, 1), date(2026, 11, 22), date(2026, 10, 25)]
    assert ranges(days) == [(date(2010, 1, 1), date(2010, 1, 1)), (date(2026, 10, 25), date(2026, 11, 22))]


def test_no_days_are_no_run() -> None:
    assert ranges([]) == []


def test_a_partition_range_becomes_its_arrival_days() -> None:
    assert window_of(day("2026-11-01"), day("2026-11-04"), NOW) == Window(date(2026, 11, 1), date(2026, 11, 3))


def test_the_first_and_the_last_partition_are_open_so_that_no_arrival_lies_outside() -> None:
    assert window_of(day("2000-01-01"), day("2000-01-02"), NOW) == Window(None, date(2000, 1, 1))
    assert window_of(day("2026-11-22"), day("2026-11-24"), NOW) == Window(date(2026, 11, 22), None)


@pytest.mark.parametrize("wild", [date(1970, 1, 1), date(2062, 1, 1)])
def test_an_arrival_day_outside_every_partition_belongs_to_the_nearest(wild: date) -> None:
    tags = range_tags(wild, wild)
    assert tags["dagster/asset_partition_range_start"] == tags["dagster/asset_partition_range_end"]
    first = day(tags["dagster/asset_partition_range_start"])
    assert wild in window_of(first, first.replace(hour=0) + (day("2000-01-02") - day("2000-01-01")), datetime.now(UTC))


def test_a_window_includes_both_its_days() -> None:
    window = Window(date(2026, 11, 1), date(2026, 11, 3))
    assert [date(2026, 11, number) in window for number in (1, 3, 4)] == [True, True, False]
    assert date(1999, 1, 1) in Window()
