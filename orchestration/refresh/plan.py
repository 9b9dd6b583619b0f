"""What a refresh has to do: which arrival days wait. Doing it is Dagster's part."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.erasure.tombstones import Tombstones, read_tombstones, refuse_erased
from orchestration.extract.landing.pending import has_new_input, peek_arrival_days
from orchestration.home.chatbots import read_chatbots
from orchestration.identity.mapping import read_identity
from orchestration.publish.snapshot import is_published
from orchestration.transform.warehouse import ALWAYS, Window, models_fingerprint, pending_days, read_build


@dataclass(frozen=True)
class Plan:
    """The arrival days that a refresh takes, first and last included, in one run; None: there is nothing to do."""

    days: tuple[date, date] | None


def plan(home: Path, warehouse: Path, published: Path, dbt_project: Path, scorer: str, window: Window = ALWAYS) -> Plan:
    """What is new in the window, from its first to its last arrival day; today where what waits has no arrival day.

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
    return Plan((min(days), max(days)) if days else None)


def fingerprint_of(dbt_project: Path, scorer: str, erased: Tombstones) -> str:
    """What the warehouse must have been built with: another one means building it anew from raw."""
    return models_fingerprint(dbt_project, scorer, str(erased.generation))


def _unpublished(warehouse: Path, published: Path) -> bool:
    build = read_build(warehouse)
    return build is not None and not is_published(published, build)
