"""Custom fields through the whole pipeline: discovered per chatbot, with a history by the attribute rules."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.publish.leaving_out import MARTS
from tests.support.pipeline import Pipeline, copy_inbox
from tests.support.requests import SUPPORT, Line, capture, flat, said, track, write_chatbots, write_identity

VALUES = ("text_value", "number_value", "boolean_value")


def tells(at: str, received_at: str = "", conversation: str = "c1", user: str = "ann", **request: Any) -> Line:
    """A request of a user of o1; `custom` and other parts as given."""
    named = {"user": {"id": user}, "organization": {"id": "o1"}} | request
    return capture(conversation, said(f"{conversation} {at}", at), received_at=received_at, **named)


def known(
    pipeline: Pipeline, last: str | None = None, clock: str = "range_end", kind: str = "user", chatbot: str = SUPPORT
) -> dict[tuple[str, str], Any]:
    """The values that hold, by entity and field."""
    rows = pipeline.query("from custom_values(?, ?, ?, attributes := ?)", [chatbot, kind, last, clock])
    return {
        (row["entity_id"], row["field"]): next((row[name] for name in VALUES if row[name] is not None), None)
        for row in rows
    }


def fields(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """Every row of custom_fields, in order."""
    return [tuple(row.values()) for row in pipeline.query("from custom_fields order by chatbot_id, field")]


def assert_equals_a_rebuild(pipeline: Pipeline, folder: Path) -> None:
    rebuilt = Pipeline(copy_inbox(pipeline.home, folder), pipeline.project).refresh()
    try:
        for table in MARTS:
            query = f"from {table} order by all"
            assert pipeline.query(query) == rebuilt.query(query), table
    finally:
        rebuilt.close()


def test_custom_fields_are_discovered_per_chatbot_with_their_types(pipeline: Pipeline) -> None:
    pipeline.run(
        tells("2026-03-01T10:00:00Z", custom={"seats": 5, "tier": " Gold ", "beta": False}),
        tells("2026-03-01T10:00:00Z", conversation="c2", user="bob", custom={"seats": 2.5}),
        capture("c1", said("m", "2026-03-01T10:00:00Z"), chatbot="sales", user={"id": "ann"}, custom={"secret": 1}),
    )
    assert fields(pipeline) == [
        ("sales", "secret", "number", False, 1, 0),
        ("support", "beta", "boolean", False, 1, 1),
        ("support", "seats", "number", False, 2, 1),
        ("support", "tier", "text", False, 1, 1),
    ]
    ann = {("ann", "beta"): False, ("ann", "seats"): 5, ("ann", "tier"): "Gold"}
    assert known(pipeline) == ann | {("bob", "seats"): Decimal("2.5")}
    assert known(pipeline, chatbot="sales") == {("ann", "secret"): 1}


def test_custom_fields_belong_to_the_user_and_to_the_organization_of_the_request(pipeline: Pipeline) -> None:
    write_identity(pipeline.home, ("organization", "name:acme", "o1"))
    pipeline.run(
        tells("2026-03-01T10:00:00Z", custom={"seats": 5}, organization={"name": "Acme"}),
        tells("2026-03-01T10:00:00Z", conversation="c2", user="bob", organization=None, custom={"seats": 7}),
    )
    assert known(pipeline, kind="organization") == {("o1", "seats"): 5}
    assert known(pipeline) == {("ann", "seats"): 5, ("bob", "seats"): 7}


def test_custom_fields_come_in_every_shape_and_not_with_probes(pipeline: Pipeline) -> None:
    named = {"user": {"id": "ann"}, "metadata": {"plan": "pro", "seats": 1}}
    pipeline.run(
        track("c1", said("m1", "2026-03-01T10:00:00Z"), **named),
        flat(said("m2", "2026-03-02T10:00:00Z"), received_at="2026-03-02T10:00:00Z", userId="ann", tier="gold"),
        tells("2026-03-03T10:00:00Z", custom={"seats": 99, "probed": True}, kind="probe"),
    )
    assert known(pipeline) == {("ann", "seats"): 1, ("ann", "tier"): "gold"}
    assert [name for _, name, *_ in fields(pipeline)] == ["seats", "tier"]


def test_trap_48_a_custom_field_that_is_absent_keeps_and_one_that_is_null_clears(pipeline: Pipeline) -> None:
    pipeline.run(
        tells("2026-03-01T10:00:00Z", custom={"seats": 5, "tier": "gold"}),
        tells("2026-03-02T10:00:00Z", custom={"seats": 6}),
        tells("2026-03-03T10:00:00Z"),
    )
    assert known(pipeline) == {("ann", "seats"): 6, ("ann", "tier"): "gold"}
    pipeline.run(tells("2026-03-04T10:00:00Z", custom={"seats": None, "tier": "null"}))
    assert known(pipeline) == {}
    assert fields(pipeline) == [("support", "seats", "number", False, 0, 0), ("support", "tier", "text", False, 0, 0)]


def test_custom_fields_are_shown_as_of_the_ranges_end_or_of_now(pipeline: Pipeline) -> None:
    write_chatbots(pipeline.home, support={"time_zone": "America/New_York"})
    pipeline.run(
        tells("2026-03-02T10:00:00Z", custom={"seats": 1}),
        tells("2026-03-11T03:00:00Z", custom={"seats": 2, "tier": "gold"}),
    )
    assert known(pipeline, "2026-03-09") == {("ann", "seats"): 1}
    assert known(pipeline, "2026-03-10") == {("ann", "seats"): 2, ("ann", "tier"): "gold"}
    assert known(pipeline, "2026-03-09", clock="now") == known(pipeline, "2026-03-10")
    assert known(pipeline, "2026-02-01") == {("ann", "seats"): 1}  # as every attribute: the first version stands before


def test_a_late_older_custom_value_does_not_overwrite_and_ties_go_to_the_later_arrival(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-15T10:00:00Z", custom={"seats": 5}))
    pipeline.run(tells("2026-03-01T10:00:00Z", "2026-03-20T10:00:00Z", custom={"seats": 1}))
    assert known(pipeline) == {("ann", "seats"): 5}
    assert known(pipeline, "2026-03-14") == {("ann", "seats"): 1}
    pipeline.run(tells("2026-03-15T10:00:00Z", "2026-03-16T10:00:00Z", "c2", custom={"seats": 6}))
    pipeline.run(tells("2026-03-15T10:00:00Z", "2026-03-15T20:00:00Z", "c3", custom={"seats": 7}))
    assert known(pipeline) == {("ann", "seats"): 6}


def test_trap_48_a_custom_field_that_changes_its_type_is_reported_and_never_fails_a_run(pipeline: Pipeline) -> None:
    pipeline.run(tells("2026-03-01T10:00:00Z", custom={"seats": 5, "tier": None}))
    assert pipeline.broken_tests("warn") == []
    pipeline.run(tells("2026-03-02T10:00:00Z", custom={"seats": "many", "tier": "gold"}))
    pipeline.run(tells("2026-03-03T10:00:00Z", custom={"seats": None}))
    assert pipeline.broken_tests() == []
    assert pipeline.broken_tests("warn") == ["custom_fields_keep_their_type"]
    assert fields(pipeline) == [("support", "seats", "text", True, 0, 0), ("support", "tier", "text", False, 1, 1)]
    assert [known(pipeline, f"2026-03-0{day}").get(("ann", "seats")) for day in (1, 2, 3)] == [5, "many", None]


def test_trap_48_the_order_of_custom_keys_means_nothing(pipeline: Pipeline) -> None:
    custom = {"seats": 5, "tier": "gold"}
    line = tells("2026-03-01T10:00:00Z", custom=custom)
    backwards = line | {"request": line["request"] | {"custom": dict(reversed(custom.items()))}}
    pipeline.run(line, backwards)
    assert pipeline.query("select sum(duplicates) as n from receipts") == [{"n": 1}]
    assert len(pipeline.query("from dim_custom_values")) == 4


def test_names_of_custom_fields_are_texts_whatever_marks_they_hold(pipeline: Pipeline) -> None:
    names = ["Seats", "seats", "a.b", "it's", 'say "x"', "名前", "%_", "select"]
    pipeline.run(tells("2026-03-01T10:00:00Z", custom=dict.fromkeys(names, "x")))
    assert {field for _, field in known(pipeline)} == set(names)


def test_custom_tables_after_many_runs_equal_those_of_one(pipeline: Pipeline) -> None:
    """Late, repeated, cleared and remapped values, and another zone, in runs of one line each."""
    lines = [
        tells("2026-03-05T10:00:00Z", custom={"seats": 5, "tier": "gold"}),
        tells("2026-03-01T10:00:00Z", "2026-03-06T10:00:00Z", "c2", custom={"seats": "few"}),
        tells("2026-03-05T10:00:00Z", custom={"seats": 5, "tier": "gold"}),
        tells("2026-03-07T10:00:00Z", "", "c3", user="bob", custom={"seats": None}),
        tells("2026-03-08T10:00:00Z", "", "c3", user="bob", organization={"id": "o2"}, custom={"beta": True}),
    ]
    for number, line in enumerate(lines):
        pipeline.run(line, file=f"{number}.jsonl")
    assert_equals_a_rebuild(pipeline, pipeline.home.with_name("one"))
    write_identity(pipeline.home, ("user", "bob", "ann"), ("organization", "o2", "o1"))
    pipeline.refresh()
    assert known(pipeline) == {("ann", "beta"): True, ("ann", "tier"): "gold"}
    assert_equals_a_rebuild(pipeline, pipeline.home.with_name("two"))
    write_identity(pipeline.home)
    write_chatbots(pipeline.home, support={"time_zone": "Pacific/Auckland"})
    pipeline.refresh()
    assert known(pipeline)["bob", "beta"] is True
    assert pipeline.broken_tests() == []
    assert_equals_a_rebuild(pipeline, pipeline.home.with_name("three"))
