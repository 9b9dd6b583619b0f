"""The time of what is published and erased: the machine's, but never before the newest snapshot.

Which of two snapshots is newer, and which stem from before an erasure, is told by these times, also where the clock of
the machine was set back.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

_NAME = "%Y%m%dT%H%M%S.%fZ"


def time_behind(snapshots: Path) -> datetime:
    """Now, or the moment behind the newest of the snapshots in this folder where that is later; in UTC."""
    times = [datetime.now(UTC)]
    for path in snapshots.glob("[!.]*"):
        with suppress(ValueError):
            times.append(datetime.strptime(path.name, _NAME).replace(tzinfo=UTC) + timedelta(microseconds=1))
    return max(times)


def snapshot_name(instant: datetime) -> str:
    """The id of a snapshot that was made at this instant of UTC: ids sort by time."""
    return instant.strftime(_NAME)
