"""Both pages in a real browser: what they show is what SQL on the snapshot says.

The checks take a published directory, a chatbot and a clock, so that they hold for any snapshot.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.serving.browser import (
    calm,
    eventually,
    heading,
    launched,
    open_filters,
    serving,
    shown_column,
    shown_rows,
    sort_by,
    visiting,
)
from tests.serving.page_check import PAGE_ROWS, check_page
from tests.serving.published_fixture import NOW, Rows, publish, read

RICH = Decimal("12345678901.25")


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    with serving(published, lambda: NOW) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


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


def test_a_click_while_an_answer_is_on_its_way_builds_on_what_was_asked(address, browser):
    """What is typed and what is clicked while its rows are on their way both count: neither click nor text is lost."""
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time")
        held: list[Route] = []
        page.route("**search=ana*", lambda route: route.continue_() if held else held.append(route))
        with page.expect_request("**search=ana*"):
            page.get_by_label("Search users").press_sequentially("ana")
        heading(page, "mrr").get_by_role("link").click()
        eventually(lambda: page.evaluate("location.search"), "?range=all_time&search=ana&sort=-mrr")
        calm(page)
        assert {name.split()[0] for name in shown_column(page, "user_name")} == {"Ana"}
        assert heading(page, "mrr").get_attribute("aria-sort") == "descending"


def test_amounts_and_names_are_shown_in_full_and_the_first_click_on_a_number_brings_the_highest(tmp_path, browser):
    rows = Rows()
    rows.organization("support", "rich", "Rich " + "Donaudampfschifffahrtsgesellschaft " * 3, "pro", "Retail", RICH)
    rows.user("support", "u", "Somebody", "somebody.with.a.long.name.of.an.address@quite-a-long-domain.example")
    rows.conversation("support", "2026-11-20T10:00:00", "u", "rich")
    publish(tmp_path, rows)
    cut = """() => [...document.querySelectorAll('#rows th, #rows td')].filter(
        (cell) => cell.scrollWidth > cell.clientWidth || getComputedStyle(cell).textOverflow === 'ellipsis').length"""
    for width in (1400, 900):
        size = {"width": width, "height": 700}
        with serving(tmp_path, lambda: NOW) as own, visiting(browser, own, viewport=size) as page:
            page.goto(f"{own}/platform/support/users")
            assert page.evaluate(cut) == 0
            page.goto(f"{own}/platform/support/organizations")
            assert shown_column(page, "mrr") == ["$12,345,678,901.25"]
            assert page.evaluate(cut) == 0
            heading(page, "mrr").get_by_role("link").click()
            eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")


def test_the_arrow_follows_the_back_button(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        sort_by(page, "mrr", "descending")
        assert page.evaluate("location.search") == "?range=all_time&sort=-mrr"
        page.go_back()
        eventually(lambda: heading(page, "last_activity_at").get_attribute("aria-sort"), "descending")
        assert page.evaluate("location.search") == "?range=all_time"


def test_a_custom_field_is_shown_sorted_and_filtered(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        page.click("#columns-button")
        page.get_by_role("checkbox", name="seats", exact=True).check()
        page.get_by_role("checkbox", name="nested.name").check()
        page.keyboard.press("Escape")
        sort_by(page, "custom.seats", "descending")
        eventually(lambda: shown_column(page, "custom.seats")[:4], ["1,234,567", "40", "12.5", "5"])
        assert shown_column(page, "custom.nested.name")[:2] == ["x", "—"]
        panel = open_filters(page)
        panel.get_by_role("group", name="tier").get_by_label(re.compile("^gold", re.IGNORECASE)).check()
        eventually(lambda: shown_column(page, "organization_name"), ["1000 Co", "100% Co"])
        page.get_by_label("seats, min", exact=True).fill("6")
        eventually(lambda: shown_column(page, "organization_name"), ["1000 Co"])


def test_a_plan_is_chosen_once_for_all_its_spellings_and_none_for_rows_without(address, browser, published):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        plans = open_filters(page).get_by_role("group", name="Plan")
        plans.get_by_label(re.compile("^Enterprise")).check()
        plans.get_by_label(re.compile("^None")).check()
        where = "plan is null or lower(trim(plan)) = 'enterprise'"
        count = read(published, f"select count(*) from organizations('support', null, null) where {where}")[0][0]
        eventually(lambda: page.locator("#total").inner_text(), str(count))
        assert "plan=Enterprise&plan=" in page.url


def test_an_organization_to_filter_by_is_found_on_the_server_and_columns_come_and_go(address, browser):
    def shown_columns() -> set[str]:
        return {name for row in shown_rows(page) for name in row}

    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time")
        panel = open_filters(page)
        panel.get_by_label("Find Organization").fill("zuri")
        panel.get_by_label(re.compile("^Cafe\u0301 Zürich")).check()
        eventually(lambda: set(shown_column(page, "organization_name")), {"Cafe\u0301 Zürich"})
        page.keyboard.press("Escape")
        page.click("#columns-button")
        usual = shown_columns()
        page.get_by_role("checkbox", name="Organizations").check()
        eventually(shown_columns, usual | {"organization_count"})
        page.get_by_role("link", name="Reset to default").click()
        eventually(shown_columns, usual)


def test_pages_of_rows_walk_through_the_whole_table(address, browser, published):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time&sort=user_id&columns=user_id&limit=50")
        wanted = [row[0] for row in read(published, "select user_id from users('support', null, null) order by 1")]
        eventually(lambda: shown_column(page, "user_id"), wanted[:50])
        page.click("#next-page")
        eventually(lambda: shown_column(page, "user_id"), wanted[50:100])
        page.reload()
        eventually(lambda: shown_column(page, "user_id"), wanted[50:100])


def test_days_chosen_in_the_calendar_are_the_range(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations")
        page.click("#range-button")
        assert page.get_by_label("First day").input_value() == "2026-11-01"  # of the range, so there it opens
        page.get_by_label("First day").fill("2026-11-10")
        page.get_by_label("Last day").fill("2026-11-12")
        page.get_by_role("button", name="Show these days").click()
        eventually(lambda: page.locator("#range-label").inner_text(), "Nov 10 – 12, 2026")
        assert page.url.endswith("?first_day=2026-11-10&last_day=2026-11-12")


def test_a_header_sorts_by_keyboard(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations")
        eventually(lambda: len(shown_rows(page)), PAGE_ROWS)
        heading(page, "mrr").get_by_role("link").focus()
        page.keyboard.press("Enter")
        eventually(lambda: page.evaluate("location.search"), "?sort=-mrr")


def test_an_export_is_the_table_on_the_page(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&plan=pro&sort=organization_name&limit=10")
        total = int(page.locator("#total").inner_text())
        page.click("#export-button")
        with page.expect_download() as download:
            page.click("#export-csv")
        assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbf")
        lines = download.value.path().read_text("utf-8-sig").splitlines()
        assert len(lines) == total + 1
        assert lines[0].startswith("organization_name,plan,")


def test_an_organization_leads_to_its_users_and_a_user_to_the_organization(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&search=100%25")
        page.locator("td[data-label=Users] a").click()
        page.wait_for_url("**/users?*")
        eventually(lambda: shown_column(page, "organization_name"), ["100% Co"])
        page.get_by_role("link", name="100% Co", exact=True).click()
        page.wait_for_url("**/organizations/00123?*")
        eventually(lambda: page.locator("h1").inner_text(), "100% Co")


def test_an_empty_month_offers_all_time(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/quiet/organizations")
        page.get_by_text("Show all time").click()
        eventually(lambda: shown_column(page, "organization_name"), ["Quiet GmbH"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_preference_holds_until_the_reader_chooses_and_the_choice_is_remembered(address, browser, scheme):
    paper = "getComputedStyle(document.querySelector('.header')).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(21, 25, 32)"
    own, other = (dark, light) if scheme == "dark" else (light, dark)
    with visiting(browser, address, color_scheme=scheme) as page:
        page.goto(f"{address}/platform/support/users")
        assert page.evaluate(paper) == own
        page.get_by_role("link", name="Switch to").click()
        assert page.evaluate(paper) == other
        page.goto(f"{address}/")
        assert page.evaluate(paper) == other
        page.get_by_role("link", name="Switch to").click()
        assert page.evaluate(paper) == own


def test_at_800_pixels_the_controls_wrap_and_only_the_rows_scroll_sideways(address, browser):
    with visiting(browser, address, viewport={"width": 800, "height": 900}) as page:
        page.goto(f"{address}/platform/support/users")
        assert page.evaluate("document.documentElement.scrollWidth") == 800
        page.evaluate("document.getElementById('region').scrollLeft = 300")
        name, region = (page.locator(of).first.bounding_box() for of in ("#rows tbody .name", "#region"))
        assert abs(name["x"] - region["x"]) <= 1


def test_plain_pages_load_nothing_from_elsewhere(address, browser):
    with visiting(browser, address) as page:
        for path in ("/", "/docs"):
            page.goto(address + path)
            assert page.locator("h1").count() == 1


def test_a_plan_is_refused_a_day_bounded_and_rows_without_a_number_kept(address, browser, get):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        panel = open_filters(page)
        plans = panel.get_by_role("group", name="Plan")
        plans.locator("summary").focus()
        page.keyboard.press("Enter")
        plans.get_by_label(re.compile("^Plan is not pro")).check()
        page.wait_for_url("**plan_not=pro*")
        panel.get_by_label("Last activity, from", exact=True).fill("2026-11-10")
        page.wait_for_url("**last_activity_from=2026-11-10*")
        panel.get_by_label("MRR, no value", exact=True).check()
        page.wait_for_url("**mrr=*")
        assert plans.get_by_label(re.compile("^Plan is not pro")).is_checked()
        total = get("organizations", plan_not="pro", last_activity_from="2026-11-10", mrr="")["total"]
        assert total > 0
        eventually(lambda: page.locator("#total").inner_text(), str(total))
