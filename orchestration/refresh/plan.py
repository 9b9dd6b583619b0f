"""What a refresh has to do: which arrival days wait, and in how many runs. Doing it is Dagster's part."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.erasure.tombstones import Tombstones, read_tombstones, refuse_erased
from orchestration.extract.landing.pending import has_new_input, peek_arrival_days
from orchestration.home.chatbots import read_chatbots
from orchestration.identity.mapping import read_identity
from orchestration.publish.snapshot import is_published
from orchestration.transform.warehouse import ALWAYS, Window, models_fingerprint, pending_days, read_build

# A run over a range records every day of it for every raw asset, about 0.1 s a day. Days further apart than this go to
# separate runs, so that an import of one old day does not record the years in between.
LARGEST_GAP_DAYS = 150


@dataclass(frozen=True)
class Plan:
    """The runs that a refresh takes, as ranges of arrival days, first and last included; empty: nothing to do."""

    ranges: list[tuple[date, date]]


def plan(home: Path, warehouse: Path, published: Path, dbt_project: Path, scorer: str, window: Window = ALWAYS) -> Plan:
    """The runs needed to process what is new in the window; one of today where what waits has no arrival day.

    Raises PipelineError for faults in the settings files of the home, before anything is touched.
    """
    read_chatbots(home / "chatbots.csv")
    erased = read_tombstones(home)
    refuse_erased(home / "identity.csv", read_identity(home / "identity.csv"), erased)
    days = {day for day in peek_arrival_days(home) if day in window}
    waiting, other_work = pending_days(home, warehouse, fingerprint_of(dbt_project, scorer, erased), window)
    days |= waiting
    # Lines without a readable arrival day, which are to be quarantined, make input new as well.
    unread = window == ALWAYS and has_new_input(home)
    if not days and (unread or other_work or erased.is_due or _unpublished(warehouse, published)):
        days = {datetime.now(UTC).date()}
    return Plan(ranges(days))


def fingerprint_of(dbt_project: Path, scorer: str, erased: Tombstones) -> str:
    """What the warehouse must have been built with: another one means building it anew from raw."""
    return models_fingerprint(dbt_project, scorer, str(erased.generation))


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days as ranges, joined where the gap between two is at most LARGEST_GAP_DAYS."""
    joined: list[tuple[date, date]] = []
    for day in sorted(days):
        if joined and (day - joined[-1][1]).days <= LARGEST_GAP_DAYS:
            joined[-1] = (joined[-1][0], day)
        else:
            joined.append((day, day))
    return joined


def _unpublished(warehouse: Path, published: Path) -> bool:
    build = read_build(warehouse)
    return build is not None and not is_published(published, build)
