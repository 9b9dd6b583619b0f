"""Request log -> raw, and raw -> scores, by arrival day. Reading and checking lines is in `orchestration/extract`."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.partitions import ARRIVAL_DAYS
from orchestration.defs.reporting import OWNERS, column_schema, preview, progress_log, readable_size
from orchestration.doctor.databases import keep_copies
from orchestration.doctor.heal import heal_home
from orchestration.erasure.sweep import sweep
from orchestration.extract.landing.intact import inspect_raw, sentence
from orchestration.extract.landing.inventory import take_inventory
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import committed_files, receipts
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.extract.read_api.asked import last_fault
from orchestration.extract.scoring import SCORES, ensure_scores_schema, score_new_messages
from orchestration.home.locking import exclusive
from orchestration.refresh.instance import COMMAND_LINE, STARTED_BY
from orchestration.refresh.upstream import collect_scores, told
from orchestration.settings import Settings

RETRIES, FIRST_WAIT = 3, 5  # the seconds double

RAW = {
    "requests": "Accepted requests: who spoke, for which organization, with which attributes.",
    "messages": "Messages of accepted requests, with their text.",
    "analyses": "Sentiment scores that upstream analyses gave to messages.",
    "custom_fields": "The chatbot's own fields, as sent with requests.",
}


@dg.multi_asset(
    name="request_log",
    specs=[
        dg.AssetSpec(
            ["raw", table],
            description=description,
            group_name="extract",
            owners=OWNERS,
            kinds={"parquet"},
            metadata={"dagster/column_schema": column_schema(RAW_TABLES[table])},
        )
        for table, description in RAW.items()
    ],
    partitions_def=ARRIVAL_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="warehouse",
)
def request_log(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Land every line of the inbox that was not read yet; lines of other arrival days wait in raw for their run.

    Scores of the read API, where one is set, are asked for first and lie in the inbox then.

    What belongs to someone who is erased is taken out before anything else reads it.
    """
    report = progress_log(context, "reading the inbox (bytes)")
    if context.run.tags.get(STARTED_BY) != COMMAND_LINE:  # which has done it before it planned the run
        for mended in heal_home(settings):
            context.log.warning(mended)
        if settings.openbat_api_url:
            for line in told(collect_scores(settings, progress_log(context, "asking the read API (conversations)"))):
                context.log.info(line)
    with exclusive(settings.home):
        # First what an interrupted or newly requested erasure left to do, then what has arrived again.
        erased = [sweep(settings.home, progress_log(context, "erasing (files)"))]
        try:
            read = land(
                settings.home,
                context.run_id,
                line_limit=settings.line_limit_mib * 2**20,
                progress=lambda at: report(at.bytes_read, at.bytes_to_read),
            )
        except OSError as error:
            # A disk or a mount may be away for a moment. A policy would also retry what a person stops.
            raise dg.RetryRequested(RETRIES, seconds_to_wait=FIRST_WAIT * 2**context.retry_number) from error
        erased.append(sweep(settings.home))
        keep_copies(settings.home)
    totals = {
        "lines": sum(receipt.lines for receipt in read),
        "accepted": sum(receipt.accepted for receipt in read),
        "duplicates": sum(receipt.duplicates for receipt in read),
        "quarantined": sum(receipt.quarantined for receipt in read),
        "warnings": sum(receipt.warnings for receipt in read),
    }
    context.log.info(
        "read {lines} lines: {accepted} accepted, {duplicates} duplicate, {quarantined} quarantined".format(**totals)
    )
    if totals["quarantined"]:
        context.log.info("`clientele quarantine` says why lines were quarantined, and what to do")
    for one in filter(None, erased):
        context.log.info(f"erased {one.conversations} conversations; blanked {one.inbox_lines} lines of the inbox")
        for fault in one.left:
            context.log.warning(fault)
    for table in RAW:
        rows = sum(file.row_count for file in committed_files(settings.home, table))
        more: dict[str, dg.RawMetadataValue] = {}
        if table == "requests":
            more = {**totals, "receipts": preview(read)}
        yield dg.MaterializeResult(asset_key=["raw", table], metadata={"dagster/row_count": rows, **more})


@dg.asset(
    key=["raw", "scores"],
    deps=[["raw", "messages"]],
    group_name="extract",
    owners=OWNERS,
    kinds={"parquet"},
    metadata={"dagster/column_schema": column_schema(SCORES)},
    pool="warehouse",
)
def scores(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """Sentiment of user messages by the pipeline's own scorer, where the setting CLIENTELE_SCORER names one.

    Not partitioned: whatever has landed and is not scored is scored, on whatever day it arrived.
    """
    ensure_scores_schema(settings.home)
    if not settings.scorer:
        return dg.MaterializeResult(metadata={"scorer": "off"})
    with exclusive(settings.home):
        report = score_new_messages(
            settings.home,
            [settings.home / file.path for file in committed_files(settings.home, "messages")],
            progress=progress_log(context, "scoring messages"),
        )
    context.log.info(f"scored {report.scored} of {report.messages} messages")
    return dg.MaterializeResult(
        metadata={"scorer": settings.scorer, "judged": report.messages, "scored": report.scored}
    )


@dg.asset_check(asset=["raw", "requests"], blocking=True)
def every_line_has_one_outcome(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Lines read = accepted + duplicates + quarantined, for every receipt ever written."""
    broken = [
        receipt
        for receipt in receipts(settings.home)
        if receipt.lines != receipt.accepted + receipt.duplicates + receipt.quarantined
    ]
    return dg.AssetCheckResult(passed=not broken, metadata={"receipts that do not add up": preview(broken)})


@dg.asset_check(asset=["raw", "requests"], blocking=True)
def accepted_files_are_intact(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Every file of raw and quarantine that was ever committed is there, with the size it had then."""
    with exclusive(settings.home):
        found = inspect_raw(settings.home)
    return dg.AssetCheckResult(
        passed=not found.faults,
        description=sentence(found.faults) if found.faults else None,
        metadata={"files": found.files, "size": readable_size(found.size), "missing or damaged": preview(found.faults)},
    )


@dg.asset_check(asset=["raw", "analyses"])
def read_api_has_answered(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """The last round of questions to the read API came to its end; passes where no read API is set."""
    if not settings.openbat_api_url:
        return dg.AssetCheckResult(passed=True, description="No read API is set.")
    fault = last_fault(settings.home)
    return dg.AssetCheckResult(passed=not fault, severity=dg.AssetCheckSeverity.WARN, description=fault or None)


@dg.asset_check(asset=["raw", "requests"])
def input_files_are_intact(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Every file found in the inbox is read, waits for more, or is refused for a reason; this warns of the refused."""
    inventory = take_inventory(settings.home)
    refused, waiting = inventory.of("refused"), inventory.of("waiting")
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=inventory.summary,
        metadata={
            "found": len(inventory.files),
            "read": len(inventory.of("read")),
            "waiting": len(waiting),
            "refused": len(refused),
            "left out by .ignore": inventory.left_out,
            "not read, because": preview([*refused, *waiting]),
        },
    )
