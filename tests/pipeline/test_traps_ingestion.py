"""Traps 41 to 48: repeated, late, corrected and odd input."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from orchestration.transform.warehouse import Window
from tests.support.pipeline import Pipeline
from tests.support.requests import Line, analysis, capture, deliver, said

MARCH = ("2026-03-01", "2026-03-31")
TABLES = ("fct_conversation_days", "fct_user_days", "fct_organization_days", "dim_users", "dim_organizations")


def visit(conversation: str, at: str, organization: str = "o1", message: str = "", **other: Any) -> Line:
    """One message of ann."""
    return capture(
        conversation, said(message or at, at), user={"id": "ann"}, organization={"id": organization}, **other
    )


def tables(pipeline: Pipeline) -> dict[str, list[Line]]:
    return {table: pipeline.query(f"from {table} order by all") for table in TABLES}


def outcomes(pipeline: Pipeline) -> tuple[int, ...]:
    """Lines, accepted, duplicates and quarantined of all runs."""
    (row,) = pipeline.query(
        "select cast(sum(lines) as bigint), cast(sum(accepted) as bigint), cast(sum(duplicates) as bigint),"
        " cast(sum(quarantined) as bigint) from receipts"
    ) or [{}]
    return tuple(row.values())


def test_trap_41_a_message_id_counts_once_and_its_first_arrival_decides(pipeline: Pipeline) -> None:
    first = visit("c1", "2026-03-10T10:00:00Z", message="m1")
    second = visit("c1", "2026-03-11T10:00:00Z", message="m1")
    pipeline.run(second).run(first)
    row = pipeline.organizations()["o1"]
    assert (row["messages"], row["last_activity_at"]) == (1, datetime(2026, 3, 10, 10))


def test_trap_41_one_message_id_in_two_conversations_is_two_messages(pipeline: Pipeline) -> None:
    pipeline.run(*(visit(one, "2026-03-10T10:00:00Z", message="m1") for one in ("c1", "c2")))
    assert pipeline.organizations()["o1"]["messages"] == 2


def test_trap_41_messages_without_an_id_are_known_by_request_and_place(pipeline: Pipeline) -> None:
    """A client without ids sends all it has said so far with every turn: two requests, three messages."""
    user = {"user": {"id": "ann"}}
    one_turn = capture("c1", said(None), received_at="2026-03-10T10:00:00Z", **user)
    two_turns = capture("c1", said(None), said(None), received_at="2026-03-10T10:01:00Z", **user)
    pipeline.run(one_turn, two_turns).run(one_turn, two_turns, file="again.jsonl")
    row = pipeline.users()["ann"]
    assert (row["conversations"], row["messages"]) == (1, 3)
    assert outcomes(pipeline) == (4, 2, 2, 0)


def test_trap_41_equal_json_is_one_record_however_it_is_written(pipeline: Pipeline) -> None:
    line = visit("c1", "2026-03-10T10:00:00Z", message=" ")
    pipeline.run(line, json.dumps(line, indent=None, separators=(" , ", " : "), sort_keys=True).encode())
    assert outcomes(pipeline) == (2, 1, 1, 0)
    assert pipeline.users()["ann"]["messages"] == 1


def test_trap_42_a_run_without_news_changes_nothing(pipeline: Pipeline) -> None:
    before = tables(pipeline.run(visit("c1", "2026-03-10T10:00:00Z")))
    assert tables(pipeline.refresh()) == before
    assert tables(pipeline.refresh(full=True)) == before


def test_trap_42_a_day_whose_only_message_moves_away_is_emptied(pipeline: Pipeline) -> None:
    """The first arrival of a message id decides its time; here it is read in a later run."""
    pipeline.run(visit("c1", "2026-03-11T10:00:00Z", message="m1", received_at="2026-03-12T00:00:00Z"))
    assert pipeline.organizations("2026-03-11", "2026-03-11")["o1"]["conversations"] == 1
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z", message="m1", received_at="2026-03-11T00:00:00Z"))
    assert pipeline.organizations("2026-03-11", "2026-03-11") == {}
    for table in ("fct_conversation_days", "fct_user_days", "fct_organization_days"):
        assert [row["activity_date"] for row in pipeline.query(f"from {table}")] == [date(2026, 3, 10)]


def test_trap_43_an_event_of_years_ago_counts_on_its_day(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z"))
    pipeline.run(visit("c1", "2001-01-01T10:00:00Z", received_at="2026-03-10T11:00:00Z"))
    assert pipeline.organizations("2001-01-01", "2001-01-01")["o1"]["messages"] == 1
    assert pipeline.organizations(*MARCH)["o1"]["first_seen_at"] == datetime(2001, 1, 1, 10)


def test_trap_44_any_split_over_runs_gives_the_multiset_of_a_rebuild(pipeline: Pipeline) -> None:
    lines = [visit(f"c{n % 3}", f"2026-03-{10 + n}T10:00:00Z", f"o{n % 2}") for n in range(6)]
    lines += [analysis("c1", {"2026-03-11T10:00:00Z": [0.5]}, "2026-03-25T00:00:00Z")]
    for line in reversed(lines):
        pipeline.run(line)
    step_by_step = tables(pipeline)
    assert tables(pipeline.refresh(full=True)) == step_by_step


def test_trap_45_a_conversation_that_goes_takes_last_activity_and_users_back(pipeline: Pipeline) -> None:
    bob = {"user": {"id": "bob"}}
    last = said("m2", "2026-03-20T10:00:00Z")
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z"), capture("c2", last, organization={"id": "o1"}, **bob))
    row = pipeline.organizations()["o1"]
    assert (row["last_activity_at"], row["users"]) == (datetime(2026, 3, 20, 10), 2)
    corrected = capture("c2", last, organization={"id": "o2"}, received_at="2026-03-21T00:00:00Z", **bob)
    row = pipeline.run(corrected).organizations()["o1"]
    assert (row["last_activity_at"], row["users"], row["conversations"]) == (datetime(2026, 3, 10, 10), 1, 1)


def test_trap_47_a_corrected_organization_changes_both(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-01-10T10:00:00Z", "wrong"))
    pipeline.run(visit("c1", "2026-01-10T10:00:00Z", "right", received_at="2026-03-21T00:00:00Z"))
    assert set(pipeline.organizations("2026-01-01", "2026-01-31")) == {"right"}
    assert [row["organization_id"] for row in pipeline.query("from fct_organization_days")] == ["right"]


def test_trap_47_an_older_request_that_arrives_late_does_not_take_the_conversation(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z", "right"))
    pipeline.run(visit("c1", "2026-03-09T10:00:00Z", "wrong", received_at="2026-03-21T00:00:00Z"))
    assert set(pipeline.organizations()) == {"right"}


def test_trap_47_a_vanished_organization_leaves_no_row_anywhere(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z", "gone"), visit("c2", "2026-03-10T10:00:00Z", "stays"))
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z", "stays", received_at="2026-03-21T00:00:00Z"))
    assert {one: row["conversations"] for one, row in pipeline.organizations().items()} == {"stays": 2}


def test_trap_48_custom_fields_of_any_type_never_fail_a_run(pipeline: Pipeline) -> None:
    values = [1, "one", True, None, [1], {"a": 1}, 1e300, float("nan"), "\x00", "x" * 5000]
    lines = [
        visit(f"c{n}", f"2026-03-10T10:00:0{n}Z", custom={"field": value, "": 1}) for n, value in enumerate(values)
    ]
    row = pipeline.run(*lines).organizations()["o1"]
    assert row["conversations"] == len(values)
    assert outcomes(pipeline) == (10, 10, 0, 0)


def test_trap_48_unknown_keys_are_ignored_and_the_order_of_keys_means_nothing(pipeline: Pipeline) -> None:
    line = visit("c1", "2026-03-10T10:00:00Z", novelty={"deep": [1]})
    pipeline.run(line, {key: line[key] for key in reversed(line)})
    assert outcomes(pipeline) == (2, 1, 1, 0)
    assert pipeline.users()["ann"]["conversations"] == 1


def test_arrival_days_that_run_one_by_one_give_the_tables_of_one_run(pipeline: Pipeline) -> None:
    lines = [visit("c1", f"2026-03-{day}T10:00:00Z", f"o{day}") for day in (10, 11, 12)]
    pipeline.run(*lines)
    at_once = tables(pipeline)
    other = Pipeline(pipeline.home.with_name("other"), pipeline.project)
    try:
        deliver(other.home, *lines)
        for day in (12, 10):
            other.refresh(Window(date(2026, 3, day), date(2026, 3, day)))
        assert tables(other.refresh()) == at_once
    finally:
        other.close()


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"received_at": "2026-03-10T10:00:00Z"}',
        {"received_at": "yesterday", "chatbot_id": "support", "shape": "capture", "request": {}},
        capture("", said("m1", "2026-03-10T10:00:00Z")),
        capture("c9", received_at="2026-03-10T10:00:00Z"),
        capture("c9", said("m1", "2026-03-10T10:00:00Z", role="robot")),
        capture("c9", said("m1", "10 March"), received_at="2026-03-10T10:00:00Z"),
    ],
)
def test_a_bad_line_is_quarantined_and_the_lines_around_it_count(pipeline: Pipeline, bad: Any) -> None:
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z"), bad, visit("c2", "2026-03-10T10:00:00Z"))
    assert pipeline.organizations()["o1"]["conversations"] == 2
    assert outcomes(pipeline) == (3, 2, 0, 1)
