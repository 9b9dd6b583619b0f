"""Partitions follow arrival: one a UTC day of `received_at`. Facts are partitioned by activity date, in the models."""

from datetime import date, datetime, timedelta

import dagster as dg

from orchestration.lib.warehouse import Window

FIRST_DAY = date(2000, 1, 1)

# The day after today is a partition too: a clock upstream may be ahead of ours.
ARRIVAL_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_offset=2)


def window_of(start: datetime, end: datetime, now: datetime) -> Window:
    """The arrival window of a run over the partitions from `start` to `end` (excluded).

    The first and the last partition are open to their side, so that no arrival day lies outside every partition.
    """
    first = start.date()
    last = end.date() - timedelta(days=1)
    return Window(
        first=None if first <= FIRST_DAY else first,
        last=None if last >= now.date() + timedelta(days=1) else last,
    )


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags of a run over the partitions of these days, clamped to those that exist."""
    newest = date.fromisoformat(ARRIVAL_DAYS.get_last_partition_key() or FIRST_DAY.isoformat())
    clamp = [min(max(day, FIRST_DAY), newest).isoformat() for day in (first, last)]
    return {"dagster/asset_partition_range_start": clamp[0], "dagster/asset_partition_range_end": clamp[1]}
