"""One's own accounts (`exclude.csv`) are left out of every answer, counted beside it, and shown on request."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from orchestration.identity.exclusions import Exclusion
from serving.http.app import create_app
from serving.pages.view import TablePage, view_of
from serving.snapshot import Snapshot, Snapshots
from serving.tables.choices import read_choices
from serving.tables.query_models import query_of
from tests.serving.browser import eventually, launched, serving, shown_column, visiting
from tests.serving.conftest import BASE
from tests.serving.published_fixture import MACROS, NOW, Rows, publish, read
from tests.serving.readers import client_of

EXCLUSIONS = (
    Exclusion("support", "email_domain", "ourselves.example", "staff"),
    Exclusion("support", "organization", "test", "test account"),
    Exclusion("kolkata", "user", "guest", "tester"),
)
LEFT_OUT = "3 conversations of your own accounts are left out"
COUNTED = "3 conversations of your own accounts are counted"


def rows_with_own_accounts() -> Rows:
    """Return a customer, an employee who also wrote for the customer, a test account, and the same ids elsewhere."""
    rows = Rows()
    rows.organization("support", "acme", "Acme", "pro", "Retail", Decimal(100))
    rows.organization("support", "test", "Test account", "internal", "Testing", Decimal(999))
    rows.user("support", "guest", "Gus Guest", "gus@acme.example", "pro")
    rows.user("support", "staff", "Stella Staff", "stella@Ourselves.example", "internal")
    rows.custom("support", "organization", "test", seats=7)
    rows.custom("support", "organization", "acme", seats=3)
    rows.conversation("support", "2026-11-10T10:00:00", "guest", "acme", (0.5,), 4)
    rows.conversation("support", "2026-11-11T10:00:00", "staff", "acme", (-1,), 8)
    rows.conversation("support", "2026-11-12T10:00:00", "staff", "test", (-1,), 2)
    rows.conversation("support", "2026-11-13T10:00:00", None, "test", (-1,), 2)
    rows.conversation("support", "2026-09-01T10:00:00", "staff", "test", (-1,), 2)
    rows.organization("kolkata", "test", "Kolkata test")
    rows.user("kolkata", "guest", "Kolkata guest", "k@ourselves.example")
    rows.user("kolkata", "staff", "Kolkata staff", "s@ourselves.example")
    rows.conversation("kolkata", "2026-11-10T10:00:00", "guest", "test")
    rows.conversation("kolkata", "2026-11-10T10:00:00", "staff", "test")
    rows.organization("quiet", "test", "Quiet test")
    rows.conversation("quiet", "2026-11-10T10:00:00", None, "test")
    return rows


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published = tmp_path_factory.mktemp("left-out")
    publish(published, rows_with_own_accounts(), exclusions=EXCLUSIONS)
    return published


@pytest.fixture(scope="module")
def asking(directory: Path) -> TestClient:
    return TestClient(create_app(directory, clock=lambda: NOW), BASE)


@pytest.fixture(scope="module")
def snapshot(directory: Path) -> Snapshot:
    return Snapshots(directory).current()


@pytest.fixture(scope="module")
def ask(asking: TestClient) -> Callable[..., dict[str, Any]]:
    def answer(path: str, chatbot: str = "support", **parameters: Any) -> dict[str, Any]:
        answered = asking.get(f"/api/v1/chatbots/{chatbot}/{path}", params=parameters)
        assert answered.status_code == 200, answered.text
        return answered.json()

    return answer


def view(snapshot: Snapshot, search: str, table: str = "organizations", chatbot: str = "support") -> TablePage:
    return view_of(snapshot, snapshot.chatbots[chatbot], table, search, NOW)


def sentences(shown: TablePage) -> list[tuple[str, str, str]]:
    """Return the sentences of a page's heading that end with a link: text, link's text and address."""
    return [(notice.text, notice.link.text, notice.link.href) for notice in shown.notices if notice.link]


def test_own_accounts_are_in_no_row_unless_they_are_asked_for(ask) -> None:
    rows = ask("organizations", sort="organization_id")["rows"]
    assert [(row["organization_id"], row["conversations"], row["users"], row["sentiment"]) for row in rows] == [
        ("acme", 1, 1, 0.5)
    ]
    assert [row["user_id"] for row in ask("users")["rows"]] == ["guest"]
    everyone = ask("organizations", excluded="include", sort="organization_id")["rows"]
    assert [(row["organization_id"], row["conversations"], row["users"], row["sentiment"]) for row in everyone] == [
        ("acme", 2, 2, -0.25),
        ("test", 2, 1, -1),
    ]
    assert [row["user_id"] for row in ask("users", excluded="include", sort="user_id")["rows"]] == ["guest", "staff"]
    assert ask("organizations", excluded="leave_out", sort="organization_id")["rows"] == rows


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_the_api_says_what_the_table_macros_say_either_way(ask, directory, table) -> None:
    for parameter, argument in (("leave_out", "leave out"), ("include", "include")):
        answer = ask(table, range="all_time", excluded=parameter, sort=f"{table[:-1]}_id")
        names = ("conversations", "messages", "sentiment", "mrr")
        expected = read(
            directory,
            f"select {', '.join(names)} from {table}('support', null, null, excluded := ?) order by {table[:-1]}_id",
            argument,
        )
        assert [tuple(row[name] for name in names) for row in answer["rows"]] == expected
        assert answer["total"] == len(expected)


def test_filters_search_order_and_own_fields_reach_accounts_that_are_shown(ask) -> None:
    shown = {"excluded": "include", "columns": ["organization_id", "custom.seats"]}
    assert [row["custom.seats"] for row in ask("organizations", sort="-custom.seats", **shown)["rows"]] == [7, 3]
    for asked in ({"plan": "INTERNAL"}, {"search": "test acc"}, {"organization_id": "test"}, {"custom.seats": "7"}):
        assert [row["organization_id"] for row in ask("organizations", **asked, **shown)["rows"]] == ["test"]
        assert ask("organizations", **asked)["total"] == 0
    assert [row["user_id"] for row in ask("users", organization_id="test", excluded="include")["rows"]] == ["staff"]
    assert ask("users", organization_id="test")["total"] == 0


@pytest.mark.parametrize("path", ["organizations", "users", "users/totals", "organizations.csv", "users.parquet"])
@pytest.mark.parametrize("value", ["yes", "leave out", "", "INCLUDE"])
def test_any_other_value_is_refused_by_name(asking, path, value) -> None:
    answer = asking.get(f"/api/v1/chatbots/support/{path}", params={"excluded": value})
    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["detail"]] == [["query", "excluded"]]


def test_the_parameter_is_described_with_its_values(asking) -> None:
    paths = asking.get("/openapi.json").json()["paths"]
    for path in ("organizations", "users", "users.csv", "organizations.xlsx", "organizations/totals"):
        described = paths[f"/api/v1/chatbots/{{chatbot_id}}/{path}"]["get"]["parameters"]
        (one,) = [parameter for parameter in described if parameter["name"] == "excluded"]
        assert (one["schema"]["enum"], one["schema"]["default"]) == (["leave_out", "include"], "leave_out")
        assert "exclude.csv" in one["description"]


@pytest.mark.parametrize(("more", "users"), [("", {"guest"}), ("&excluded=include", {"guest", "staff"})])
def test_a_file_holds_the_rows_of_the_page_either_way(asking, more, users) -> None:
    answer = asking.get(f"/api/v1/chatbots/support/users.csv?range=all_time{more}")
    assert {row["user_id"] for row in csv.DictReader(io.StringIO(answer.text))} == users


def test_totals_leave_them_out_and_count_them_beside(ask) -> None:
    answer = ask("organizations/totals")
    assert answer["left_out_conversations"] == 3
    assert (answer["totals"]["conversations"], answer["totals"]["messages"], answer["totals"]["users"]) == (1, 4, 1)
    everything = ask("organizations/totals", excluded="include")
    assert everything["left_out_conversations"] == 0
    counted = everything["totals"]
    assert (counted["conversations"], counted["messages"], counted["users"], counted["organizations"]) == (4, 16, 2, 2)
    assert ask("users/totals", excluded="include")["totals"]["conversations"] == 3  # one names no user


def test_what_is_left_out_is_counted_in_the_range_whatever_the_filters_keep(ask) -> None:
    assert ask("users/totals", range="all_time")["left_out_conversations"] == 4
    assert ask("users/totals", last_day="2026-11-11")["left_out_conversations"] == 2
    assert ask("users/totals", first_day="2026-11-12")["left_out_conversations"] == 2
    assert ask("users/totals", range="yesterday")["left_out_conversations"] == 0
    assert ask("users/totals", plan="nobody's")["left_out_conversations"] == 3


def test_an_open_range_begins_with_the_first_day_that_counts(ask) -> None:
    assert ask("organizations", range="all_time")["first_day"] == "2026-11-10"
    shown = ask("organizations", range="all_time", excluded="include")
    assert shown["first_day"] == "2026-09-01"
    again = ask("organizations", first_day="2026-09-01", last_day=shown["last_day"], excluded="include")
    assert again["rows"] == shown["rows"]


def test_the_choices_of_a_filter_are_of_the_conversations_that_count(snapshot) -> None:
    chatbot = snapshot.chatbots["support"]

    def offered(excluded: str, table: str, column: str) -> dict[str, int]:
        query = query_of(table, chatbot).parse(f"excluded={excluded}")
        return {choice.value: choice.rows for choice in read_choices(snapshot, query, column, chatbot, NOW)}

    assert offered("leave_out", "organizations", "plan") == {"pro": 1}
    assert offered("include", "organizations", "plan") == {"pro": 1, "internal": 1}
    assert offered("leave_out", "users", "organization_id") == {"acme": 1}
    assert offered("include", "users", "organization_id") == {"acme": 2, "test": 1}


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_the_heading_says_how_many_are_left_out_and_links_to_the_other_way_and_back(snapshot, table) -> None:
    state = "?plan=pro&sort=-mrr"
    assert sentences(view(snapshot, state, table)) == [(LEFT_OUT, "Show them", f"{state}&excluded=include")]
    assert sentences(view(snapshot, f"{state}&excluded=include&offset=20", table)) == [
        (COUNTED, "Leave them out", state)
    ]


def test_one_conversation_is_one_and_nothing_is_said_where_nothing_is_left_out(snapshot) -> None:
    one = "?first_day=2026-11-13&last_day=2026-11-13"
    assert sentences(view(snapshot, one)) == [
        ("1 conversation of your own accounts is left out", "Show it", f"{one}&excluded=include")
    ]
    assert sentences(view(snapshot, f"{one}&excluded=include"))[0][:2] == (
        "1 conversation of your own accounts is counted",
        "Leave it out",
    )
    for nothing in ("?range=yesterday", "?range=yesterday&excluded=include"):
        assert sentences(view(snapshot, nothing)) == []
    assert sentences(view(snapshot, "", chatbot="quiet")) == []


def test_every_link_of_a_page_keeps_whose_conversations_count(snapshot) -> None:
    shown = view(snapshot, "?excluded=include&plan=internal&search=test")
    (row,) = shown.rows
    users = "/platform/support/users?excluded=include&organization_id=test"
    assert row.cells["users"].href == users
    assert row.cells["organization_name"].href == "/platform/support/organizations/test?excluded=include"
    kept = [
        *(link.href for link in (*shown.tabs, *shown.period.presets, *shown.files, *shown.chatbots)),
        *(heading.href for heading in shown.headings),
        *(chip.remove for chip in shown.chips),
        shown.clear,
    ]
    assert len(kept) > 20
    assert all("excluded=include" in href for href in kept)
    assert view(snapshot, "?excluded=include&organization_id=test", "users").chips[0].value == "Test account"


def test_only_a_chatbots_own_exclusions_count(ask, snapshot, asking) -> None:
    """The same ids and the same domain stand in another chatbot's lines, or in none's."""
    assert [row["user_id"] for row in ask("users", "kolkata")["rows"]] == ["staff"]
    assert ask("users/totals", "kolkata")["left_out_conversations"] == 1
    assert [row["organization_id"] for row in ask("organizations", "quiet")["rows"]] == ["test"]
    assert ask("organizations/totals", "quiet")["left_out_conversations"] == 0
    assert ask("organizations", "quiet", excluded="include")["rows"] == ask("organizations", "quiet")["rows"]
    for table in ("organizations", "users"):
        assert "Kolkata" not in json.dumps(ask(table, excluded="include", range="all_time"))
    guarded = client_of(snapshot.directory.parents[1], "support", "quiet")
    hidden = guarded.get("/api/v1/chatbots/kolkata/users/totals?excluded=include")
    assert (hidden.status_code, "left_out" in hidden.text) == (404, False)


def test_a_snapshot_of_an_older_version_leaves_nothing_out_and_is_served(tmp_path) -> None:
    """Its macros do not know the argument, and it has no table that says whom `exclude.csv` names."""
    directory = publish(tmp_path, rows_with_own_accounts())
    older = re.sub(r",\s+excluded := ('leave out'|excluded)", "", MACROS.read_text()).replace(
        "case excluded", "case 'leave out'"
    )
    with duckdb.connect(directory / "clientele.duckdb") as connection:
        connection.execute("drop table exclusions")
        connection.execute(older.replace("create macro", "create or replace macro"))
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for more in ("", "?excluded=include"):
        assert client.get(f"/api/v1/chatbots/support/organizations{more}").json()["total"] == 2
        assert client.get(f"/api/v1/chatbots/support/organizations/totals{more}").json()["left_out_conversations"] == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_the_sentence_is_reached_and_followed_by_keyboard_there_and_back(directory, browser) -> None:
    with serving(directory, lambda: NOW) as address, visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?sort=organization_id")
        eventually(lambda: shown_column(page, "organization_name"), ["Acme"])
        link = page.get_by_role("link", name="Show them")
        assert page.locator("#notices").inner_text() == f"{LEFT_OUT} · Show them"
        link.focus()
        page.keyboard.press("Enter")
        eventually(lambda: shown_column(page, "organization_name"), ["Acme", "Test account"])
        assert page.url.endswith("?sort=organization_id&excluded=include")
        page.get_by_role("link", name="Test account").click()
        eventually(lambda: page.locator("h1").inner_text(), "Test account")
        assert page.locator(".view-chips").inner_text().split() == ["Your", "own", "accounts:", "counted"]
        page.go_back()
        eventually(lambda: shown_column(page, "organization_name"), ["Acme", "Test account"])
        page.get_by_role("link", name="Leave them out").focus()
        page.keyboard.press("Enter")
        eventually(lambda: shown_column(page, "organization_name"), ["Acme"])
        assert page.url.endswith("?sort=organization_id")
        page.goto(f"{address}/platform/quiet/organizations")
        eventually(lambda: shown_column(page, "organization_name"), ["Quiet test"])
        assert "own accounts" not in page.locator("main").inner_text()
