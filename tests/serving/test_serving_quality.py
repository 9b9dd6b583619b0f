"""Data quality and changes, as the API and the panel of the pages tell them: of one chatbot alone."""

import duckdb
import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.pages.quality import percent
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from tests.serving.browser import launched, serving, visiting
from tests.serving.published_fixture import NOW, interesting_rows, publish
from tests.serving.readers import client_of


def read(client, chatbot, route):
    answer = client.get(f"/api/v1/chatbots/{chatbot}/{route}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def panel(snapshot, chatbot="support"):
    """Return the panel of a chatbot's pages."""
    return view_of(snapshot, snapshot.chatbots[chatbot], "users", "", NOW).quality


def test_the_quality_of_a_chatbot_comes_first_and_then_that_of_its_organizations(client, sql):
    answer = read(client, "support", "quality")
    assert (answer["snapshot_id"], answer["data_through"]) == ("s1", "2026-11-22T10:15:00Z")
    whole, *organizations = answer["rows"]
    assert whole["organization_id"] is None
    ((conversations,),) = sql(
        "select count(distinct conversation_key) from fct_conversation_days where chatbot_id = 'support'"
    )
    assert whole["conversations"] == conversations
    assert 0 < whole["user_id_share"] < 1
    wanted = sql("select organization_id from organizations('support', null, null) order by 1")
    assert sorted(row["organization_id"] for row in organizations) == [row[0] for row in wanted]
    sizes = [row["conversations"] for row in organizations]
    assert sizes == sorted(sizes, reverse=True)


def test_a_chatbot_without_conversations_has_null_shares(client):
    (row,) = read(client, "eu%2Fneu%20%C3%A9", "quality")["rows"]
    assert (row["conversations"], row["user_id_share"], row["scored_share"]) == (0, None, None)


def test_the_panel_counts_files_that_were_not_read_and_names_none(tmp_path):
    directory = publish(tmp_path)
    with duckdb.connect(directory / "clientele.duckdb") as connection:
        connection.execute(
            "create table input_files as select * from (values ('secret.csv', 'refused', 'a table'),"
            " ('b', 'read', null), ('c', 'waiting', 'half')) as t (source_file, outcome, reason)"
        )
    unread = panel(Snapshots(tmp_path).current()).unread
    assert (unread.count, unread.text) == ("1", "file of the inbox was not read: see `clientele status`")


def test_changes_come_newest_first_and_no_more_than_asked(client):
    rows = read(client, "support", "changes")["rows"]
    assert [(row["activity_date"], row["reason"]) for row in rows] == [
        ("2026-11-03", "late message"),
        ("2026-11-03", "score"),
        ("2026-11-20", "message"),
        ("2026-11-19", "message"),
    ]
    assert rows[0]["published_at"] == "2026-11-22T05:00:00Z"
    assert (rows[0]["conversations_before"], rows[0]["conversations_after"]) == (1, 2)
    assert read(client, "support", "changes?limit=3")["rows"] == rows[:3]


@pytest.mark.parametrize("route", ["quality", "changes"])
def test_the_description_has_the_fields_of_the_answer_with_their_meanings(client, route):
    described = client.get("/openapi.json").json()["paths"][f"/api/v1/chatbots/{{chatbot_id}}/{route}"]["get"]
    rows = described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]
    assert list(rows["items"]["properties"]) == list(read(client, "support", route)["rows"][0])


@pytest.mark.parametrize(
    ("route", "named"),
    [
        ("quality?range=today", "range"),
        ("quality?limit=1", "limit"),
        ("changes?offset=1", "offset"),
        ("changes?limit=1&limit=2", "limit"),
        *[(f"changes?limit={bad}", "limit") for bad in ("0", "1001", "-1", "1.0", "", "x", "%C2%B2", "9" * 5000)],
    ],
)
def test_any_other_parameter_and_a_bad_value_are_refused_by_name(client, route, named):
    answer = client.get(f"/api/v1/chatbots/support/{route}")
    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.json()["detail"]] == [["query", named]]


@pytest.mark.parametrize("route", ["quality", "changes", "quality?x=1", "changes?limit=x"])
def test_trap_55_the_quality_and_changes_of_a_forbidden_chatbot_are_not_found_like_an_unknown_one(published, route):
    guarded = client_of(published, "support", "quiet")
    unknown, forbidden = (guarded.get(f"/api/v1/chatbots/{chatbot}/{route}") for chatbot in ("nobody", "kolkata"))
    assert unknown.status_code == forbidden.status_code == 404
    assert unknown.content == forbidden.content


def test_trap_55_no_answer_and_no_panel_holds_a_number_of_another_chatbot(client, published):
    assert "777777" not in client.get("/api/v1/chatbots/support/changes").text
    assert "777777" in client.get("/api/v1/chatbots/kolkata/changes").text
    snapshot = Snapshots(published).current()
    own, other = (read(client, chatbot, "quality")["rows"][0] for chatbot in ("support", "kolkata"))
    assert panel(snapshot).about == f"{own['conversations']:,} conversations of Acme Support, all time"
    assert own["conversations"] != other["conversations"]
    assert "Kolkata" not in repr(panel(snapshot))


def test_a_snapshot_without_the_tables_has_no_panel_and_no_rows(tmp_path):
    directory = publish(tmp_path)
    with duckdb.connect(directory / "clientele.duckdb") as connection:
        connection.execute("drop table data_quality; drop table refresh_changes")
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), "http://127.0.0.1:8000")
    assert [read(client, "support", route)["rows"] for route in ("quality", "changes")] == [[], []]
    assert panel(Snapshots(tmp_path).current()) is None
    assert "Data quality" not in client.get("/platform/support/users").text


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "—"), (0, "0 %"), (0.0001, "< 1 %"), (0.5, "50 %"), (0.986, "99 %"), (0.999, "> 99 %"), (1, "100 %")],
)
def test_a_share_says_none_and_all_only_where_that_is_exact(share, text):
    assert percent(share) == text


@pytest.fixture(scope="module")
def conflicting(tmp_path_factory):
    """A published directory in which little agrees."""
    rows = interesting_rows()
    for user in ("twin", "other twin"):
        rows.user("support", user, email="Twin@example.com", mrr=49)
        rows.conversation("support", "2026-11-20T10:00", user, "cents")
    rows.organization("support", "cents", "Cents Inc", "pro", None, 4900)
    for organization, name in (("name:100% co", "100% CO"), ("again", "a_b"), ("name:loner", "Loner")):
        rows.organization("support", organization, name)
        rows.conversation("support", "2026-11-20T11:00", None, organization)
    directory = tmp_path_factory.mktemp("conflicting")
    publish(directory, rows)
    return directory


def test_the_panel_shows_the_shares_and_a_sentence_for_each_conflict(conflicting):
    client = TestClient(create_app(conflicting, clock=lambda: NOW), "http://127.0.0.1:8000")
    whole = read(client, "support", "quality")["rows"][0]
    with (
        launched() as browser,
        serving(conflicting, lambda: NOW) as address,
        visiting(browser, address, viewport={"width": 800, "height": 900}) as page,
    ):
        for table in ("organizations", "users"):
            page.goto(f"{address}/platform/support/{table}")
            page.get_by_role("button", name="Data quality").click()
            shares = [percent(share) for name, share in whole.items() if name.endswith("_share")]
            assert page.locator(".quality-percent").all_inner_texts() == shares
            assert page.locator(".quality-conflicts li").all_inner_texts() == [
                "1 e-mail belongs to several users: review with clientele identity suggest",
                "1 name belongs to several organizations: review with clientele identity suggest",
                "1 organization without an id has the name or id of another: merge the true ones in identity.csv",
                "1 organization has an MRR that differs from a user's by a factor of 100:"
                " check which one is sent in cents",
            ]
            assert page.evaluate("document.documentElement.scrollWidth") == 800
            page.keyboard.press("Escape")
            page.locator(".panel-quality").wait_for(state="hidden")
