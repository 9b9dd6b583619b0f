"""Published snapshot -> PostgreSQL, and a folder or bucket, where the settings name them.

How is in `orchestration/publish/postgres` and `orchestration/publish/bucket.py`.
"""

import dagster as dg

from orchestration.defs.reporting import OWNERS, readable_size
from orchestration.erasure.tombstones import read_tombstones
from orchestration.errors import PipelineError
from orchestration.home.locking import exclusive
from orchestration.publish.bucket import BucketFault, copy_snapshot
from orchestration.publish.postgres.connection import PostgresFault
from orchestration.publish.postgres.publication import Way, publish
from orchestration.settings import Settings


@dg.asset(deps=["snapshot"], group_name="publish", owners=OWNERS, kinds={"postgres"}, pool="warehouse")
def postgres(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """The published snapshot in PostgreSQL: tables, views and both tables as functions, with row-level security."""
    url = settings.postgres_url.get_secret_value()
    if not url:
        return dg.MaterializeResult(metadata={"published": False, "why": "CLIENTELE_POSTGRES_URL is not set."})
    with exclusive(settings.home):
        try:
            made = publish(url, settings.published, read_tombstones(settings.home).generation)
        except PostgresFault as fault:
            raise _undelivered(settings, "PostgreSQL does not show it", fault) from None
    if made.way != Way.NOTHING:
        context.log.info(f"PostgreSQL shows snapshot {made.snapshot_id}: wrote {made.way}")
    if made.texts_with_nul:
        context.log.warning(
            f"{made.texts_with_nul:,} texts hold a NUL character, which PostgreSQL cannot: there it is a \ufffd."
        )
    return dg.MaterializeResult(
        metadata={
            "published": made.way != Way.NOTHING,
            "snapshot_id": made.snapshot_id,
            "wrote": str(made.way),
            "rows deleted": made.deleted,
            "rows inserted": made.inserted,
            "texts with a NUL": made.texts_with_nul,
        }
    )


@dg.asset(deps=["snapshot"], group_name="publish", owners=OWNERS, kinds={"parquet"}, pool="warehouse")
def bucket(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """The published snapshot's Parquet files in a folder or bucket, for external tables of other engines."""
    url = settings.export_url.get_secret_value()
    if not url:
        return dg.MaterializeResult(metadata={"published": False, "why": "CLIENTELE_EXPORT_URL is not set."})
    with exclusive(settings.home):
        try:
            made = copy_snapshot(url, settings.published)
        except BucketFault as fault:
            raise _undelivered(settings, "it is not copied", fault) from None
    if made.files:
        context.log.info(f"copied snapshot {made.snapshot_id} to the folder or bucket: {readable_size(made.size)}")
    return dg.MaterializeResult(
        metadata={
            "published": made.files > 0,
            "snapshot_id": made.snapshot_id,
            "files": made.files,
            "size": readable_size(made.size),
        }
    )


def _undelivered(settings: Settings, what: str, fault: PipelineError) -> PipelineError:
    snapshot_id = (settings.published / "current").resolve().name
    return PipelineError(
        f"The snapshot {snapshot_id} is published, but {what}: {fault}. The next `clientele refresh` tries again."
    )
