"""Traps 24 to 31: attributes, their clock and their history."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.pipeline import Pipeline
from tests.support.requests import Line, capture, flat, said, track, write_chatbots

FEBRUARY = ("2026-02-01", "2026-02-28")
MARCH = ("2026-03-01", "2026-03-31")


def tells(at: str, received_at: str = "", conversation: str = "c1", **attributes: Any) -> Line:
    """A request of ann, at a time, with these attributes of hers."""
    user = {"id": "ann"} | attributes
    return capture(conversation, said(f"{conversation} {at}", at), received_at=received_at, user=user)


def plans(pipeline: Pipeline, column: str = "plan") -> list[tuple[Any, ...]]:
    """Every version of ann: value, valid from, valid to."""
    rows = pipeline.query(
        f"select {column}, valid_from, valid_to from dim_users where user_id = 'ann' order by valid_from"
    )
    return [tuple(row.values()) for row in rows]


def ann(pipeline: Pipeline, *days: Any, clock: str = "range_end") -> Line:
    return pipeline.users(*days, clock=clock)["ann"]


def test_trap_24_the_plan_is_that_of_the_ranges_end_or_of_now(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-02-10T10:00:00Z", plan="free"), tells("2026-03-15T10:00:00Z", plan="pro"))
    assert ann(pipeline, *FEBRUARY)["plan"] == "free"
    assert ann(pipeline, *FEBRUARY, clock="now")["plan"] == "pro"
    assert ann(pipeline, *MARCH)["plan"] == "pro"
    filtered = "select user_id from users('support', '2026-02-01', '2026-02-28') where plan = 'pro'"
    assert pipeline.query(filtered) == []


def test_trap_24_a_users_organization_is_named_by_the_same_clock(pipeline: Pipeline) -> None:
    for at, name in (("2026-02-10T10:00:00Z", "Old name"), ("2026-03-15T10:00:00Z", "New name")):
        pipeline.run(capture(at, said(at, at), user={"id": "ann"}, organization={"id": "o1", "name": name}))
    assert ann(pipeline, *FEBRUARY)["organization_name"] == "Old name"
    assert ann(pipeline, *FEBRUARY, clock="now")["organization_name"] == "New name"
    assert pipeline.organizations(*FEBRUARY)["o1"]["organization_name"] == "Old name"


def test_trap_25_an_absent_field_keeps_and_an_explicit_null_clears(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-01T10:00:00Z", plan="pro", industry="Retail"), tells("2026-03-02T10:00:00Z"))
    assert (ann(pipeline)["plan"], ann(pipeline)["industry"]) == ("pro", "Retail")
    pipeline.run(tells("2026-03-03T10:00:00Z", plan=None))
    assert (ann(pipeline)["plan"], ann(pipeline)["industry"]) == (None, "Retail")


def test_trap_26_of_two_equal_event_times_the_later_arrival_wins(pipeline: Pipeline) -> None:
    at = "2026-03-01T10:00:00Z"
    by_time = [tells(at, f"2026-03-01T10:00:0{n}Z", plan=plan) for n, plan in ((2, "later"), (1, "earlier"))]
    pipeline.run(*by_time)
    assert plans(pipeline) == [("later", datetime(2026, 3, 1, 10), None)]


def test_trap_26_at_one_moment_file_and_line_decide(pipeline: Pipeline) -> None:
    at = "2026-03-01T10:00:00Z"
    pipeline.run(tells(at, plan="b2"), file="b.jsonl")
    pipeline.run(tells(at, plan="a1"), tells(at, plan="a2"), file="a.jsonl")
    assert ann(pipeline)["plan"] == "b2"
    pipeline.run(tells(at, plan="b3"), file="b.jsonl")
    assert ann(pipeline)["plan"] == "b3"


def test_trap_27_an_older_event_that_arrives_late_does_not_overwrite(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-15T10:00:00Z", plan="pro"))
    pipeline.run(tells("2026-03-01T10:00:00Z", "2026-03-20T10:00:00Z", plan="free"))
    assert ann(pipeline)["plan"] == "pro"
    assert [value for value, *_ in plans(pipeline)] == ["free", "pro"]


def test_trap_28_a_backdated_change_splits_a_version_without_gap_or_overlap(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-01T00:00:00Z", plan="free"), tells("2026-03-31T00:00:00Z", plan="gold"))
    pipeline.run(tells("2026-03-10T00:00:00Z", "2026-04-01T00:00:00Z", plan="pro"))
    first, second, third = (datetime(2026, 3, day) for day in (1, 10, 31))
    assert plans(pipeline) == [("free", first, second), ("pro", second, third), ("gold", third, None)]
    on_the_boundary = "select plan from dim_users where valid_from <= ? and (valid_to > ? or valid_to is null)"
    assert pipeline.query(on_the_boundary, [second, second]) == [{"plan": "pro"}]


def test_trap_28_a_change_exactly_at_the_ranges_end_does_not_show(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-10T00:00:00Z", plan="free"), tells("2026-04-01T00:00:00Z", plan="pro"))
    assert ann(pipeline, *MARCH)["plan"] == "free"
    assert ann(pipeline, MARCH[0], "2026-04-01")["plan"] == "pro"


@pytest.mark.parametrize(("zone", "plan"), [("America/New_York", "pro"), ("Asia/Kolkata", "free")])
def test_trap_28_the_ranges_end_is_midnight_of_the_reporting_zone(pipeline: Pipeline, zone: str, plan: str) -> None:
    write_chatbots(pipeline.home, support={"time_zone": zone})
    pipeline.run(tells("2026-03-10T00:00:00Z", plan="free"), tells("2026-03-31T20:00:00Z", plan="pro"))
    assert ann(pipeline, *MARCH)["plan"] == plan


def test_trap_29_there_and_back_are_three_versions(pipeline: Pipeline) -> None:
    pipeline.run(
        *(tells(f"2026-03-0{day}T10:00:00Z", plan=plan) for day, plan in ((1, "free"), (2, "pro"), (3, "free")))
    )
    assert [value for value, *_ in plans(pipeline)] == ["free", "pro", "free"]


def test_trap_29_the_same_said_again_is_no_new_version(pipeline: Pipeline) -> None:
    pipeline.run(*(tells(f"2026-03-0{day}T10:00:00Z", plan="free") for day in (1, 2, 3)))
    assert plans(pipeline) == [("free", datetime(2026, 3, 1, 10), None)]


def test_trap_29_before_the_first_version_the_first_version_shows(pipeline: Pipeline) -> None:
    """The organization is named long after the day on which its conversation began."""
    pipeline.run(capture("c1", said("m1", "2026-02-10T10:00:00Z")))
    named = {"id": "o1", "name": "Acme", "plan": "pro"}
    pipeline.run(capture("c1", said("m2", "2026-03-10T10:00:00Z"), organization=named))
    assert pipeline.organizations(*FEBRUARY)["o1"]["plan"] == "pro"


def test_trap_30_the_mrr_of_an_organization_is_no_sum(pipeline: Pipeline) -> None:
    requests = [
        capture(
            f"c{user}",
            said("m1", "2026-03-10T10:00:00Z"),
            user={"id": user, "mrr": 7},
            organization={"id": "o1", "mrr": 5000},
        )
        for user in ("a", "b", "c")
    ]
    pipeline.run(*requests)
    assert pipeline.organizations()["o1"]["mrr"] == 5000
    assert [row["mrr"] for row in pipeline.users().values()] == [7, 7, 7]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (0, 0),
        (None, None),
        ("1,500", 10),
        ("$9", 10),
        ("9", 10),
        (True, 10),
        ([1], 10),
        (-3, -3),
        (49.99, "49.99"),
        ("null", None),
    ],
)
def test_trap_30_only_a_number_is_an_mrr_and_null_is_not_zero(pipeline: Pipeline, sent: Any, shown: Any) -> None:
    pipeline.run(tells("2026-03-01T10:00:00Z", mrr=10), tells("2026-03-02T10:00:00Z", mrr=sent))
    assert ann(pipeline)["mrr"] == (None if shown is None else Decimal(shown))


def test_trap_30_numbers_sort_as_numbers(pipeline: Pipeline) -> None:
    amounts = {"a": 9, "b": 100, "c": 20, "d": None}
    pipeline.run(
        *(
            capture(user, said(None, "2026-03-01T10:00:00Z"), user={"id": user, "mrr": mrr})
            for user, mrr in amounts.items()
        )
    )
    rows = pipeline.query("select user_id from users('support', null, null) order by mrr desc nulls last")
    assert [row["user_id"] for row in rows] == ["b", "c", "a", "d"]


def test_trap_30_cents_become_whole_currency_of_that_chatbot_alone(pipeline: Pipeline) -> None:
    write_chatbots(pipeline.home, support={"mrr_unit": "units"}, sales={"mrr_unit": "units"})
    sent = [
        capture("c", said(None, "2026-03-01T10:00:00Z"), chatbot=one, user={"id": "ann", "mrr": 4999})
        for one in ("support", "sales")
    ]
    pipeline.run(*sent)
    write_chatbots(pipeline.home, support={"mrr_unit": "units"}, sales={"mrr_unit": "cents"})
    pipeline.run()
    assert pipeline.users(chatbot="support")["ann"]["mrr"] == 4999
    assert pipeline.users(chatbot="sales")["ann"]["mrr"] == Decimal("49.99")


@pytest.mark.parametrize("cleared", ["", "  ", "null", None])
def test_trap_31_empty_text_and_the_text_null_are_null(pipeline: Pipeline, cleared: Any) -> None:
    pipeline.run(tells("2026-03-01T10:00:00Z", plan="pro", name="Ann", email="ann@x.example"))
    pipeline.run(tells("2026-03-02T10:00:00Z", plan=cleared, name=cleared, email=cleared))
    row = ann(pipeline)
    assert (row["plan"], row["email"], row["user_name"]) == (None, None, "ann")


def test_trap_31_text_is_shown_trimmed_in_its_newest_spelling(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-01T10:00:00Z", plan="enterprise "), tells("2026-03-02T10:00:00Z", plan=" Enterprise"))
    assert ann(pipeline)["plan"] == "Enterprise"


def test_what_metadata_says_fills_user_and_organization_where_they_say_nothing(pipeline: Pipeline) -> None:
    sent = track(
        "c1",
        {"role": "user", "content": "Hello"},
        received_at="2026-03-01T10:00:00Z",
        user={"id": "ann", "plan": None},
        organization={"id": "o1", "name": "Acme", "mrr": 1},
        metadata={"plan": "pro", "mrr": 50, "industry": "Retail"},
    )
    pipeline.run(sent, flat({"role": "user"}, received_at="2026-03-01T11:00:00Z", email="Bob@x.example", plan="free"))
    users, organization = pipeline.users(), pipeline.organizations()["o1"]
    assert [users["ann"][name] for name in ("plan", "mrr", "industry")] == [None, 50, "Retail"]
    assert [organization[name] for name in ("plan", "mrr", "industry")] == ["pro", 1, "Retail"]
    assert (users["email:bob@x.example"]["plan"], users["email:bob@x.example"]["user_name"]) == (
        "free",
        "Bob@x.example",
    )
