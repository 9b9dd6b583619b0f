"""Everything that readers of a snapshot see, as multisets to the last digit; and the counts of what was read.

Left out is what may differ between two homes of the same input: the ids and times of runs and snapshots, which of two
equal lines is called the copy, and the ledger of changes, which tells how the tables came to be.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import duckdb

from orchestration.extract.landing.ledger import receipts
from orchestration.publish.leaving_out import MARTS
from tests.support.agreement import assert_facts_of, assert_tables_of
from tests.support.oracle import Oracle
from tests.support.publishing import Snapshot

CLOCKS = ("range_end", "now")
COUNTS = ("lines", "accepted", "duplicates", "quarantined", "warnings")


def published_rows(home: Path) -> dict[str, Counter[str]]:
    """The rows of every table and macro of the current snapshot, written out, by what was asked."""
    file = (home / "published" / "current.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:

        def rows(query: str, *values: object) -> list[tuple[object, ...]]:
            return connection.execute(query, values).fetchall()

        tables = {table: f"from {table}" for table in (*MARTS, "data_quality")}
        tables["receipts"] = f"select {', '.join(f'sum({count})' for count in COUNTS)} from receipts"
        tables["snapshot_info"] = "select data_through from snapshot_info"
        found = {table: Counter(map(repr, rows(query))) for table, query in tables.items()}
        chatbots = [str(chatbot) for (chatbot,) in rows("select chatbot_id from chatbots order by 1")]
        days = rows("select distinct activity_date from fct_conversation_days")
        spans = list(ranges([day for (day,) in days if isinstance(day, date)]))
        for chatbot, clock, (first, last) in product(chatbots, CLOCKS, spans):
            asked = f"{chatbot}, {first or ''} to {last or ''}, {clock}"
            for macro in ("organizations", "users"):
                shown = rows(f"from {macro}(?, ?, ?, attributes := ?)", chatbot, first, last, clock)
                found[f"{macro}({asked})"] = Counter(map(repr, shown))
            for kind in ("user", "organization"):
                shown = rows("from custom_values(?, ?, ?, attributes := ?)", chatbot, kind, last, clock)
                found[f"custom_values({kind}, {asked})"] = Counter(map(repr, shown))
    return found


def judge(home: Path) -> int:
    """Compare the current snapshot of a home that scores nothing itself with the second computation.

    Returns how many questions were answered alike. Raises AssertionError with rows that differ.
    """
    oracle, published = Oracle(home), Snapshot(home)
    assert_facts_of(oracle, published)
    spans = list(ranges([message.day for message in oracle.messages]))
    asked = list(product(oracle.chatbots, spans, CLOCKS))
    for chatbot, (first, last), clock in asked:
        assert_tables_of(oracle, published, chatbot, first, last, clock)
    return len(asked)


def ranges(days: list[date]) -> Iterator[tuple[date | None, date | None]]:
    """All time, both open halves, every month, and the first, a middle and the last day."""
    first, last = min(days), max(days)
    middle = sorted(days)[len(days) // 2]
    yield from [(None, None), (None, middle), (middle, None), (first, last)]
    yield from [(day, day) for day in (first, middle, last)]
    with duckdb.connect() as connection:
        months = connection.execute(
            "select cast(month as date), last_day(month) from range(date_trunc('month', ?::date), ?::date,"
            " interval 1 month) as months(month)",
            [first, last],
        ).fetchall()
    yield from months


def check_receipts(home: Path, delivered: int) -> Counter[str]:
    """Every receipt adds up, and all of them make the lines that were delivered; returns the counts of all runs."""
    found: Counter[str] = Counter()
    for receipt in receipts(home):
        counts = {name: getattr(receipt, name) for name in COUNTS}
        assert counts["lines"] == counts["accepted"] + counts["duplicates"] + counts["quarantined"], receipt
        found.update(counts)
    assert found["lines"] == delivered, f"{delivered:,} lines were delivered, {found['lines']:,} are accounted for"
    return found
