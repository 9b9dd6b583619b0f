"""Published numbers are held against raw before the pointer moves, whatever the warehouse says."""

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish.raw_counts import Counts, count_raw
from orchestration.publish.reconcile import Unreconciled
from orchestration.transform.seal import close_seal
from orchestration.transform.warehouse import Window, processed_slices
from tests.support.pipeline import Crash, Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import Line, analysis, capture, deliver, flat, said


def visit(conversation: str, *messages: Line, **other: Any) -> Line:
    return capture(conversation, *messages, user={"id": "ann"}, organization={"id": "acme"}, **other)


LINES = [
    visit("c1", said("m1", "2026-03-10T10:00:00Z"), said(None, "2026-03-10T10:01:00Z")),
    visit("c1", said("m1", "2026-03-10T10:00:00Z"), said("m2", "2026-03-11T10:00:00Z")),
    visit("c2", said("m1", "2026-03-11T10:00:00Z"), chatbot="sales"),
    visit("c3", said("m1", "2026-03-11T11:00:00Z"), kind="probe"),
    visit("obprobe_1", said("m1", "2026-03-11T11:00:00Z")),
    flat({"role": "user"}, received_at="2026-03-12T10:00:00Z"),
    analysis("c1", {"m1": [0.5]}, "2026-03-12T00:00:00Z"),
    b"{",
]


def change(warehouse: Path, *statements: str) -> None:
    """Change tables of the warehouse as a fault in the models would: the seal tells nothing."""
    with duckdb.connect(str(warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)
    close_seal(warehouse)


def test_raw_is_counted_once_by_chatbot_without_probes_copies_and_messages_sent_again(pipeline: Pipeline) -> None:
    expected = {"support": Counts(3, 2, 4), "sales": Counts(1, 1, 1)}

    def counted() -> dict[str, Counts]:
        pipeline.close()
        return count_raw(pipeline.home, processed_slices(pipeline.warehouse), "0").chatbots

    pipeline.run(*LINES[:3])
    assert counted() == {"support": Counts(2, 1, 3), "sales": Counts(1, 1, 1)}
    pipeline.run(*LINES[3:], file="more.jsonl")
    assert counted() == counted() == expected
    pipeline.run(*LINES[:3], file="again.jsonl")
    assert counted() == {"support": Counts(5, 2, 4), "sales": Counts(2, 1, 1)}
    (pipeline.home / "raw" / "counts.sqlite").write_bytes(b"junk" * 2000)
    assert counted() == {"support": Counts(5, 2, 4), "sales": Counts(2, 1, 1)}


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("delete from marts.fct_conversation_days where conversation_id = 'c1'", "raw has 4 request records"),
        (
            "update marts.fct_conversation_days set messages = 0 where conversation_id = 'c2'",
            "Chatbot sales",
        ),
        ("delete from staging.stg_requests where conversation_id = 'c1'", "Chatbot support"),
    ],
)
def test_a_snapshot_that_holds_less_than_raw_is_not_published(pipeline: Pipeline, fault: str, named: str) -> None:
    publisher = Publisher(pipeline).run(*LINES)
    before = publisher.manifest
    pipeline.run(visit("c9", said("m1", "2026-03-13T10:00:00Z")), file="news.jsonl").close()
    change(pipeline.warehouse, fault)
    with pytest.raises(Unreconciled, match=named):
        publisher.publish()
    assert publisher.manifest == before


def test_receipts_that_are_not_those_of_the_segments_are_not_published(pipeline: Pipeline) -> None:
    publisher = Publisher(pipeline).run(*LINES)
    with sqlite3.connect(pipeline.home / "raw" / "ledger.sqlite") as ledger:
        ledger.execute("update receipts set lines = lines + 1, accepted = accepted + 1")
    with pytest.raises(Unreconciled, match="The receipts say"):
        publisher.publish()


def test_a_day_that_shrinks_without_a_reason_is_not_published_and_one_with_a_reason_is(pipeline: Pipeline) -> None:
    publisher = Publisher(pipeline).run(*LINES)
    # The copy that arrived first decides the time: c2 moves to another day, with a reason.
    moved = visit("c2", said("m1", "2026-03-09T10:00:00Z"), chatbot="sales", received_at="2026-03-09T10:00:00Z")
    publisher.run(moved)
    days = publisher.query("select activity_date from fct_conversation_days where chatbot_id = 'sales'")
    assert [str(row["activity_date"]) for row in days] == ["2026-03-09"]
    # Nothing arrived, and the totals of the chatbot stay.
    pipeline.close()
    change(
        pipeline.warehouse,
        "update marts.fct_conversation_days set activity_date = '2026-03-08' where chatbot_id = 'sales'",
        "delete from intermediate.int_touched_conversations",
    )
    with pytest.raises(Unreconciled, match=r"1 days hold less than before, .*: 2026-03-09 of sales"):
        publisher.publish()


def test_a_window_behind_a_killed_run_also_finishes_what_that_run_had_begun(pipeline: Pipeline) -> None:
    deliver(pipeline.home, *LINES[:2], visit("c5", said("m1", "2026-03-15T10:00:00Z")))
    with pytest.raises(Crash):
        pipeline.refresh(crash_after=len(pipeline.project.models) // 3)
    pipeline.refresh(Window(date(2026, 3, 15), date(2026, 3, 15)))
    assert [one for one in pipeline.balances() if not one.is_even] == []
    assert len(pipeline.query("from fct_conversation_days")) == 3
