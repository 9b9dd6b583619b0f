"""Request log files -> validated, typed raw Parquet, quarantine, warnings and receipts.

`land` reads everything new in `<home>/inbox`; the ledger says what is committed and what came of every line. What the
rows mean together (identity, history, newest score) is decided in the dbt models, and when to run is decided by the
caller: nothing here knows of an orchestrator or of environment variables.
"""

from orchestration.lib.request_log.landing import LandingBusy, Progress, ensure_raw, land
from orchestration.lib.request_log.ledger import (
    FileState,
    Receipt,
    Segment,
    SegmentFile,
    committed_files,
    receipts,
    receipts_table,
    segments,
    states,
)
from orchestration.lib.request_log.pending import has_new_input, peek_arrival_days, pending_bytes

__all__ = [
    "FileState",
    "LandingBusy",
    "Progress",
    "Receipt",
    "Segment",
    "SegmentFile",
    "committed_files",
    "ensure_raw",
    "has_new_input",
    "land",
    "peek_arrival_days",
    "pending_bytes",
    "receipts",
    "receipts_table",
    "segments",
    "states",
]
