"""What every refresh makes whole before it begins, without being asked: nothing of it loses anything."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml  # type: ignore[import-untyped, unused-ignore]

from orchestration.doctor.databases import heal_databases, is_sound
from orchestration.home.engine import delete_spilled
from orchestration.home.locking import exclusive
from orchestration.publish.pointer import heal_pointer
from orchestration.settings import Settings

INSTANCE_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def heal(settings: Settings) -> list[str]:
    """Mend the home and move damaged records of Dagster aside; a sentence for each thing that was mended.

    Raises PipelineError where something would be lost.
    """
    return [*heal_home(settings), *heal_instance(settings.dagster_home)]


def heal_home(settings: Settings) -> list[str]:
    """Mend what is not Dagster's own: restore databases from their copies, point readers at a whole snapshot."""
    with exclusive(settings.home):
        delete_spilled(settings.warehouse)
        return [
            *heal_databases(settings.home),
            *_drop_unreadable(settings.home),
            *heal_pointer(settings.published),
        ]


def heal_instance(dagster_home: Path, *, thorough: bool = False) -> list[str]:
    """Move Dagster's databases and its configuration aside where they are damaged: it makes new ones."""
    said = []
    damaged = [
        name
        for name in INSTANCE_DATABASES
        if (dagster_home / name).exists() and not is_sound(dagster_home / name, thorough=thorough)
    ]
    for folder in sorted({name.split("/")[0] for name in damaged}):
        said.append(move_aside(dagster_home / folder))
    config = dagster_home / "dagster.yaml"
    if config.exists() and not _is_mapping(config):
        said.append(move_aside(config))
    return said


def move_aside(path: Path) -> str:
    """Give a damaged file or folder of Dagster another name."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    path.rename(aside)
    return f"Dagster's records in {path} were damaged; they are moved to {aside.name}, and new ones begin."


def _drop_unreadable(home: Path) -> list[str]:
    """Delete what raw holds beside what was accepted, where it cannot be read: every run makes what is missing."""
    said = []
    made = [*(home / "raw" / "scores").glob("**/*.parquet"), *(home / "raw").glob("*/**/schema.parquet")]
    for path in {*made, home / "quarantine" / "schema.parquet"}:
        if path.exists():
            try:
                pq.read_metadata(path)
            except (OSError, pa.ArrowException):
                path.unlink()
                said.append(f"{path.relative_to(home)} was damaged and is made anew.")
    return said


def _is_mapping(config: Path) -> bool:
    try:
        return isinstance(yaml.safe_load(config.read_text(encoding="utf-8")), dict)
    except (ValueError, yaml.YAMLError):
        return False
