"""When the pipeline runs: the refresh job, its daily schedule, and a sensor for new input."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.defs.partitions import window_tags
from orchestration.doctor.heal import heal_home
from orchestration.home.locking import REFRESHING, WRITING, is_held
from orchestration.publish.destinations import undelivered
from orchestration.refresh.instance import COMMAND_LINE, STARTED_BY
from orchestration.refresh.plan import plan
from orchestration.refresh.run import DELIVERIES
from orchestration.settings import DBT_PROJECT, Settings

LONGEST_RUN = timedelta(hours=1)
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Process everything that arrived and is not yet processed, and publish it.",
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=refresh,
    cron_schedule="0 5 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day at 05:00 UTC: whatever arrived since the last refresh, and new scores of the read API.",
)
def daily_refresh(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    return _request(context, settings, with_key=False)


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh when something waits: new input, or landed days that no refresh has processed.",
)
def new_input(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    if is_held(settings.home, REFRESHING) or is_held(settings.home, WRITING) or _is_running(context.instance):
        return dg.SkipReason("A refresh is at work. What it leaves is looked at in a later tick.")
    # The key is of what waits: ticks of any number start one run, and one that failed is not repeated before something
    # changes, or the schedule comes.
    return _request(context, settings, with_key=True)


def _request(
    context: dg.ScheduleEvaluationContext | dg.SensorEvaluationContext, settings: Settings, *, with_key: bool
) -> dg.RunRequest | dg.SkipReason:
    for mended in heal_home(settings):
        context.log.warning(mended)
    wanted = plan(settings.home, settings.warehouse, settings.published, DBT_PROJECT, settings.scorer)
    if wanted.days:
        return dg.RunRequest(run_key=wanted.key if with_key else None, tags=window_tags(*wanted.days))
    if settings.openbat_api_url and not with_key:
        today = datetime.now(UTC).date()
        return dg.RunRequest(tags=window_tags(today, today))  # new scores are only known to who asks
    if left := undelivered(settings):
        key = " ".join([wanted.key, *left]) if with_key else None
        return dg.RunRequest(run_key=key, asset_selection=[dg.AssetKey(one) for one in DELIVERIES])
    return dg.SkipReason("Everything that arrived is processed and published.")


def _is_running(instance: dg.DagsterInstance) -> bool:
    """Whether a refresh is under way that Dagster started; one that began long ago was perhaps killed."""
    since = datetime.now(UTC) - LONGEST_RUN
    unfinished = dg.RunsFilter(job_name="refresh", statuses=UNFINISHED, created_after=since)
    return any(run.tags.get(STARTED_BY) != COMMAND_LINE for run in instance.get_runs(unfinished, limit=10))
