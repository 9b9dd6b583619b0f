"""When the pipeline runs: the refresh job, its daily schedule, and a sensor for new input."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.partitions import window_tags
from orchestration.extract.landing.pending import has_new_input
from orchestration.refresh.plan import plan
from orchestration.settings import DBT_PROJECT, Settings

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
    description="Every day at 05:00 UTC: whatever arrived since the last refresh.",
)
def daily_refresh(settings: dg.ResourceParam[Settings]) -> Iterator[dg.RunRequest | dg.SkipReason]:
    yield from _requests(settings)


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=60,
    description="Starts a refresh when inbox files appeared or grew.",
)
def new_input(settings: dg.ResourceParam[Settings]) -> Iterator[dg.RunRequest | dg.SkipReason]:
    if has_new_input(settings.home):
        yield from _requests(settings)
    else:
        yield dg.SkipReason("No inbox file appeared or grew.")


def _requests(settings: Settings) -> Iterator[dg.RunRequest | dg.SkipReason]:
    wanted = plan(settings.home, settings.warehouse, settings.published, DBT_PROJECT, settings.scorer)
    if wanted.days:
        yield dg.RunRequest(tags=window_tags(*wanted.days))
    else:
        yield dg.SkipReason("Everything that arrived is processed and published.")
