"""Partitions of raw follow arrival: one a UTC day of `received_at`. Facts are by activity date, in the models.

The models are not partitioned in Dagster: a run of theirs takes a window of arrival days and rebuilds what those touch,
on whatever activity dates, so that no day of arrival has a part of a mart to itself.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from sqlite3 import DatabaseError

import dagster as dg

from orchestration.extract.landing.ledger import first_arrival
from orchestration.settings import load_settings
from orchestration.transform.warehouse import ALWAYS, Window


def _first_day() -> date:
    """Where the data begins that has landed when the definitions are loaded; today where nothing can be known."""
    with suppress(DatabaseError):  # a damaged ledger is restored by the next tick or run, which needs the definitions
        if first := first_arrival(load_settings().home):
            return first
    return datetime.now(UTC).date()


FIRST_DAY = _first_day()

# The day after today is a partition too: a clock upstream may be ahead of ours.
ARRIVAL_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_offset=2)

# Dagster records every partition of a range for every raw asset, days without data included, about 0.05 s a day.
LARGEST_RANGE_DAYS = 31

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
FIRST_ARRIVAL = "clientele/first_arrival_day"
LAST_ARRIVAL = "clientele/last_arrival_day"


def window_of(tags: Mapping[str, str], today: date) -> Window:
    """The arrival window of a run with these tags: what the plan said, else its partitions, else all days.

    The first and the last partition are open to their side, so that no arrival day lies outside every partition.
    """
    if FIRST_ARRIVAL in tags:
        return Window(date.fromisoformat(tags[FIRST_ARRIVAL]), date.fromisoformat(tags[LAST_ARRIVAL]))
    start, end = tags.get(RANGE_START, tags.get(PARTITION)), tags.get(RANGE_END, tags.get(PARTITION))
    if start is None or end is None:
        return ALWAYS
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return Window(None if first <= FIRST_DAY else first, None if last > today else last)


def window_tags(first: date, last: date, today: date | None = None) -> dict[str, str]:
    """Tags of a run over these arrival days; as a range of partitions too, where it is short and all of them exist."""
    newest = (today or datetime.now(UTC).date()) + timedelta(days=1)
    tags = {FIRST_ARRIVAL: first.isoformat(), LAST_ARRIVAL: last.isoformat()}
    if first >= FIRST_DAY and last <= newest and (last - first).days < LARGEST_RANGE_DAYS:
        tags |= {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
    return tags
