"""The table `zone_offsets`: how far each chatbot's zone is from UTC, so that a reader can tell which day it is.

DuckDB knows time zones by an extension that not every reader has, and a snapshot asks for none. The rules are those of
Python's `zoneinfo`, as for the pages.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

# How long a snapshot that is never replaced knows the changes to summer time that are planned today.
HORIZON = timedelta(days=3653)
SCHEMA = pa.schema(
    {
        "chatbot_id": pa.string(),
        "utc_offset_seconds": pa.int32(),
        "valid_from": pa.timestamp("us"),
        "valid_to": pa.timestamp("us"),
    }
)


def write_zone_offsets(
    connection: duckdb.DuckDBPyConnection, built_at: datetime, data_through: datetime | None = None
) -> None:
    """Make the table in the database in use, which holds `chatbots`.

    It begins a day before the snapshot was built, or before the instant that its data runs through.
    """
    horizon = built_at + HORIZON
    start = min(built_at, data_through or built_at) - timedelta(days=1)
    chatbots = connection.execute("select chatbot_id, time_zone from chatbots order by chatbot_id").fetchall()
    by_zone = {zone: list(offsets(zone, start, horizon)) for zone in {one[1] for one in chatbots}}
    rows = [dict(zip(SCHEMA.names, (bot, *one), strict=True)) for bot, zone in chatbots for one in by_zone[zone]]
    connection.register("offsets_now", pa.Table.from_pylist(rows, schema=SCHEMA))
    connection.execute(
        "create table zone_offsets as select * from offsets_now order by chatbot_id, valid_from nulls first"
    )
    connection.unregister("offsets_now")


def offsets(zone: str, start: datetime, end: datetime) -> Iterator[tuple[int, datetime | None, datetime | None]]:
    """The zone's offsets from UTC in seconds, each with the instants (UTC, naive) from which and until which it holds.

    The first also stands for the time before `start`, and the last for the time after `end`.
    """
    of = ZoneInfo(zone)
    began: datetime | None = None
    instant = start
    while instant < end:
        later = min(instant + timedelta(days=1), end)
        if (offset := _seconds(of, instant)) != _seconds(of, later):
            change = _first_with_another(of, instant, later)
            yield offset, began, change.astimezone(UTC).replace(tzinfo=None)
            began = change.astimezone(UTC).replace(tzinfo=None)
            later = change
        instant = later
    yield _seconds(of, instant), began, None


def _first_with_another(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second whose offset is not that of `before`; that of `after` is not."""
    offset = _seconds(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if _seconds(zone, middle) == offset else (before, middle)
    return after.replace(microsecond=0)


def _seconds(zone: ZoneInfo, instant: datetime) -> int:
    return round((instant.astimezone(zone).utcoffset() or timedelta(0)).total_seconds())
