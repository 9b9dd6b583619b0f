"""The page of one organization or user: its numbers, where they lead, and what names and ids may do to it."""

import html
import itertools
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from serving.http.addresses import segment
from serving.http.app import create_app
from serving.pages import formats
from serving.pages.entity import EntityPage, entity_page
from serving.snapshot import Snapshot, Snapshots
from serving.tables.columns import TABLES
from serving.tables.keys import of_these_alone
from serving.tables.query_models import query_of
from serving.tables.statement import Statement
from tests.serving.browser import eventually, heading, launched, serving, shown_column, visiting
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish
from tests.serving.random_questions import questions
from tests.serving.test_serving_entities import ODD_IDS

ALL_TIME = "?range=all_time"
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' or 1=1 --", "\u202eevil")


@pytest.fixture(scope="module")
def directory(spread: Path) -> Path:
    return spread


@pytest.fixture(scope="module")
def asking(directory: Path) -> TestClient:
    return TestClient(create_app(directory, clock=lambda: NOW), BASE)


@pytest.fixture(scope="module")
def rows_of(asking: TestClient) -> Callable[..., list[dict[str, Any]]]:
    def ask(table: str, **asked: Any) -> list[dict[str, Any]]:
        answer = asking.get(f"/api/v1/chatbots/support/{table}?{urlencode({'limit': 1000, **asked}, doseq=True)}")
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]

    return ask


def page_of(snapshot: Snapshot, table: str, entity_id: str, search: str = ALL_TIME) -> EntityPage:
    chatbot = snapshot.chatbots["support"]
    return entity_page(snapshot, chatbot, table, entity_id, search, NOW, [chatbot])


def text_of(document: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", document)))


def test_the_figures_of_a_page_are_those_of_its_row_and_its_lines_are_as_many(directory, rows_of):
    snapshot, chance = Snapshots(directory).current(), random.Random(3)
    chatbot, seen = snapshot.chatbots["support"], 0
    for table, asked in itertools.islice(questions(seed=41), 60):
        kept = {"range", "first_day", "last_day", "attributes", "excluded"}
        kept |= {"organization_id"} if table == "users" else set()
        state = {name: value for name, value in asked.items() if name in kept}
        rows = rows_of(table, **state)
        for row in chance.sample(rows, min(3, len(rows))):
            own = row[f"{table[:-1]}_id"]
            shown = page_of(snapshot, table, own, "?" + urlencode(state, doseq=True))
            for figure in shown.figures:
                column = next(one for one in TABLES[table].columns if one.label == figure.label)
                value = row[column.name]
                expected = formats.MISSING if value is None else formats.cell(column, value, chatbot)
                wanted = expected["text"] if isinstance(expected, dict) else expected
                assert figure.shown.text == wanted, (table, own, state, column.name)
            assert shown.receipt is not None
            assert shown.receipt.total == formats.count(row["conversations"])
            assert shown.trend is not None
            counted = sum(int(bucket[1].replace(",", "")) for bucket in shown.trend.rows)
            assert counted >= row["conversations"]
            seen += 1
    assert seen > 100


def test_a_page_makes_no_rows_but_its_own(directory, rows_of):
    """The row of one user took all rows of the range to be made."""
    snapshot = Snapshots(directory).current()
    for table in TABLES.values():
        row = rows_of(table.name, range="all_time")[0]
        assert page_of(snapshot, table.name, row[table.id_column]).figures
    assert snapshot.kept.tables() == 0


@pytest.mark.parametrize("table", TABLES)
def test_a_macro_reads_the_days_that_stand_before_its_call(directory, table):
    snapshot = Snapshots(directory).current()
    chatbot = snapshot.chatbots["support"]
    called = Statement(f"from {table}(?, null, null)", ["support"])
    for condition, is_empty in (("true", False), ("false", True)):
        alone = of_these_alone(called, [Statement(condition, [])], query_of(table, chatbot)(), chatbot)
        assert (alone.read(snapshot) == []) is is_empty


def test_an_organizations_page_lists_the_users_that_its_link_lists_with_the_same_numbers(directory, rows_of):
    snapshot = Snapshots(directory).current()
    chatbot = snapshot.chatbots["support"]
    for days in ({"range": "all_time"}, {"first_day": "2026-09-20", "last_day": "2026-10-10"}):
        for row in rows_of("organizations", **days):
            shown = page_of(snapshot, "organizations", row["organization_id"], "?" + urlencode(days))
            users = rows_of("users", **days, organization_id=row["organization_id"], sort="-conversations")
            listed = shown.other_side.rows if shown.other_side else []
            assert len(users) == row["users"]
            assert len(listed) == min(10, len(users))
            by_link = {user["user_id"]: user for user in users}
            for name, conversations, sentiment, last in listed:
                user = by_link[next(key for key in by_link if f"/users/{segment(key)}?" in (name.href or ""))]
                assert (name.text, conversations) == (user["user_name"], formats.count(user["conversations"]))
                mean = user["sentiment"]
                assert sentiment.text == (formats.MISSING if mean is None else formats.sentiment(mean)["text"])
                assert last == formats.instant(datetime.fromisoformat(user["last_activity_at"]), chatbot.time_zone)


def test_a_users_page_lists_the_organizations_of_its_conversations(directory):
    shown = page_of(Snapshots(directory).current(), "users", "mover")
    assert shown.other_side is not None
    assert [(name.text, conversations, mean.text) for name, conversations, mean, _ in shown.other_side.rows] == [
        ("-5 degrees", "2", "-0.30"),
        ("Ødegård & Søn", "1", "+0.60"),
    ]
    assert [figure.shown.text for figure in shown.figures[:2]] == ["4", "2"]


def test_a_change_of_an_attribute_is_told_with_what_it_was(directory):
    snapshot = Snapshots(directory).current()
    shown = page_of(snapshot, "organizations", "a_b")
    newest, first = shown.history
    assert [(one.label, one.before, one.after) for one in newest.changes] == [
        ("Plan", "free", "pro"),
        ("MRR", "$9", "$99.50"),
        ("seats", "9", "40"),
    ]
    assert ("Organization", None, "a_b") in [(one.label, one.before, one.after) for one in first.changes]
    before = page_of(snapshot, "organizations", "a_b", "?first_day=2026-10-01&last_day=2026-10-31")
    told = {one.label: (one.text, one.other) for one in before.attributes}
    assert (told["Plan"], told["MRR"], told["seats"]) == (
        ("free", "now: pro"),
        ("$9", "now: $99.50"),
        ("9", "now: 40"),
    )
    now = page_of(snapshot, "organizations", "a_b", "?first_day=2026-10-01&last_day=2026-10-31&attributes=now")
    assert {one.label: (one.text, one.other) for one in now.attributes}["Plan"] == (
        "pro",
        "at the end of the range: free",
    )


def test_without_activity_in_the_range_attributes_and_history_stay_and_all_time_is_offered(asking):
    page = asking.get("/platform/support/organizations/cmd?range=today")
    assert page.status_code == 200
    text = text_of(page.text)
    assert "No activity today" in text
    assert "The newest activity was Nov 14, 2026." in text
    assert 'href="?range=all_time"' in page.text
    assert "$1,234.5678" in text
    assert 'id="conversations"' not in page.text


def test_a_chart_is_told_in_words_and_as_a_table_with_every_bucket(asking):
    document = asking.get("/platform/support/organizations/o3?first_day=2026-11-01&last_day=2026-11-21").text
    assert re.search(r'role="img" aria-label="Conversations by day, at most \d+"', document)
    twin = re.search(r'<details class="twin">(.*?)</details>', document, re.DOTALL)
    assert twin is not None
    assert twin[1].count("<tr>") == 22
    assert "style=" not in document


def test_what_is_not_there_is_not_found_and_a_state_that_makes_no_sense_says_so(asking):
    missing = asking.get("/platform/support/users/nobody")
    assert (missing.status_code, "no user with the id &#39;nobody&#39;" in missing.text) == (404, True)
    assert asking.get("/platform/support/conversations/c1").status_code == 404
    for state in ("?sort=nope", "?search=x", "?range=x", "?limit=0", "?first_day=2026-11-02&last_day=2026-11-01"):
        broken = asking.get(f"/platform/support/users/mover{state}")
        assert broken.status_code == 422, state
        assert "This link does not fit this page" in broken.text
        assert 'href="?"' in broken.text


def test_what_is_left_out_has_no_page_unless_it_is_asked_for(asking):
    assert asking.get("/platform/support/users/u3-0").status_code == 404
    counted = asking.get("/platform/support/users/u3-0?excluded=include&range=all_time")
    assert counted.status_code == 200
    assert "Your own accounts" in counted.text


def test_every_id_and_name_has_a_page_that_its_row_leads_to_and_does_nothing_there(tmp_path):
    rows = Rows()
    names = dict(zip((*ODD_IDS, *HOSTILE), itertools.cycle(HOSTILE), strict=False))
    for odd, name in names.items():
        rows.organization("support", odd, name)
        rows.user("support", odd, name, "p@example.com")
        rows.conversation("support", "2026-11-10T10:00:00", odd, odd, (0.5,))
    publish(tmp_path, rows)
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for table in ("organizations", "users"):
        listed = client.get(f"/platform/support/{table}?range=all_time&limit=100").text
        hrefs = re.findall(rf'<th role="rowheader"[^>]*><a href="(/platform/support/{table}/[^"]*)"', listed)
        assert len(hrefs) == len(names)
        shown = {}
        for href in map(html.unescape, hrefs):
            page = client.get(href)
            assert page.status_code == 200, href
            (own,) = re.findall(r'<span class="noun">\w+</span> <code>(.*?)</code>', page.text, re.DOTALL)
            shown[html.unescape(own)] = html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)[1])
            assert not any(mark in page.text for mark in HOSTILE[:2])
        assert shown == names


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_a_row_opens_its_page_whose_controls_change_it_in_place(directory, browser):
    with serving(directory, lambda: NOW) as address, visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&search=Blue+Foods")
        page.get_by_role("link", name="Blue Foods", exact=True).press("Enter")
        page.wait_for_url("**/organizations/o3?range=all_time")
        assert page.evaluate("document.activeElement.id") == "heading"
        total = int(page.locator("#conversations-title .total").inner_text())
        page.get_by_role("link", name="Messages", exact=True).click()
        eventually(lambda: heading(page, "messages").get_attribute("aria-sort"), "descending")
        messages = [int(text or 0) for text in shown_column(page, "messages")]
        assert messages == sorted(messages, reverse=True)
        page.get_by_title("Show 10 rows a page").click()
        eventually(lambda: len(shown_column(page, "messages")), 10)
        page.locator("#next-page").press("Enter")
        eventually(lambda: page.locator("#row-count").inner_text()[:5], "11–20")
        page.click("#export-button")
        with page.expect_download() as download:
            page.click("#export-csv")
        assert len(download.value.path().read_text("utf-8-sig").strip().splitlines()) == total + 1
        page.keyboard.press("Escape")
        page.click("#range-button")
        page.get_by_role("link", name="This month").click()
        eventually(lambda: page.locator("#range-label").inner_text(), "This month")
        eventually(lambda: int(page.locator("#conversations-title .total").inner_text()) < total, True)
        page.locator("#others a").first.click()
        page.wait_for_url("**/users/*?organization_id=o3")
        eventually(lambda: page.locator(".view-chips").inner_text().replace("\n", " "), "Only conversations of: o3")
        page.go_back()
        eventually(lambda: page.locator("h1").inner_text(), "Blue Foods")
        page.click("#back")
        page.wait_for_url("**/organizations")


def test_a_page_of_one_row_works_without_a_script(directory, browser):
    with serving(directory, lambda: NOW) as address, visiting(browser, address, java_script_enabled=False) as page:
        page.goto(f"{address}/platform/support/users/{quote('mover')}?range=all_time")
        assert page.locator("h1").inner_text() == "Mo Ver"
        page.click("#range-button")
        page.get_by_label("First day").fill("2026-11-03")
        page.get_by_label("Last day").fill("2026-11-04")
        page.get_by_role("button", name="Show these days").click()
        assert page.locator("#conversations-title .total").inner_text() == "2"
        page.get_by_text("Show as a table").click()
        assert page.locator(".twin tbody tr").count() == 2
