"""dbt in this process, by its own runner: a second interpreter would import and set up what is here already.

What a run tells becomes Dagster's events as dagster-dbt makes them of its command line. What dbt is asked to do is in
`assets.py`.
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.dbt_manifest import validate_manifest
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

PARSED = "partial_parse.msgpack"
STOPS = (signal.SIGINT, signal.SIGTERM)


def run_dbt(
    arguments: Sequence[str],
    context: dg.AssetExecutionContext,
    project: Path,
    manifest: Path,
    target_path: Path,
    translator: DagsterDbtTranslator,
) -> Iterator[Any]:
    """Run dbt on what the context selects; Dagster's events of it, then DagsterDbtCliRuntimeError where it failed."""
    asked = get_updated_cli_invocation_params_for_context(context, validate_manifest(manifest), translator)
    told: list[dict[str, Any]] = []

    def note(event: EventMsg) -> None:
        if event.info.level != "debug":
            told.append(msg_to_dict(event))
            sys.stdout.write(f"{told[-1]['info']['msg']}\n")

    _begin_from(project / "target" / PARSED, target_path / PARSED)
    indirect = ["--indirect-selection", asked.indirect_selection] if asked.indirect_selection else []
    from_here = ["--project-dir", project, "--profiles-dir", project]
    to_there = ["--target-path", target_path, "--log-path", target_path]
    quiet = ["--log-level", "none", "--no-write-json", "--no-send-anonymous-usage-stats"]
    words = [*arguments, *asked.selection_args, *indirect, *from_here, *to_there, *quiet]
    with _left_as_it_was():
        result = dbtRunner(callbacks=[note]).invoke([*map(str, words)])
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception  # somebody stops the run: nothing failed
    for one in told:
        event = DbtCoreCliEventMessage(raw_event=one, event_history_metadata={})  # type: ignore[call-arg, unused-ignore]
        yield from event.to_default_asset_events(asked.manifest, asked.dagster_dbt_translator, context, target_path)
    if not result.success:
        faults = [one["info"]["msg"] for one in told if one["info"]["level"] == "error"]
        if result.exception and not faults:
            faults = [str(result.exception)]
        said = [f"dbt failed; its log is in {target_path}.", "Errors parsed from dbt logs:", *faults]
        raise DagsterDbtCliRuntimeError(description="\n\n".join(said))


@contextmanager
def _left_as_it_was() -> Iterator[None]:
    """Let go of the database that dbt keeps open for its process, and come back from the folder that it moves to.

    Whoever stops the run meanwhile interrupts dbt as from a keyboard, the only way in which it cancels its statements.
    """
    folder = Path.cwd()
    is_main = threading.current_thread() is threading.main_thread()
    handlers = {one: signal.signal(one, signal.default_int_handler) for one in STOPS if is_main}
    try:
        yield
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
        os.chdir(folder)
        DuckDBConnectionManager.close_all_connections()


def _begin_from(parsed: Path, here: Path) -> None:
    """A new home begins from what was parsed when the manifest was made."""
    if parsed.exists() and not here.exists():
        here.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed, here)
