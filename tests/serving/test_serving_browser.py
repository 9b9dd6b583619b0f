"""Both pages in a real browser: what they show is what SQL on the snapshot says.

The checks take a published directory, a chatbot and a clock, so that they hold for any snapshot.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from browser import eventually, launched, serving, shown_column, shown_rows, sort_by, visiting
from playwright.sync_api import Browser, Page
from published_fixture import NOW, read

from serving.columns import TABLES
from serving.pages import formats
from serving.ranges import days_of, today_of
from serving.snapshot import Chatbot, Snapshots

PAGE_ROWS = 20


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    with serving(published, lambda: NOW) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def expected(published: Path, chatbot: Chatbot, table: str, ordered: str, where: str = "true", days=(None, None)):
    """Return the cells that a page must show, from SQL on the snapshot."""
    columns = TABLES[table].default_columns
    rows = read(
        published,
        f"select {', '.join(columns)} from {table}(?, ?, ?) where {where} "
        f"order by {ordered} nulls last, {TABLES[table].id_column} limit {PAGE_ROWS}",
        chatbot.chatbot_id,
        *days,
    )
    return [
        {name: as_shown(chatbot, table, name, value) for name, value in zip(columns, row, strict=True)} for row in rows
    ]


def as_shown(chatbot: Chatbot, table: str, name: str, value: Any) -> str:
    shown = formats.cell(TABLES[table].column(name), value, chatbot)
    if name == "sentiment":
        return "—" if shown is None else f"{shown['label']}{shown['text']}"
    return re.sub(r"\s+", " ", shown).strip()


def cells(page: Page) -> list[dict[str, str]]:
    rows = shown_rows(page)
    return [{name: re.sub(r"\s+", " ", text) for name, text in (row or {}).items()} for row in rows]


def without_spaces(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: text.replace(" ", "") for name, text in row.items()} for row in rows]


def check_page(page: Page, address: str, published: Path, chatbot_id: str, table: str, now: datetime) -> None:
    """Read a page over all time; order it both ways that people come for; filter, reload, hide, change the range."""
    chatbot = Snapshots(published).current().chatbots[chatbot_id]

    def shows(ordered: str, where: str = "true", days=(None, None)) -> None:
        wanted = without_spaces(expected(published, chatbot, table, ordered, where, days))
        eventually(lambda: without_spaces(cells(page)), wanted)

    page.goto(f"{address}/platform/{chatbot_id}/{table}?range=all_time")
    shows("last_activity_at desc")
    total = read(published, f"select count(*) from {table}(?, null, null)", chatbot_id)[0][0]
    assert page.locator("#row-count").inner_text() == f"1–{min(PAGE_ROWS, total)} of {total:,}"

    sort_by(page, "sentiment", "ascending")
    shows("sentiment asc")
    sort_by(page, "mrr", "descending")
    shows("mrr desc")

    page.click("#filters-button")
    page.get_by_label("Conversations, min", exact=True).fill("2")
    shows("mrr desc", "conversations >= 2")
    page.keyboard.press("Escape")
    page.reload()
    shows("mrr desc", "conversations >= 2")
    assert "conversations_min=2" in page.url
    page.get_by_text("Clear all").click()
    shows("mrr desc")

    page.click("#columns-button")
    page.get_by_role("checkbox", name="Plan").uncheck()
    eventually(lambda: {"plan"} & {name for row in cells(page) for name in row}, set())
    page.go_back()
    shows("mrr desc")

    page.click("#range-button")
    page.get_by_role("link", name="This month").click()
    days = days_of("this_month", today_of(chatbot, now), chatbot.week_start)
    shows("mrr desc", days=days)


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_a_page_shows_what_sql_says_however_it_is_sorted_filtered_and_reloaded(address, browser, published, table):
    with visiting(browser, address, viewport={"width": 1500, "height": 1100}) as page:
        check_page(page, address, published, "support", table, NOW)


def test_search_narrows_the_rows_while_typing_and_the_back_button_brings_them_back(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&sort=organization_name")
        page.get_by_label("Search organizations").press_sequentially("100%")
        eventually(lambda: shown_column(page, "organization_name"), ["100% Co"])
        page.reload()
        eventually(lambda: shown_column(page, "organization_name"), ["100% Co"])
        assert page.get_by_label("Search organizations").input_value() == "100%"
        page.get_by_title("Remove Search").click()
        eventually(lambda: len(shown_rows(page)), PAGE_ROWS)
        eventually(lambda: page.get_by_label("Search organizations").input_value(), "")
        page.go_back()
        eventually(lambda: shown_column(page, "organization_name"), ["100% Co"])


def test_a_plan_is_chosen_once_for_all_its_spellings_and_none_for_rows_without(address, browser, published):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        page.click("#filters-button")
        page.locator(".panel-filters").get_by_role("textbox", name="Plan").click()
        page.get_by_role("option", name=re.compile("^Enterprise")).click()
        page.get_by_role("option", name=re.compile("^None")).click()
        where = "plan is null or lower(trim(plan)) = 'enterprise'"
        count = read(published, f"select count(*) from organizations('support', null, null) where {where}")[0][0]
        eventually(lambda: page.locator("#total").inner_text(), str(count))
        assert "plan=Enterprise&plan=" in page.url


def test_pages_of_rows_walk_through_the_whole_table(address, browser, published):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time&sort=user_id&columns=user_id&limit=50")
        wanted = [row[0] for row in read(published, "select user_id from users('support', null, null) order by 1")]
        eventually(lambda: shown_column(page, "user_id"), wanted[:50])
        page.get_by_title("Next page").click()
        eventually(lambda: shown_column(page, "user_id"), wanted[50:100])
        page.reload()
        eventually(lambda: shown_column(page, "user_id"), wanted[50:100])


def test_days_chosen_in_the_calendar_are_the_range(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations")
        page.wait_for_selector("#row-count")
        page.click("#range-button")
        page.get_by_role("button", name="10 November 2026").click()
        page.get_by_role("button", name="12 November 2026").click()
        eventually(lambda: page.locator("#range-label").inner_text(), "Nov 10 – 12, 2026")
        assert page.url.endswith("?first_day=2026-11-10&last_day=2026-11-12")


def test_a_header_sorts_by_keyboard(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations")
        eventually(lambda: len(shown_rows(page)), PAGE_ROWS)
        page.locator(".ag-header-cell[col-id=mrr]").focus()
        page.keyboard.press("Enter")
        eventually(lambda: page.evaluate("location.search"), "?sort=mrr")


def test_an_export_is_the_table_on_the_page(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&plan=pro&sort=organization_name&limit=10")
        page.wait_for_selector("#row-count")
        total = int(page.locator("#total").inner_text())
        page.click("#export-button")
        with page.expect_download() as download:
            page.click("#export-csv")
        lines = download.value.path().read_text().splitlines()
        assert len(lines) == total + 1
        assert lines[0].startswith("organization_name,plan,")


def test_an_organization_leads_to_its_users_and_a_user_to_the_organization(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&search=100%25")
        page.get_by_role("link", name="100% Co").click()
        eventually(lambda: shown_column(page, "organization_name"), ["100% Co"])
        assert "/users?" in page.url
        page.get_by_role("link", name="100% Co").click()
        eventually(lambda: shown_column(page, "conversations"), ["1"])
        assert "/organizations?" in page.url


def test_an_empty_month_offers_all_time(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/quiet/organizations")
        page.get_by_text("Show all time").click()
        eventually(lambda: shown_column(page, "organization_name"), ["Quiet GmbH"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_preference_holds_until_the_reader_chooses_and_the_choice_is_remembered(address, browser, scheme):
    shown = "document.documentElement.dataset.mantineColorScheme"
    other = {"light": "dark", "dark": "light"}[scheme]
    with visiting(browser, address, color_scheme=scheme) as page:
        page.goto(f"{address}/platform/support/users")
        page.wait_for_selector("#row-count")
        assert page.evaluate(shown) == scheme
        page.get_by_label("Switch between light and dark").click()
        assert page.evaluate(shown) == other
        page.goto(f"{address}/")
        assert page.evaluate(shown) == other


def test_at_800_pixels_the_controls_wrap_and_only_the_grid_scrolls_sideways(address, browser):
    with visiting(browser, address, viewport={"width": 800, "height": 900}) as page:
        page.goto(f"{address}/platform/support/users")
        page.wait_for_selector("#row-count")
        assert page.evaluate("document.documentElement.scrollWidth") == 800
        assert page.locator(".ag-pinned-left-cols-container [col-id=user_name]").count() == PAGE_ROWS


def test_plain_pages_load_nothing_from_elsewhere(address, browser):
    with visiting(browser, address) as page:
        for path in ("/", "/docs"):
            page.goto(address + path)
            assert page.locator("h1").count() == 1
