"""Raw -> warehouse: every dbt model and test of one arrival window in one run of dbt."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.defs.partitions import window_of
from orchestration.defs.transform.built import described
from orchestration.defs.transform.dbt_here import run_dbt
from orchestration.defs.transform.translator import LayerTranslator
from orchestration.erasure.tombstones import read_tombstones
from orchestration.home.locking import exclusive
from orchestration.refresh.plan import fingerprint_of
from orchestration.settings import DBT_PROJECT, Settings
from orchestration.transform.by_hand import handed_to_dbt
from orchestration.transform.dbt_manifest import ensure_manifest
from orchestration.transform.seal import distrusted_if_damaged
from orchestration.transform.warehouse import commit, models_fingerprint, prepare

# The assets are read from the manifest, so it is made here when the models are newer.
MANIFEST = ensure_manifest(DBT_PROJECT)
TRANSLATOR = LayerTranslator()
REBUILD_TAG = "clientele/rebuild"


@dbt_assets(
    manifest=MANIFEST,
    exclude="resource_type:unit_test",
    dagster_dbt_translator=TRANSLATOR,
    pool="warehouse",
)
def warehouse(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[object]:
    """Hand dbt what arrived in the window and is not processed, build and test, then mark it as processed."""
    window = window_of(context.run.tags, datetime.now(UTC).date())
    fingerprint = fingerprint_of(DBT_PROJECT, settings.scorer, read_tombstones(settings.home))
    full = context.run.tags.get(REBUILD_TAG) == "true"
    with exclusive(settings.home), distrusted_if_damaged(settings.warehouse):
        work = prepare(settings.home, settings.warehouse, fingerprint, window, full=full, run_id=context.run_id)
        if work.rebuild:
            context.log.info(f"the warehouse is rebuilt from raw, because {work.rebuild}")
        context.log.info(
            f"{work.segments} raw segments to process, {work.chatbots} chatbots and {work.entities} mapped entities"
            " changed"
        )
        # One folder for every run of a home: dbt parses only what changed since the last.
        target_path = settings.home / "warehouse" / "dbt"
        events = []
        try:
            with handed_to_dbt(settings.warehouse, context.run_id):
                build = ["build", "--exclude-resource-type", "unit_test"]
                for event in run_dbt(build, context, DBT_PROJECT, MANIFEST, target_path, TRANSLATOR):
                    events.append(event)
        except Exception:
            yield from events
            raise
        models = models_fingerprint(DBT_PROJECT)
        yield from described(events, settings.warehouse, MANIFEST, target_path, models, TRANSLATOR)
        commit(settings.warehouse, fingerprint, build_id=context.run_id)
