"""`exclude.csv`: one's own staff and test accounts are in no table and no total, counted beside them, and come back."""

import subprocess
from typing import Any

import duckdb
import pytest

from orchestration.errors import PipelineError
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import Merge
from orchestration.publish.leaving_out import MARTS
from tests.support.pipeline import Pipeline, Row, refresh
from tests.support.publishing import Publisher
from tests.support.requests import Line, capture, deliver, said, write_exclusions, write_identity

TABLES = (*MARTS, "data_quality")


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    return Publisher(pipeline)


def visit(conversation: str, day: int, user: Any = None, organization: Any = None, **other: Any) -> Line:
    named = {"user": user, "organization": organization}
    sent = {name: one for name, one in named.items() if one}
    return capture(conversation, said(f"m{day}", f"2026-03-{day:02}T10:00:00Z"), **sent, **other)


LINES = (
    visit("c1", 1, {"id": "ann", "email": "ann@customer.example"}, {"id": "acme"}),
    visit("c2", 2, {"id": "dev", "email": "Dev@OURS.example"}, {"id": "acme", "plan": "pro"}, custom={"beta": True}),
    visit("c3", 3, {"email": "qa@ours.example"}, {"id": "tests"}),
    visit("c4", 4, {"id": "ann"}, {"id": "tests"}),
    visit("c5", 5, {"id": "eve", "email": "eve@notours.example"}, {"id": "bolt"}),
    visit("c6", 6, {"id": "dev", "email": "dev@ours.example"}, {"id": "acme"}, chatbot="sales"),
)


def everything(publisher: Publisher) -> dict[str, list[Row]]:
    return {table: publisher.query(f"from {table} order by all") for table in TABLES}


def ids(publisher: Publisher, table: str, *more: str) -> list[str]:
    options = "".join(f", {one}" for one in more)
    rows = publisher.query(f"from {table}('support', null, null{options}) order by 1")
    return [row[f"{table[:-1]}_id"] for row in rows]


def test_conversations_of_nobody_and_of_nothing_make_no_row_of_a_day_on_which_one_is_left_out(
    publisher: Publisher,
) -> None:
    """One that is left out and one that is kept name no organization on one day, or no user."""
    write_exclusions(publisher.home, ("user", "dev"), ("organization", "tests"))
    publisher.run(
        visit("c1", 1, {"id": "dev"}),
        visit("c2", 1, {"id": "ann"}),
        visit("c3", 2, None, {"id": "tests"}),
        visit("c4", 2, None, {"id": "acme"}),
    )
    days = {
        kind: publisher.query(f"select {kind}_id as id, conversations from fct_{kind}_days")
        for kind in ("user", "organization")
    }
    assert days == {
        "user": [{"id": "ann", "conversations": 1}],
        "organization": [{"id": "acme", "conversations": 1}],
    }


def test_a_domain_a_user_and_an_organization_are_in_no_table_and_no_total(publisher: Publisher) -> None:
    write_exclusions(publisher.home, ("email_domain", "@Ours.example"), ("organization", "tests"))
    publisher.run(*LINES)
    assert ids(publisher, "users") == ["ann", "eve"]
    assert ids(publisher, "organizations") == ["acme", "bolt"]
    shown = publisher.query("select conversation_id from fct_conversation_days where chatbot_id = 'support' order by 1")
    assert [row["conversation_id"] for row in shown] == ["c1", "c5"]
    days = publisher.query(
        "select organization_id, activity_date::varchar as day, conversations from fct_organization_days"
    )
    assert sorted(tuple(row.values()) for row in days) == [
        ("acme", "2026-03-01", 1),
        ("acme", "2026-03-06", 1),
        ("bolt", "2026-03-05", 1),
    ]
    assert {row["user_id"] for row in publisher.query("from dim_users where chatbot_id = 'support'")} == {"ann", "eve"}
    # Sent with a conversation of the organization's as well, which stays.
    (field,) = publisher.query("from custom_fields")
    assert (field["users"], field["organizations"]) == (0, 1)
    (quality,) = publisher.query("from data_quality where chatbot_id = 'support' and organization_id is null")
    assert quality["conversations"] == 2


def test_what_is_left_out_is_counted_beside_the_tables_by_line_of_the_file(publisher: Publisher) -> None:
    write_exclusions(publisher.home, ("email_domain", "ours.example"), ("organization", "tests"), ("user", "nobody"))
    publisher.run(*LINES)
    counted = publisher.query("from exclusions")
    assert [(row["kind"], row["value"], row["conversations"], row["users"]) for row in counted] == [
        ("email_domain", "ours.example", 2, 2),
        ("organization", "tests", 2, 2),
        ("user", "nobody", 0, 0),
    ]
    left_out = publisher.query("select distinct conversation_id from excluded_conversation_days order by 1")
    assert [row["conversation_id"] for row in left_out] == ["c2", "c3", "c4"]


def test_on_request_the_tables_are_as_if_nothing_were_left_out(publisher: Publisher) -> None:
    whole = publisher.run(*LINES)
    ranges = ("null, null", "'2026-03-02', '2026-03-03'", "'2026-03-04', null")
    queries = [
        f"from {table}('support', {days}{{}}) order by all" for table in ("users", "organizations") for days in ranges
    ]
    queries.append("from custom_values('support', 'user', null{}) order by all")
    before = [whole.query(query.format("")) for query in queries]
    write_exclusions(publisher.home, ("email_domain", "ours.example"), ("organization", "tests"))
    publisher.publish()
    assert [publisher.query(query.format(", excluded := 'include'")) for query in queries] == before
    assert [publisher.query(query.format("")) for query in queries] != before
    with pytest.raises(duckdb.InvalidInputException, match="excluded must be 'leave out' or 'include'"):
        publisher.query("from users('support', null, null, excluded := 'yes')")


def test_a_deleted_line_brings_everything_back(publisher: Publisher) -> None:
    before = everything(publisher.run(*LINES))
    write_exclusions(publisher.home, ("email_domain", "ours.example"), ("organization", "tests"), ("user", "eve"))
    assert everything(publisher.publish()) != before
    write_exclusions(publisher.home)
    assert everything(publisher.publish()) == before


def test_first_seen_and_last_activity_are_of_what_is_shown(publisher: Publisher) -> None:
    write_exclusions(publisher.home, ("user", "dev"))
    publisher.run(visit("c0", 1, {"id": "dev"}, {"id": "acme"}), visit("c1", 3, {"id": "ann"}, {"id": "acme"}))
    publisher.run(visit("c2", 9, {"id": "dev"}, {"id": "acme"}))
    (row,) = publisher.query("from organizations('support', null, null)")
    assert (row["first_seen_at"].day, row["last_activity_at"].day, row["conversations"]) == (3, 3, 1)
    (row,) = publisher.query("from organizations('support', null, null, excluded := 'include')")
    assert (row["first_seen_at"].day, row["last_activity_at"].day, row["conversations"]) == (1, 9, 3)


def test_a_domain_is_that_of_the_e_mail_that_a_user_has_now(publisher: Publisher) -> None:
    write_exclusions(publisher.home, ("email_domain", "ours.example"))
    publisher.run(visit("c1", 1, {"id": "ann", "email": "ann@ours.example"}))
    assert ids(publisher, "users") == []
    publisher.run(visit("c2", 2, {"id": "ann", "email": "ann@customer.example"}))
    (row,) = publisher.query("from users('support', null, null)")
    assert row["conversations"] == 2


def test_an_id_that_is_merged_stands_for_its_target(publisher: Publisher) -> None:
    write_identity(publisher.home, ("user", "dev", "dev2"))
    write_exclusions(publisher.home, ("user", "dev"))
    publisher.run(visit("c1", 1, {"id": "dev"}), visit("c2", 2, {"id": "dev2"}), visit("c3", 3, {"id": "ann"}))
    assert ids(publisher, "users") == ["ann"]


def test_the_ledger_of_changes_names_the_exclusion_as_the_reason(publisher: Publisher) -> None:
    publisher.run(*LINES)
    write_exclusions(publisher.home, ("organization", "tests"))
    publisher.publish()
    write_exclusions(publisher.home)
    publisher.publish()
    changes = publisher.query(
        "select activity_date::varchar as day, conversations_before, conversations_after from refresh_changes"
        " where reason = 'exclusion' order by published_at, 1"
    )
    assert [tuple(row.values()) for row in changes] == [
        ("2026-03-03", 1, 0),
        ("2026-03-04", 1, 0),
        ("2026-03-03", 0, 1),
        ("2026-03-04", 0, 1),
    ]
    assert publisher.query("from refresh_changes where reason = 'other'") == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("support,domain,ours.example,", "kind is 'domain', which is none of email_domain, user, organization"),
        ("support,email_domain,dev@ours.example,", "'dev@ours.example' is no domain. Write what stands behind the @"),
        ("support,user,,", "value is empty"),
    ],
)
def test_a_malformed_line_is_named_with_its_fault(publisher: Publisher, line: str, fault: str) -> None:
    path = publisher.home / "exclude.csv"
    path.parent.mkdir(parents=True)
    path.write_text(f"chatbot_id,kind,value,reason\n{line}\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=rf"exclude\.csv, line 2: {fault}"):
        read_exclusions(path, [Merge("support", "user", "a", "b")])


def test_the_refresh_command_publishes_when_nothing_but_the_file_changed(tmp_path: Any) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        done = refresh(tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    deliver(tmp_path, *LINES)
    run()
    write_exclusions(tmp_path, ("email_domain", "ours.example"))
    run()
    with duckdb.connect(str((tmp_path / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        users = connection.execute("select user_id from users('support', null, null) order by 1").fetchall()
    assert users == [("ann",), ("eve",)]
    assert "Nothing new" in run().stdout
