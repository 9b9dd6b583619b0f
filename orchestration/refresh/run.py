"""Dagster from the command line: the refresh job in this process with progress for a person, and Dagster's own UI.

What there is to do is decided in `plan.py`; without work Dagster is not even loaded.
"""

import gc
import io
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.markup import escape

from orchestration.doctor.heal import heal, move_aside
from orchestration.errors import PipelineError, explain, is_damage
from orchestration.extract.landing.intact import require_intact
from orchestration.home.locking import REFRESHING, exclusive
from orchestration.publish.destinations import undelivered
from orchestration.refresh.instance import (
    COMMAND_LINE,
    LOCATION,
    STARTED_BY,
    bury_killed_runs,
    kept_open,
    prepare_instance,
)
from orchestration.refresh.plan import plan
from orchestration.settings import DBT_PROJECT, PROJECT, Settings
from orchestration.transform.warehouse import ALWAYS, Window

if TYPE_CHECKING:
    import dagster as dg

DBT_CHATTER = re.compile(r"dbt command: `|dbt subsetted execution|partial parsing")
ANSI_COLOURS = re.compile(r"\x1b\[\d*m")

# Python looks for cycles after so many new objects. Modules, definitions and the parsed models stay as long as the
# process, and at the usual thresholds a tenth of a refresh goes into looking through them again and again.
COLLECT_RARELY = (100_000, 50, 100)
# Steps that read the warehouse.
WAREHOUSE_STEPS = ("warehouse", "snapshot")
# Steps behind the published snapshot.
DELIVERIES = ("bucket", "postgres")


class DamagedWarehouse(PipelineError):
    """A run could not read the warehouse."""


class Undelivered(PipelineError):
    """The snapshot is published, but a destination does not show it."""


def run_refresh(settings: Settings, window: Window, *, full: bool, console: Console) -> None:
    """Run the refresh job until nothing waits in the window. Raises PipelineError, a sentence, when a run fails.

    It is Undelivered where all is published, but not everywhere. Where the read API gives no answer, what has arrived
    is refreshed first.
    """
    gc.set_threshold(*COLLECT_RARELY)
    for folder in (settings.inbox, settings.published, settings.dagster_home):
        folder.mkdir(parents=True, exist_ok=True)
    with exclusive(settings.home, REFRESHING):
        for mended in heal(settings):
            console.print(mended, highlight=False, soft_wrap=True)
        fault = _collect_scores(settings, console)
        _refresh(settings, window, full=full, console=console)
    if fault:
        raise PipelineError(f"What has arrived is refreshed, but new scores are missing. {fault}")


def _collect_scores(settings: Settings, console: Console) -> str:
    """Ask the read API, where there is one; returns why not all could be asked for."""
    if not settings.openbat_api_url:
        return ""
    from orchestration.refresh.upstream import collect_scores, told

    with console.status("Asking the read API") as status:
        collected = collect_scores(
            settings, lambda done, total: status.update(f"Asking the read API: {done:,} of {total:,} conversations")
        )
    for line in told(collected):
        console.print(line, highlight=False, soft_wrap=True)
    return collected.fault


def _refresh(settings: Settings, window: Window, *, full: bool, console: Console) -> None:
    days = _plan(settings, window)
    if full and days is None:
        days = (date.today(), date.today())
    if days is None and undelivered(settings):
        return _run(settings, date.today(), date.today(), rebuild=False, console=console, only=DELIVERIES)
    if days is None:
        with exclusive(settings.home):
            require_intact(settings.home)
        arrived = "everything that arrived" if window == ALWAYS else "what arrived on these days"
        console.print(f"Nothing new: {arrived} is processed and published.")
        return None
    done = None
    while days and days != done:
        _run_or_mend(settings, *days, rebuild=full, console=console)
        full = False
        done, days = days, _plan(settings, window)
    return None


def _run_or_mend(settings: Settings, first: date, last: date, *, rebuild: bool, console: Console) -> None:
    """A run; where it meets damage in what can be made anew, that is made anew, and the run is tried once more."""
    from sqlalchemy.exc import DatabaseError

    try:
        return _run(settings, first, last, rebuild=rebuild, console=console)
    except DamagedWarehouse:
        console.print("The warehouse is damaged; it is rebuilt from raw.")
    except DatabaseError as error:
        if not is_damage(str(error.orig)) and "no such table" not in str(error.orig):
            raise
        for folder in ("history", "schedules"):
            if (settings.dagster_home / folder).exists():
                console.print(move_aside(settings.dagster_home / folder), highlight=False, soft_wrap=True)
    return _run(settings, first, last, rebuild=rebuild, console=console)


def become_dagster(settings: Settings, program: str, *arguments: str) -> NoReturn:
    """Become one of Dagster's own programs, on the data home's own instance."""
    prepare_instance(settings)
    os.environ["CLIENTELE_HOME"] = str(settings.home)
    os.chdir(PROJECT)
    path = Path(sys.executable).with_name(program)
    os.execv(path, [str(path), *arguments])


def _plan(settings: Settings, window: Window) -> tuple[date, date] | None:
    return plan(settings.home, settings.warehouse, settings.published, DBT_PROJECT, settings.scorer, window).days


def _run(
    settings: Settings, first: date, last: date, *, rebuild: bool, console: Console, only: Sequence[str] = ()
) -> None:
    """A run of the job, or of these assets of it alone."""
    prepare_instance(settings)
    import dagster as dg

    from orchestration.definitions import build_defs
    from orchestration.defs.partitions import window_tags
    from orchestration.defs.transform.assets import REBUILD_TAG

    tags = window_tags(first, last) | LOCATION | {STARTED_BY: COMMAND_LINE} | ({REBUILD_TAG: "true"} if rebuild else {})
    days = f"{first}" if first == last else f"{first} to {last}"
    with console.status(f"Refreshing arrival days {days}") as status:
        job = build_defs(settings, console_logger(console, status.update)).resolve_job_def("refresh")
        # dbt's own lines go through sys.stdout: for a person they are progress. Our console keeps the real one.
        console.file = sys.stdout
        with dg.DagsterInstance.get() as instance, redirect_stdout(_SpinnerText(status.update)):
            bury_killed_runs(instance)
            with kept_open(instance):
                result = job.execute_in_process(
                    instance=instance,
                    tags=tags,
                    run_config={"loggers": {"console": {}}},
                    raise_on_error=False,
                    asset_selection=[dg.AssetKey(one) for one in only] or None,
                )
    if not result.success:
        step, reason = _reason(result)
        if step in WAREHOUSE_STEPS and is_damage(reason):
            raise DamagedWarehouse(explain(reason))
        sentence = explain(reason) or reason if step else reason
        failed = {event.step_key for event in result.all_node_events if event.is_step_failure}
        raise Undelivered(sentence) if failed and failed.issubset(DELIVERIES) else PipelineError(sentence)


def _reason(result: "dg.ExecuteInProcessResult") -> tuple[str | None, str]:
    """The step that failed, and the innermost cause; without a step, sentences of ours."""
    from dagster._core.execution.plan.objects import ErrorSource

    for check in result.get_asset_check_evaluations():
        if check.blocking and not check.passed and check.description:
            return None, f"The refresh failed its check {check.check_name}. {check.description}"
    sentences = []
    for event in result.all_node_events:
        if event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT:
            return None, "The refresh was stopped. What it had not finished is done by the next one."
        if event.is_step_failure and (error := event.step_failure_data.error):
            while error.cause:
                error = error.cause
            if error.cls_name and error.cls_name.endswith("PipelineError"):
                sentences.append(error.message.split(": ", 1)[-1].strip())
                continue
            message = ANSI_COLOURS.sub("", error.message).strip().split(": ", 1)[-1]
            message = message.split("Errors parsed from dbt logs:")[-1].strip()
            return event.step_key, f"The refresh failed in {event.step_key!r}: {message}"
    if sentences:
        return None, " ".join(sentences)
    failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
    return None, f"The refresh failed; these checks did not pass: {', '.join(failed)}."


class _SpinnerText(io.TextIOBase):
    """Shows the newest line written to it as the text of a spinner."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def write(self, text: str) -> int:
        if line := ANSI_COLOURS.sub("", text).strip():
            self._show(f"dbt: {escape(line.splitlines()[-1])}")
        return len(text)


def console_logger(console: Console, show: Callable[[str], None]) -> "dg.LoggerDefinition":
    """What assets report becomes a line on the console; what Dagster reports becomes the spinner's text."""
    import dagster as dg

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", {})
            event = meta.get("dagster_event")
            if event is None and DBT_CHATTER.search(record.getMessage()) is None:
                console.print(meta.get("orig_message", record.getMessage()), highlight=False, soft_wrap=True)
            elif event is not None and event.event_type_value == "STEP_START":
                show(f"Running {event.step_key}")

    @dg.logger(config_schema={})
    def people(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("clientele", level=logging.INFO)
        logger.addHandler(Handler())
        return logger

    return people
