"""`clientele doctor`: a data home looked at from end to end, and the repairs that need a person to ask for them."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version

import duckdb

from orchestration.doctor.databases import DATABASES, is_sound
from orchestration.doctor.heal import INSTANCE_DATABASES, heal, heal_instance
from orchestration.errors import PipelineError, explain
from orchestration.extract.landing.intact import inspect_raw
from orchestration.extract.landing.ledger import Ledger
from orchestration.extract.scoring import score_file_of
from orchestration.home.chatbots import read_chatbots
from orchestration.home.labels import read_labels
from orchestration.home.locking import REFRESHING, exclusive
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.publish.pointer import fault_of
from orchestration.publish.raw_counts import forget_counts
from orchestration.settings import Settings
from orchestration.transform.seal import break_seal, broken_seal

LITTLE_SPACE = 1 << 30


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what is wrong with it and what to do; no fault where all is well."""

    what: str
    fault: str | None = None


def inspect(settings: Settings) -> Iterator[Finding]:
    """Look at everything that a home holds; each finding as soon as it is known."""
    home = settings.home
    looks: list[tuple[str, Callable[[Settings], str | None]]] = [
        (f"{home} can be written", _writable),
        ("free space", _space),
        ("settings files", _settings_files),
        ("the ledger and who is erased", _databases),
        ("accepted files, with their checksums", _raw),
        ("the warehouse", _warehouse),
        ("published snapshots and their links", _snapshots),
        ("Dagster's records", _instance),
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "dbt-core", "dagster"))
    yield Finding(f"versions: {packages}")
    for what, look in looks:
        try:
            yield Finding(what, look(settings))
        except PipelineError as error:
            yield Finding(what, str(error))
        except (OSError, sqlite3.Error, duckdb.Error) as error:
            yield Finding(what, explain(str(error)) or str(error))


def repair(settings: Settings) -> list[str]:
    """Mend what can be mended; a sentence for each thing. Raises PipelineError where only a backup helps."""
    with exclusive(settings.home, REFRESHING):
        said = heal(settings)
        said += heal_instance(settings.dagster_home, thorough=True)
        with exclusive(settings.home):
            said += _read_again(settings)
            if broken_seal(settings.warehouse):
                said.append("The warehouse is rebuilt from raw in the next refresh.")
    return said


def _read_again(settings: Settings) -> list[str]:
    """Forget the inbox files behind damaged files of raw, so that the next refresh reads them from their beginning."""
    home = settings.home
    faults = inspect_raw(home, read=None).faults
    if not faults:
        return []
    with closing(Ledger(home)) as ledger:
        sources = ledger.sources_of({fault.segment_id for fault in faults})
        now = {state.read_as: home / "inbox" / state.source_file for state in ledger.states().values()}
        there = {source for source in sources.values() if source in now and now[source].is_file()}
        gone = [fault for fault in faults if sources[fault.segment_id] not in there]
        if gone:
            named = ", ".join(f"{fault} (of inbox/{sources[fault.segment_id]})" for fault in gone)
            raise PipelineError(
                f"The inbox does not hold any more what these were made of: {named}. Restore them, or those inbox"
                " files, from a backup."
            )
        for source in sorted(set(sources.values())):
            for path in ledger.forget_file(source):
                for made in (home / path, score_file_of(home, home / path)):
                    made.unlink(missing_ok=True)
    break_seal(settings.warehouse)
    forget_counts(home)
    return [f"inbox/{source} is read again in the next refresh." for source in sorted(set(sources.values()))]


def _writable(settings: Settings) -> str | None:
    probe = settings.home / f".doctor-{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()
    return None


def _space(settings: Settings) -> str | None:
    free = shutil.disk_usage(settings.home).free
    return f"only {free / 2**20:,.0f} MiB are free: a refresh may need more" if free < LITTLE_SPACE else None


def _settings_files(settings: Settings) -> str | None:
    read_chatbots(settings.home / "chatbots.csv")
    read_exclusions(settings.home / "exclude.csv", read_identity(settings.home / "identity.csv"))
    read_labels(settings.home / "labels.csv")
    return None


def _databases(settings: Settings) -> str | None:
    raw = settings.home / "raw"
    bad = [name for name, table in DATABASES.items() if (raw / name).exists() and not is_sound(raw / name, table)]
    return f"raw/{', raw/'.join(bad)} is damaged: `clientele doctor --repair` restores the copy" if bad else None


def _raw(settings: Settings) -> str | None:
    with exclusive(settings.home):
        faults = inspect_raw(settings.home, read=None).faults
    named = ", ".join(map(str, faults))
    return f"{named}: restore from a backup, or run `clientele doctor --repair`" if faults else None


def _warehouse(settings: Settings) -> str | None:
    fault = broken_seal(settings.warehouse)
    return f"{fault}: the next refresh rebuilds it from raw" if fault else None


def _snapshots(settings: Settings) -> str | None:
    folders = sorted((settings.published / "snapshots").glob("[!.]*"))
    links = [settings.published / "current"] if folders else []
    bad = [f"{one.name}: {fault}" for one in [*links, *folders] if (fault := fault_of(one, thorough=True))]
    for link in (settings.published / "current", settings.published / "current.duckdb"):
        if link.exists() and not link.is_symlink():
            bad.append(f"{link.name} is a copy and no link")
    return f"{'; '.join(bad)}: `clientele refresh` mends what readers see" if bad else None


def _instance(settings: Settings) -> str | None:
    files = [settings.dagster_home / name for name in INSTANCE_DATABASES]
    bad = [str(file) for file in files if file.exists() and not is_sound(file)]
    return f"{', '.join(bad)} is damaged: `clientele doctor --repair` moves it aside" if bad else None
