"""Checks of the published data's quality and age: they warn, and hold nothing up.

What is counted is in `publish/data_quality.sql`. Whether a snapshot is right is checked before it is published.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
import pandas as pd

from orchestration.defs.reporting import instant, preview
from orchestration.erasure.absence import in_snapshots
from orchestration.erasure.tombstones import read_tombstones
from orchestration.settings import Settings

SHARES = ("user_id_share", "organization_share", "plan_share", "mrr_share", "scored_share")
CONFLICTS = ("shared_emails", "shared_ids", "shared_names", "known_names", "mrr_unit_conflicts")


# A refresh may succeed every day on an inbox that nothing reaches any more.
OLDEST_DATA = timedelta(hours=36)


@dg.asset_check(asset="snapshot")
def data_is_recent(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """The newest record arrived at most 36 hours ago: judged by the data, not by the last run."""
    file = (settings.published / "current.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        (through,) = connection.execute("select data_through from snapshot_info").fetchall()[0]
    return dg.AssetCheckResult(
        passed=through is not None and datetime.now(UTC).replace(tzinfo=None) - through <= OLDEST_DATA,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"data through": instant(through)},
    )


@dg.asset_check(asset="snapshot")
def erased_are_absent(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """No kept snapshot shows a user, an organization or a conversation that is erased."""
    erased = read_tombstones(settings.home)
    found = in_snapshots(settings.published, erased) if erased else []
    return dg.AssetCheckResult(passed=not found, metadata={"erased": len(erased.conversation_keys), "found": found})


def _meaning(name: str) -> str:
    side = "below" if name in SHARES else "above"
    return f"No chatbot's `{name}` in the table data_quality lies {side} the threshold of the settings."


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(f"quality_{name}", asset="snapshot", description=_meaning(name))
        for name in (*SHARES, *CONFLICTS)
    ],
    description="Shares and conflicts of each chatbot, against the thresholds of the settings.",
)
def data_quality(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Warn where a chatbot's share lies below its threshold, or its conflicts of one kind above theirs."""
    file = (settings.published / "current.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute("from data_quality").df()
    for name in SHARES:
        threshold = getattr(settings, f"quality_min_{name}")
        yield _result(name, threshold, rows, rows[name] < threshold, rows.sort_values([name, "conversations"]))
    for name in CONFLICTS:
        threshold = settings.quality_max_conflicts
        worst = rows[rows[name] > 0].sort_values([name, "conversations"], ascending=False)
        yield _result(name, threshold, rows, rows[name] > threshold, worst)


def _result(
    name: str, threshold: float, rows: pd.DataFrame, is_beyond: "pd.Series[bool]", worst: pd.DataFrame
) -> dg.AssetCheckResult:
    """Chatbots are judged, as wholes, and shown, the worst first: the records of checks name no organization."""
    judged = rows["organization_id"].isna() & is_beyond
    shown = worst.loc[worst["organization_id"].isna(), ["chatbot_id", "conversations", name]]
    return dg.AssetCheckResult(
        check_name=f"quality_{name}",
        passed=not judged.any(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "threshold": threshold,
            "chatbots beyond it": int(judged.sum()),
            "worst": preview(shown),
        },
    )
