"""Partitions of raw follow arrival: one a UTC day of `received_at`. Facts are by activity date, in the models.

The models are not partitioned in Dagster: a run of theirs takes a window of arrival days and rebuilds what those touch,
on whatever activity dates, so that no day of arrival has a part of a mart to itself.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from orchestration.transform.warehouse import ALWAYS, Window

FIRST_DAY = date(2000, 1, 1)

# The day after today is a partition too: a clock upstream may be ahead of ours.
ARRIVAL_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_offset=2)


RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"


def window_of(tags: Mapping[str, str], today: date) -> Window:
    """The arrival window of a run with these tags: a range of partitions, one partition, or, with neither, all days.

    The first and the last partition are open to their side, so that no arrival day lies outside every partition.
    """
    start, end = tags.get(RANGE_START, tags.get(PARTITION)), tags.get(RANGE_END, tags.get(PARTITION))
    if start is None or end is None:
        return ALWAYS
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return Window(None if first <= FIRST_DAY else first, None if last > today else last)


def range_tags(first: date, last: date, today: date | None = None) -> dict[str, str]:
    """Tags of a run over the partitions of these days, clamped to those that exist."""
    newest = (today or datetime.now(UTC).date()) + timedelta(days=1)
    start, end = (min(max(day, FIRST_DAY), newest) for day in (first, last))
    return {RANGE_START: start.isoformat(), RANGE_END: end.isoformat()}
