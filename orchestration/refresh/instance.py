"""The Dagster instance of a data home: its configuration, runs that were killed, its databases while a run lasts."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

STARTED_BY = "clientele/started_by"
# Dagster's timeline shows the runs of a code location by this tag, which only its own launchers set.
LOCATION = {".dagster/repository": "__repository__@clientele"}
COMMAND_LINE = "command line"
DAEMON_SILENCE_SECONDS = 300

INSTANCE = """\
# The Dagster instance of this data home. Delete nothing here while a refresh runs.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
"""


def prepare_instance(settings: Settings) -> None:
    """Point Dagster at the data home's own instance, which is made on first use."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists() or config.read_text(encoding="utf-8").startswith(INSTANCE.splitlines()[0]):
        config.write_text(INSTANCE, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


@contextmanager
def kept_open(instance: "dg.DagsterInstance") -> Iterator[None]:
    """Keep the event log's databases open while a run lasts.

    Dagster opens and closes one for every event, compiles its statements anew, and waits for the disk: a tenth of a
    refresh, and more on a slow disk. After a power failure the newest events may be missing; the files are whole.
    """
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from sqlalchemy import Connection, Engine, create_engine, text

    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        yield
        return
    open_one, engines = storage._connect, dict[str, Engine]()

    @contextmanager
    def connect(shard: str) -> Iterator[Connection]:
        if shard not in engines:
            with open_one(shard):
                pass  # makes the file
            engines[shard] = create_engine(
                storage.conn_string_for_shard(shard), pool_size=1, max_overflow=0, connect_args={"timeout": 60}
            )
            with engines[shard].connect() as connection:
                connection.execute(text("pragma synchronous = normal"))
        with storage._db_lock, engines[shard].begin() as connection:
            yield connection

    storage._connect = connect  # type: ignore[method-assign]
    try:
        yield
    finally:
        storage._connect = open_one  # type: ignore[method-assign]
        for engine in engines.values():
            engine.dispose()


def bury_killed_runs(instance: "dg.DagsterInstance") -> None:
    """Mark runs of killed processes as failed, and free their places in the pools, which Dagster keeps for them.

    Called while holding the refresh lock, so an unfinished run of the command line has no process any more; without a
    living daemon, no unfinished run has one.
    """
    import dagster as dg

    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    with_daemon = bool(beats) and time.time() - max(beats) < DAEMON_SILENCE_SECONDS
    unfinished = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED],
        tags=LOCATION | {STARTED_BY: COMMAND_LINE} if with_daemon else {},
    )
    for run in instance.get_runs(unfinished):
        instance.report_run_failed(run, message="The process of this run was killed. Its work is done again.")
    storage = instance.event_log_storage
    for pool in storage.get_concurrency_keys():
        info = storage.get_concurrency_info(pool)
        waiting = {step.run_id for step in info.pending_steps} | {slot.run_id for slot in info.claimed_slots}
        for run_id in waiting:
            holder = instance.get_run_by_id(run_id)
            if holder is None or holder.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
