"""dbt started by hand never writes the pipeline's warehouse: it works on a copy, in which all of raw is pending.

The profile loads `Plugin` whenever dbt is about to open a database. The pipeline hands its own runs the warehouse and
the name of the run, which stands in the seal; without that name the warehouse is refused.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from orchestration.errors import PipelineError
from orchestration.extract.landing.land import ensure_raw
from orchestration.extract.scoring import ensure_scores_schema
from orchestration.home.engine import memory_limit
from orchestration.home.locking import exclusive
from orchestration.settings import Settings, load_settings
from orchestration.transform.seal import broken_seal, opened_by, seal_path, wal_path
from orchestration.transform.warehouse import by_hand_folder, connect, prepare_copy

WAREHOUSE, RUN = "CLIENTELE_WAREHOUSE", "CLIENTELE_RUN"
NEEDS_TABLES = ("test", "show")


@contextmanager
def handed_to_dbt(warehouse: Path, run_id: str) -> Iterator[None]:
    """While this lasts, dbt writes the warehouse that `prepare` opened for this run."""
    os.environ.update({WAREHOUSE: str(warehouse), RUN: run_id})
    try:
        yield
    finally:
        del os.environ[WAREHOUSE], os.environ[RUN]


class Plugin(BasePlugin):
    """Decides which file dbt opens, before it opens one."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self._is_decided = False

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Give the pipeline's run its warehouse, and everybody else the copy; both within the memory allowed."""
        if not self._is_decided:
            self._decide(creds)
        creds.settings = {**(creds.settings or {}), "memory_limit": memory_limit()}

    def _decide(self, creds: Any) -> None:
        handed = os.environ.get(WAREHOUSE)
        try:
            if handed is None:
                creds.path = str(copy_for_hand(load_settings(), get_flags()))
            elif opened_by(Path(handed)) != os.environ.get(RUN, ""):
                raise PipelineError(
                    f"Only a refresh writes {handed}. Unset {WAREHOUSE} to work on a copy, or run `clientele refresh`"
                    " (`--full` rebuilds from raw)."
                )
            else:
                creds.path = handed
        except (PipelineError, OSError, duckdb.Error) as fault:
            raise DbtRuntimeError(f"dbt did not start. {fault}") from None
        self._is_decided = True


def copy_for_hand(settings: Settings, flags: Any) -> Path:
    """The file for a dbt that a person started: a copy of the warehouse, renewed when a refresh has changed that.

    Raises PipelineError for a command that needs tables where nothing was built yet.
    """
    warehouse, folder = settings.warehouse, by_hand_folder(settings.warehouse)
    copy, origin = folder / warehouse.name, folder / "origin.json"
    with exclusive(settings.home, wait=60):
        folder.mkdir(parents=True, exist_ok=True)
        is_whole = warehouse.exists() and opened_by(warehouse) is None and broken_seal(warehouse) is None
        if is_whole and (not copy.exists() or _text(origin) != _text(seal_path(warehouse))):
            wal_path(copy).unlink(missing_ok=True)
            shutil.copyfile(warehouse, copy)
            shutil.copyfile(seal_path(warehouse), origin)
        ensure_raw(settings.home)
        ensure_scores_schema(settings.home)
        prepare_copy(settings.home, copy)
    is_part = bool(getattr(flags, "SELECT", None) or getattr(flags, "EXCLUDE", None))
    if (flags.WHICH in NEEDS_TABLES or (flags.WHICH in ("run", "build") and is_part)) and not _is_built(copy):
        raise PipelineError(
            f"There are no tables yet for `dbt {flags.WHICH}` to work with: run `clientele refresh`, or a whole"
            " `dbt build`."
        )
    return copy


def _is_built(copy: Path) -> bool:
    with connect(copy) as connection:
        found = connection.execute("select count(*) from duckdb_tables() where schema_name = 'marts'").fetchone()
    return found is not None and found[0] > 0


def _text(path: Path) -> Any:
    return json.loads(path.read_bytes()) if path.exists() else None
