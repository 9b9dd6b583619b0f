"""Warehouse -> what consumers read. How a snapshot is made and checked is in `orchestration/publish`."""

from datetime import timedelta

import dagster as dg
import duckdb
import pyarrow as pa

from orchestration.defs.reporting import preview
from orchestration.defs.transform.assets import MANIFEST
from orchestration.erasure.tombstones import read_tombstones
from orchestration.errors import PipelineError
from orchestration.extract.landing.inventory import inventory_table
from orchestration.extract.landing.ledger import receipts_table
from orchestration.home.locking import exclusive
from orchestration.publish.snapshot import MARTS, is_published, publish
from orchestration.settings import Settings
from orchestration.transform.warehouse import read_build

# A daily refresh that is an hour late is worth a look; one that was missed is an alarm.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))


@dg.asset(
    deps=[["marts", table] for table in MARTS],
    group_name="publish",
    kinds={"duckdb", "parquet"},
    pool="warehouse",
    freshness_policy=FRESHNESS,
)
def snapshot(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """The published snapshot: DuckDB file with both table macros, Parquet files and manifest."""
    with exclusive(settings.home):
        build = read_build(settings.warehouse)
        if build is None:
            raise PipelineError("There is nothing to publish yet: the models have not run. Run `clientele refresh`.")
        if is_published(settings.published, build):
            context.log.info("the current snapshot already shows this build; nothing is published")
            return dg.MaterializeResult(metadata={"published": False})
        receipts: pa.Table = receipts_table(settings.home)
        made = publish(
            settings.warehouse,
            settings.published,
            receipts,
            inventory_table(settings.home),
            build,
            MANIFEST,
            keep=settings.keep_snapshots,
            erased=read_tombstones(settings.home),
        )
    with duckdb.connect(str(made.folder / "clientele.duckdb"), read_only=True) as connection:
        # Dagster's records are never erased from, so they name no user and no organization.
        chatbots = connection.execute(
            "select chatbot_id, count(distinct organization_key) as organizations, count(distinct user_key) as users,"
            " count(distinct conversation_key) as conversations, min(activity_date) as first_day,"
            " max(activity_date) as last_day from fct_conversation_days group by chatbot_id order by conversations desc"
        ).df()
    context.log.info(f"published snapshot {made.snapshot_id}")
    return dg.MaterializeResult(
        metadata={
            "published": True,
            "snapshot_id": made.snapshot_id,
            "size": dg.MetadataValue.int(made.size),
            "dagster/row_count": made.rows["fct_conversation_days"],
            "chatbots": preview(chatbots),
        }
    )
