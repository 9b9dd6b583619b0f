"""Warehouse -> what consumers read. How a snapshot is made and checked is in `orchestration/publish`."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import duckdb
import pyarrow as pa

from orchestration.defs.reporting import OWNERS, instant, preview, readable_size
from orchestration.defs.transform.assets import MANIFEST
from orchestration.erasure.tombstones import read_tombstones
from orchestration.errors import PipelineError
from orchestration.extract.landing.intact import require_intact
from orchestration.extract.landing.inventory import inventory_table
from orchestration.extract.landing.ledger import receipts_table
from orchestration.home.labels import read_labels
from orchestration.home.locking import exclusive
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.publish.leaving_out import MARTS
from orchestration.publish.raw_counts import count_raw, forget_counts
from orchestration.publish.reconcile import Reconciliation, Unreconciled
from orchestration.publish.snapshot import is_published, publish
from orchestration.settings import Settings
from orchestration.transform.seal import break_seal, distrusted_if_damaged
from orchestration.transform.warehouse import processed_slices, read_build

# A daily refresh that is an hour late is worth a look; one that was missed is an alarm.
RECONCILES = "published_is_what_was_accepted"
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))


@dg.asset(
    deps=[*(["marts", table] for table in MARTS), ["inputs", "exclude"], ["inputs", "labels"]],
    group_name="publish",
    owners=OWNERS,
    kinds={"duckdb", "parquet"},
    pool="warehouse",
    freshness_policy=FRESHNESS,
    check_specs=[
        dg.AssetCheckSpec(
            RECONCILES,
            asset="snapshot",
            blocking=True,
            description="Before the pointer moves: records, conversations and messages of every chatbot are those that"
            " were accepted into raw, and no day shrank without a reason.",
        )
    ],
)
def snapshot(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """The published snapshot: DuckDB file with both table macros, Parquet files and manifest."""
    with exclusive(settings.home), distrusted_if_damaged(settings.warehouse):
        build = read_build(settings.warehouse)
        if build is None:
            raise PipelineError("There is nothing to publish yet: the models have not run. Run `clientele refresh`.")
        exclusions = read_exclusions(settings.home / "exclude.csv", read_identity(settings.home / "identity.csv"))
        labels = read_labels(settings.home / "labels.csv")
        if is_published(settings.published, build, exclusions, labels):
            context.log.info("the current snapshot already shows this build; nothing is published")
            yield _reconciliation(None)
            yield dg.MaterializeResult(metadata={"published": False})
            return
        require_intact(settings.home)
        erased = read_tombstones(settings.home)
        expected = count_raw(settings.home, processed_slices(settings.warehouse), str(erased.generation))
        receipts: pa.Table = receipts_table(settings.home)
        try:
            made = publish(
                settings.warehouse,
                settings.published,
                receipts,
                inventory_table(settings.home),
                build,
                MANIFEST,
                expected=expected,
                keep=settings.keep_snapshots,
                erased=erased,
                exclusions=exclusions,
                labels=labels,
            )
        except Unreconciled as fault:
            # Whichever of the two is wrong, the next refresh makes both anew from raw.
            break_seal(settings.warehouse)
            forget_counts(settings.home)
            yield _reconciliation(fault.reconciliation)
            raise
    yield _reconciliation(made.reconciliation)
    with duckdb.connect(str(made.folder / "clientele.duckdb"), read_only=True) as connection:
        # Dagster's records are never erased from, so they name no user and no organization.
        chatbots = connection.execute(
            "select chatbot_id, count(distinct organization_key) as organizations, count(distinct user_key) as users,"
            " count(distinct conversation_key) as conversations, min(activity_date) as first_day,"
            " max(activity_date) as last_day from fct_conversation_days group by chatbot_id order by conversations desc"
        ).df()
    context.log.info(f"published snapshot {made.snapshot_id}")
    yield dg.MaterializeResult(
        metadata={
            "published": True,
            "snapshot_id": made.snapshot_id,
            "size": readable_size(made.size),
            "data through": instant(build.data_through),
            "dagster/row_count": made.rows["fct_conversation_days"],
            "chatbots": preview(chatbots),
        }
    )


def _reconciliation(found: Reconciliation | None) -> dg.AssetCheckResult:
    """The check of a publication; None where nothing was to be published."""
    if found is None:
        return dg.AssetCheckResult(check_name=RECONCILES, passed=True, metadata={"published": False})
    sums = {
        name: sum(getattr(one, name) for one in found.balances)
        for name in ("records", "conversations", "messages", "conversations_found", "messages_found")
    }
    return dg.AssetCheckResult(
        check_name=RECONCILES,
        passed=not found.faults,
        description=" ".join(found.faults) or None,
        metadata=sums | {"chatbots": preview(found.balances)},
    )
