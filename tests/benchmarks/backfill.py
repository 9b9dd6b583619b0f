"""Backfill: a first refresh of a whole log, beside a hand-written script over the same files with the same rows out."""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from tests.benchmarks.costs import cost_of, tool
from tests.benchmarks.results import Result
from tests.benchmarks.workload import write_log

TITLE = "Backfill: a first refresh"
# `BACKFILL="1000000" make bench` measures other sizes.
SIZES = tuple(map(int, os.environ.get("BACKFILL", "20000 100000").split()))
COMPARED = {
    "fct_conversation_days": "chatbot_id, activity_date, conversation_id, user_id, organization_id, messages,"
    " user_messages, scored_messages, score_sum, first_message_at, last_message_at",
    "fct_user_days": "chatbot_id, activity_date, user_id, conversations, messages, score_sum",
    "fct_organization_days": "chatbot_id, activity_date, organization_id, conversations, users, messages, score_sum",
    "dim_users": "chatbot_id, user_id, user_name, email, valid_from, valid_to",
    "dim_organizations": "chatbot_id, organization_id, organization_name, plan, industry, mrr, valid_from, valid_to",
}


def run() -> Iterator[Result]:
    for conversations in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            home, floor = Path(folder, "home"), Path(folder, "floor.duckdb")
            lines = write_log(home / "inbox", conversations, first=date(2026, 1, 1), days=90)
            script = [sys.executable, "-m", "tests.benchmarks.floor", str(home / "inbox"), str(floor)]
            refresh, by_hand = cost_of([tool("clientele"), "refresh"], home=home), cost_of(script)
            demand_the_same_rows(home, floor)
            yield Result(f"{conversations:,} conversations, {lines:,} lines", refresh, "a DuckDB script", by_hand)


def demand_the_same_rows(home: Path, floor: Path) -> None:
    """Both gave the same facts and histories. Raises AssertionError with the table and some rows that differ."""
    with duckdb.connect() as connection:
        for name, file in (("snapshot", home / "published" / "current.duckdb"), ("floor", floor)):
            connection.execute(f"attach '{file.resolve()}' as {name} (read_only)")
        for table, columns in COMPARED.items():
            ours, theirs = (f"select {columns} from {side}.{table}" for side in ("snapshot", "floor"))
            differing = connection.execute(
                f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours})) limit 4"
            ).fetchall()
            assert not differing, f"{table} differs from the hand-written script's: {differing}"
