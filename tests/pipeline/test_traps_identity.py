"""Traps 32 to 40: who is who, and whose conversation it is."""

import unicodedata
from datetime import datetime
from typing import Any

import pytest

from orchestration.errors import PipelineError
from orchestration.publish.leaving_out import MARTS
from tests.support.pipeline import Crash, Pipeline
from tests.support.requests import Line, capture, flat, said, write_identity

JANUARY = ("2026-01-01", "2026-01-31")
MARCH = ("2026-03-01", "2026-03-31")


def visit(
    conversation: str, user: Any = None, organization: Any = None, at: str = "2026-03-10T10:00:00Z", **other: Any
) -> Line:
    """A conversation with one message more; users and organizations as they are sent."""
    named = {"user": user, "organization": organization}
    return capture(conversation, said(at, at), **{name: one for name, one in named.items() if one is not None}, **other)


def counted(rows: dict[str, Line]) -> dict[str, int]:
    return {entity: row["conversations"] for entity, row in rows.items()}


def test_trap_32_one_id_in_two_chatbots_is_two_users(pipeline: Pipeline) -> None:
    for chatbot, plan in (("support", "free"), ("sales", "pro")):
        pipeline.run(visit("c1", {"id": "ann", "plan": plan}, {"id": "o1", "name": chatbot}, chatbot=chatbot))
    for chatbot, plan in (("support", "free"), ("sales", "pro")):
        row = pipeline.users(chatbot=chatbot)["ann"]
        assert (row["conversations"], row["plan"], row["organization_name"]) == (1, plan, chatbot)


@pytest.mark.parametrize("nobody", [None, {}, {"id": None}, {"id": "", "plan": "pro"}, {"name": "Ann"}])
def test_trap_33_without_id_and_email_a_conversation_counts_for_its_organization_alone(
    pipeline: Pipeline, nobody: Any
) -> None:
    pipeline.run(visit("c1", nobody, {"id": "o1"}), visit("c2", nobody, {"id": "o1"}))
    assert pipeline.users() == {}
    row = pipeline.organizations()["o1"]
    assert (row["conversations"], row["users"]) == (2, 0)
    assert (
        pipeline.run(visit("c1", nobody, {"id": "o1"}, "2026-03-10T11:00:00Z")).organizations()["o1"]["messages"] == 3
    )


def test_trap_33_what_has_no_user_and_no_organization_is_replaced_and_not_added_when_it_is_rebuilt(
    pipeline: Pipeline,
) -> None:
    """Deleting by a key that is null deletes nothing, so that the old row stayed beside the new one."""
    pipeline.run(visit("c1"), visit("c2", None, {"id": "o1"}), visit("c3", {"id": "ann"}))
    for hour in (11, 12):
        at = f"2026-03-10T{hour}:00:00Z"
        pipeline.run(visit("c1", at=at), visit("c2", None, {"id": "o1"}, at), visit("c3", {"id": "ann"}, at=at))
    facts = pipeline.query("select conversation_id, user_id, organization_id, messages from fct_conversation_days")
    assert sorted(tuple(row.values()) for row in facts) == [
        ("c1", None, None, 3),
        ("c2", None, "o1", 3),
        ("c3", "ann", None, 3),
    ]
    for table, entity in (("user", "ann"), ("organization", "o1")):
        assert [row[f"{table}_id"] for row in pipeline.query(f"from fct_{table}_days")] == [entity]


def test_trap_34_one_email_and_two_ids_are_two_rows(pipeline: Pipeline) -> None:
    pipeline.run(*(visit(one, {"id": one, "email": "ann@x.example"}) for one in ("u1", "u2")))
    assert counted(pipeline.users()) == {"u1": 1, "u2": 1}


def test_trap_34_emails_without_an_id_meet_in_their_normal_form(pipeline: Pipeline) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Ren\u00e9@x.example") for form in ("NFC", "NFD"))
    spellings = [composed, decomposed, f"  {composed.upper()} "]
    pipeline.run(*(visit(f"c{n}", {"email": email}) for n, email in enumerate(spellings)))
    assert counted(pipeline.users()) == {"email:ren\u00e9@x.example": 3}


def test_trap_34_a_user_who_changes_email_stays_one_row(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", {"id": "u1", "email": "old@x.example"}))
    pipeline.run(visit("c2", {"id": "u1", "email": "new@x.example"}, at="2026-03-11T10:00:00Z"))
    assert counted(pipeline.users()) == {"u1": 2}
    assert pipeline.users()["u1"]["email"] == "new@x.example"


def test_trap_35_ids_are_opaque_texts(pipeline: Pipeline) -> None:
    pipeline.run(*(visit(f"c{n}", {"id": one}) for n, one in enumerate([123, "123", "00123", "1e2", " 123"])))
    assert counted(pipeline.users()) == {"123": 2, "00123": 1, "1e2": 1, " 123": 1}


def test_trap_36_a_rename_keeps_one_organization_and_equal_names_stay_two(pipeline: Pipeline) -> None:
    pipeline.run(
        visit("c1", {"id": "u"}, {"id": "o1", "name": "Acme"}), visit("c2", {"id": "u"}, {"id": "o2", "name": "Acme"})
    )
    pipeline.run(visit("c3", {"id": "u"}, {"id": "o1", "name": "Acme Corp"}, "2026-03-11T10:00:00Z"))
    assert counted(pipeline.organizations()) == {"o1": 2, "o2": 1}
    assert pipeline.organizations()["o1"]["organization_name"] == "Acme Corp"


def test_trap_36_an_organization_known_by_name_is_its_own_row_until_it_is_mapped(pipeline: Pipeline) -> None:
    by_name = flat({"role": "user"}, received_at="2026-03-11T10:00:00Z", organization="  ACME  corp ")
    pipeline.run(visit("c1", {"id": "u"}, {"id": "o1", "name": "Acme Corp"}), by_name)
    assert counted(pipeline.organizations()) == {"o1": 1, "name:acme corp": 1}
    write_identity(pipeline.home, ("organization", "name:acme corp", "o1"))
    assert counted(pipeline.refresh().organizations()) == {"o1": 2}


def test_trap_37_a_user_who_moves_leaves_the_past_as_it_was(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", {"id": "u"}, {"id": "old"}, "2026-01-10T10:00:00Z"))
    before = pipeline.organizations(*JANUARY)
    pipeline.run(visit("c2", {"id": "u"}, {"id": "new"}, "2026-03-10T10:00:00Z"))
    assert pipeline.organizations(*JANUARY) == before
    assert pipeline.users(*JANUARY)["u"]["organization_id"] == "old"
    assert pipeline.users("2026-01-01", "2026-03-31")["u"]["organization_id"] == "new"


def test_trap_37_the_newest_conversation_decides_even_when_it_names_no_organization(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", {"id": "u"}, {"id": "o1"}), visit("c2", {"id": "u"}, at="2026-03-11T10:00:00Z"))
    assert pipeline.users()["u"]["organization_id"] is None
    # At one and the same newest moment it is the conversation that began later.
    pipeline.run(
        visit("c1", at="2026-03-11T10:00:00Z"), visit("c0", {"id": "u"}, {"id": "o0"}, at="2026-03-11T10:00:00Z")
    )
    assert pipeline.users()["u"]["organization_id"] is None  # c2 and c0 began together, and c2 is the greater id


def test_trap_38_a_user_of_two_organizations_doubles_no_conversation(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", {"id": "u"}, {"id": "o1"}), visit("c2", {"id": "u"}, {"id": "o2"}))
    assert counted(pipeline.organizations()) == {"o1": 1, "o2": 1}
    row = pipeline.users()["u"]
    assert (row["conversations"], row["organization_count"]) == (2, 2)


def test_trap_39_a_merge_touches_the_past_and_taking_it_back_restores_every_number(pipeline: Pipeline) -> None:
    pipeline.run(
        visit("c1", {"id": "a", "plan": "free"}, {"id": "x"}, "2026-01-10T10:00:00Z"),
        visit("c2", {"id": "b", "plan": "pro"}, {"id": "y"}, "2026-03-10T10:00:00Z"),
        visit("c3", {"id": "c"}, {"id": "x"}, "2026-03-11T10:00:00Z"),
    )
    tables = ("fct_conversation_days", "fct_user_days", "fct_organization_days", "dim_users", "dim_organizations")
    before = {table: pipeline.query(f"from {table} order by all") for table in tables}
    write_identity(pipeline.home, ("user", "a", "b"), ("user", "b", "c"), ("organization", "x", "y"))
    pipeline.refresh()
    assert counted(pipeline.users()) == {"c": 3}
    assert counted(pipeline.users(*JANUARY)) == {"c": 1}
    assert counted(pipeline.organizations(*JANUARY)) == {"y": 1}
    assert pipeline.users(*JANUARY)["c"]["plan"] == "free"
    assert pipeline.users()["c"]["first_seen_at"] == datetime(2026, 1, 10, 10)
    write_identity(pipeline.home)
    pipeline.refresh()
    assert {table: pipeline.query(f"from {table} order by all") for table in tables} == before


def test_trap_39_a_mapping_that_is_taken_back_after_a_crash_leaves_no_trace(pipeline: Pipeline) -> None:
    """The committed mapping is then the same as before, but some tables were already built with the other one."""
    pipeline.run(visit("c1", {"id": "a", "plan": "free"}, {"id": "x"}), visit("c2", {"id": "b"}, {"id": "y"}))
    before = [pipeline.query(f"from {table} order by all") for table in MARTS]
    for crash_after in range(0, len(pipeline.project.models) + 1, 3):
        write_identity(pipeline.home, ("user", "a", "b"), ("organization", "x", "y"))
        with pytest.raises(Crash):
            pipeline.refresh(crash_after=crash_after)
        write_identity(pipeline.home)
        pipeline.refresh()
        assert [pipeline.query(f"from {table} order by all") for table in MARTS] == before, crash_after


def test_trap_39_a_circle_is_refused_and_nothing_changes(pipeline: Pipeline) -> None:
    before = pipeline.run(visit("c1", {"id": "a"}), visit("c2", {"id": "b"})).users()
    write_identity(pipeline.home, ("user", "a", "b"), ("user", "b", "a"))
    with pytest.raises(PipelineError, match=r"identity\.csv, line \d: the mapping goes in a circle \(a -> b -> a\)"):
        pipeline.refresh()
    pipeline.close()
    write_identity(pipeline.home)
    assert pipeline.users() == before


@pytest.mark.parametrize("mark", [{"kind": "probe"}, {"kind": "replay"}])
def test_trap_40_a_request_of_a_probe_is_in_no_number_and_no_attribute(
    pipeline: Pipeline, mark: dict[str, str]
) -> None:
    later = "2026-03-20T10:00:00Z"
    pipeline.run(visit("c1", {"id": "ann", "plan": "pro"}, {"id": "o1"}))
    before = pipeline.users(), pipeline.organizations()
    pipeline.run(visit("c1", {"id": "ann", "plan": "free"}, {"id": "o9"}, later, **mark))
    pipeline.run(
        visit("c9", {"id": "bob"}, {"id": "o1"}, later, **mark), visit("obprobe_1", {"id": "eve"}, {"id": "o1"}, later)
    )
    assert (pipeline.users(), pipeline.organizations()) == before
    pipeline.refresh(full=True)
    assert (pipeline.users(), pipeline.organizations()) == before
    assert len(pipeline.query("from dim_users")) == 1


def test_trap_40_a_chatbot_that_only_had_probes_is_not_known(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", {"id": "ann"}, kind="probe", chatbot="lab"))
    assert pipeline.query("from chatbots") == []
