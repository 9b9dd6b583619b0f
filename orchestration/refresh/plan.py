"""What a refresh has to do: which arrival days wait. Doing it is Dagster's part."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.erasure.tombstones import Tombstones, read_tombstones, refuse_erased
from orchestration.extract.landing.ledger import segments
from orchestration.extract.landing.pending import new_input, peek_arrival_days
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.home.chatbots import read_chatbots
from orchestration.home.labels import read_labels
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.publish.snapshot import is_published
from orchestration.transform.seal import broken_seal, distrusted_if_damaged
from orchestration.transform.warehouse import ALWAYS, Window, models_fingerprint, pending_days, read_build


@dataclass(frozen=True)
class Plan:
    """The arrival days that a refresh takes, first and last included, in one run; None: there is nothing to do.

    `key` is of what waits: equal as long as nothing new arrived and no refresh succeeded.
    """

    days: tuple[date, date] | None
    key: str


def plan(home: Path, warehouse: Path, published: Path, dbt_project: Path, scorer: str, window: Window = ALWAYS) -> Plan:
    """What is new in the window, from its first to its last arrival day; today where what waits has no arrival day.

    A warehouse whose damage shows here is not trusted from then on: building it anew is planned. Raises PipelineError
    for faults in the settings files of the home, before anything is touched.
    """
    read_chatbots(home / "chatbots.csv")
    erased = read_tombstones(home)
    merges = read_identity(home / "identity.csv")
    refuse_erased(home / "identity.csv", merges, erased)
    exclusions = read_exclusions(home / "exclude.csv", merges)
    labels = read_labels(home / "labels.csv")
    days = {day for day in peek_arrival_days(home) if day in window}
    fingerprint = fingerprint_of(dbt_project, scorer, erased)
    try:
        with distrusted_if_damaged(warehouse):
            waiting, other_work = pending_days(home, warehouse, fingerprint, window)
    except duckdb.Error:
        if not broken_seal(warehouse):
            raise
        waiting, other_work = pending_days(home, warehouse, fingerprint, window)
    days |= waiting
    # Lines without a readable arrival day, which are to be quarantined, make input new as well.
    arrived = new_input(home)
    unread = window == ALWAYS and bool(arrived)
    build = read_build(warehouse)
    unpublished = build is not None and not is_published(published, build, exclusions, labels)
    if not days and (unread or other_work or erased.is_due or unpublished):
        days = {datetime.now(UTC).date()}
    what_waits = (sorted(days), arrived, len(segments(home)), build, unpublished, other_work, erased.generation)
    key = hashlib.blake2b(repr(what_waits).encode(), digest_size=16).hexdigest()
    return Plan((min(days), max(days)) if days else None, key)


def fingerprint_of(dbt_project: Path, scorer: str, erased: Tombstones) -> str:
    """What the warehouse must have been built with: another one means building it anew from raw."""
    columns = map(str, RAW_TABLES.values())
    return models_fingerprint(dbt_project, scorer, str(erased.generation), *columns)
