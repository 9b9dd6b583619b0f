"""Both pages in a real browser: what they show is what SQL on the snapshot says.

The checks take a published directory, a chatbot and a clock, so that they hold for any snapshot.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.serving.browser import eventually, launched, serving, shown_column, shown_rows, sort_by, visiting
from tests.serving.page_check import PAGE_ROWS, check_page
from tests.serving.published_fixture import NOW, Rows, publish, read


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


CLICK_AS_AN_ANSWER_ARRIVES = """
    const ask = window.fetch;
    window.fetch = async (address, options) => {
        const answer = await ask(address, options);
        if (/grid\\.rowData.*sort=-mrr"/.test(options?.body)) {
            const read = answer.json.bind(answer);
            answer.json = async () => {
                const content = await read();
                document.querySelector("[col-id=mrr] .ag-header-cell-label").click();
                return content;
            };
        }
        return answer;
    };
"""


def test_a_click_at_the_moment_when_the_answer_to_the_click_before_arrives_is_not_lost(address, browser):
    """The grid tells of a click a moment later; the answer had put the older order back by then, and that was told."""
    with visiting(browser, address) as page:
        page.add_init_script(CLICK_AS_AN_ANSWER_ARRIVES)
        page.goto(f"{address}/platform/support/users?range=all_time")
        eventually(lambda: len(shown_rows(page)), PAGE_ROWS)
        page.locator("[col-id=mrr] .ag-header-cell-label").click()
        eventually(lambda: page.evaluate("location.search"), "?range=all_time&sort=mrr")
        header = page.locator(".ag-header-cell[col-id=mrr]")
        eventually(lambda: header.get_attribute("aria-sort"), "ascending")
        eventually(lambda: shown_column(page, "mrr")[0], "-$20")


def test_amounts_are_shown_in_full_and_the_first_click_on_a_number_brings_the_highest(tmp_path, browser):
    rows = Rows()
    rows.organization("support", "rich", "Rich", "pro", "Retail", Decimal("12345678901.25"))
    rows.conversation("support", "2026-11-20T10:00:00", None, "rich")
    publish(tmp_path, rows)
    fits = "() => [...document.querySelectorAll('.cell-money')].every((cell) => cell.scrollWidth <= cell.clientWidth)"
    with serving(tmp_path, lambda: NOW) as own, visiting(browser, own, viewport={"width": 900, "height": 700}) as page:
        page.goto(f"{own}/platform/support/organizations")
        eventually(lambda: shown_column(page, "mrr"), ["$12,345,678,901.25"])
        assert page.evaluate(fits)
        assert page.evaluate("document.documentElement.lang") == "en"
        header = page.locator(".ag-header-cell[col-id=mrr]")
        header.locator(".ag-header-cell-label").click()
        eventually(lambda: header.get_attribute("aria-sort"), "descending")


def test_the_arrow_follows_the_back_button_and_a_dragged_width_stays(address, browser):
    def width() -> float:
        return page.locator(".ag-header-cell[col-id=plan]").bounding_box()["width"]

    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        eventually(lambda: len(shown_rows(page)), PAGE_ROWS)
        edge = page.locator(".ag-header-cell[col-id=plan] .ag-header-cell-resize").bounding_box()
        x, y = edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y, steps=4)
        page.mouse.up()
        dragged = width()
        sort_by(page, "mrr", "descending")
        eventually(lambda: page.evaluate("location.search"), "?range=all_time&sort=-mrr")
        eventually(lambda: shown_column(page, "mrr")[0], "$250,000")
        assert width() == dragged
        while page.evaluate("location.search") != "?range=all_time":
            page.go_back()
        header = page.locator(".ag-header-cell[col-id=last_activity_at]")
        eventually(lambda: header.get_attribute("aria-sort"), "descending")


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
        page.click("#filters-button")
        page.locator(".panel-filters").get_by_role("textbox", name="tier").click()
        page.get_by_role("option", name=re.compile("^gold", re.IGNORECASE)).click()
        eventually(lambda: shown_column(page, "organization_name"), ["1000 Co", "100% Co"])
        page.get_by_label("seats, min", exact=True).fill("6")
        eventually(lambda: shown_column(page, "organization_name"), ["1000 Co"])


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


def test_an_organization_to_filter_by_is_found_on_the_server_and_columns_come_and_go(address, browser):
    def shown_columns() -> set[str]:
        return {name for row in shown_rows(page) for name in row}

    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time")
        page.click("#filters-button")
        page.locator(".panel-filters").get_by_role("textbox", name="Organization").click()
        page.keyboard.type("zuri")
        page.get_by_role("option", name="Cafe\u0301 Zürich (2)").click()
        eventually(lambda: set(shown_column(page, "organization_name")), {"Cafe\u0301 Zürich"})
        page.locator("h1").click()
        page.click("#columns-button")
        usual = shown_columns()
        page.get_by_role("checkbox", name="Organizations").check()
        eventually(shown_columns, usual | {"organization_count"})
        page.get_by_role("button", name="Reset to default").click()
        eventually(shown_columns, usual)


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
        eventually(lambda: page.evaluate("location.search"), "?sort=-mrr")


def test_an_export_is_the_table_on_the_page(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&plan=pro&sort=organization_name&limit=10")
        page.wait_for_selector("#row-count")
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
