"""The pages for those who use a keyboard, a screen reader or a phone."""

import os
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.serving.browser import (
    calm,
    eventually,
    heading,
    launched,
    open_filters,
    visiting,
)
from tests.serving.page_states import STATES, Server, servers

ALL_TIME = "/platform/support/organizations?range=all_time"
# What a keyboard stands on, by id, else by text.
FOCUSED = "document.activeElement.id || document.activeElement.innerText"
AXE = Axe().axe_script
# `make browse` has axe look at every state in the dark on a phone too, not only at these.
AXE_ON_A_PHONE = list(STATES) if os.environ.get("BROWSE_USERS") else list(STATES)[::3]


@pytest.fixture(scope="module")
def addresses(published, tmp_path_factory) -> Iterator[dict[Server, str]]:
    with servers(published, tmp_path_factory.mktemp("servers")) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def address(addresses) -> str:
    return addresses["usual"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page, with the first place of each."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((result) => result.violations)")
    return [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html']}" for one in found]


def walked(browser: Browser, addresses: dict[Server, str], **window) -> Iterator[tuple[str, Page]]:
    """Yield each state by its name, with a page that is in it."""
    with browser.new_context(**window) as context:
        for name, state in STATES.items():
            with context.new_page() as page:
                page.goto(addresses[state.server] + state.path)
                state.does(page)
                yield name, page


def test_axe_finds_nothing_in_any_state(addresses, browser):
    """Wide and light; narrow and dark is walked below."""
    wide = walked(browser, addresses, viewport={"width": 1400, "height": 900}, color_scheme="light")
    wrong = {name: violations(page) for name, page in wide}
    assert len(wrong) == len(STATES)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_next_page_is_reached_within_forty_tabs_of_the_top(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?range=all_time&plan=pro&mrr_min=0&search=e&limit=10")
        walked = []
        while "above-next" not in walked and len(walked) < 41:
            page.keyboard.press("Tab")
            walked.append(page.evaluate(FOCUSED))
        assert len(walked) <= 40, walked
        page.keyboard.press("Enter")
        eventually(lambda: page.locator("#row-count").inner_text()[:5], "11–20")
        assert page.evaluate(FOCUSED) == "above-next"


def test_tab_walks_through_every_control_and_name_in_the_order_in_which_they_are_seen(address, browser):
    positions = """() => {
        const box = document.activeElement.getBoundingClientRect();
        return document.activeElement === document.body ? null : [Math.round(box.top), Math.round(box.left)];
    }"""
    size = {"width": 1400, "height": 1400}
    with visiting(browser, address, viewport=size) as page:
        page.goto(f"{address}{ALL_TIME}&limit=10")
        names = page.locator("#rows tbody .name a").all_inner_texts()
        walked, places = [], []
        while (page.keyboard.press("Tab"), page.evaluate(positions))[1] is not None and len(walked) < 80:
            walked.append(page.evaluate(FOCUSED))
            places.append(page.evaluate(positions))
        assert walked[:3] == ["Skip to the content", "home", "chatbot-button"]
        for control in (
            "search",
            "range-button",
            "filters-button",
            "columns-button",
            "views-button",
            "export-button",
            "sort-mrr",
            "width-mrr",
        ):
            assert control in walked
        assert [text for text in walked if text in names] == names
        # One line after the other, each from left to right; what stands in one line differs by some pixels in height.
        lines = [(top // 30, left) for top, left in places[1:]]
        backwards = [pair for pair in pairwise(lines) if pair[1][0] < pair[0][0] - 1]
        assert backwards == []


@pytest.mark.parametrize(
    ("button", "panel"),
    [
        ("chatbot-button", "chatbot-popover"),
        ("quality-button", "quality-popover"),
        ("shortcuts-button", "shortcuts"),
        ("range-button", "range-popover"),
        ("filters-button", "filters-popover"),
        ("columns-button", "columns-popover"),
        ("views-button", "views-popover"),
        ("export-button", "export-popover"),
    ],
)
def test_escape_closes_the_panel_that_is_on_top_and_the_focus_returns_to_its_button(address, browser, button, panel):
    with visiting(browser, address) as page:
        page.goto(f"{address}{ALL_TIME}&search=e")
        page.locator(f"#{button}").focus()
        page.keyboard.press("Enter")
        page.locator(f"#{panel}:popover-open").wait_for()
        assert page.evaluate(f"document.getElementById('{panel}').contains(document.activeElement)")
        page.keyboard.press("Escape")
        assert page.locator(":popover-open").count() == 0
        assert page.evaluate(FOCUSED) == button
        assert page.url.endswith("&search=e")


def test_the_focus_stays_where_it_was_after_a_range_a_chip_a_page_and_an_order(address, browser):
    """Each of them threw the keyboard back to the top of the document."""
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/users?plan=pro&plan=free&mrr_min=0")
        page.locator("#range-button").press("Enter")
        page.locator("#range-popover").get_by_role("link", name="All time").press("Enter")
        page.wait_for_url("**range=all_time*")
        eventually(lambda: page.evaluate(FOCUSED), "range-button")
        for left in (2, 1):
            page.locator("#chip-1-remove").press("Enter")
            eventually(lambda: page.locator(".chip").count(), left)
            assert page.evaluate(FOCUSED) == "chip-1-remove"
        page.locator("#chip-1-remove").press("Enter")
        eventually(lambda: page.locator(".chip").count(), 0)
        assert page.evaluate("document.activeElement !== document.body")
        page.locator("#sort-mrr").press("Enter")
        eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")
        assert page.evaluate(FOCUSED) == "sort-mrr"
        page.locator("#next-page").press("Enter")
        page.wait_for_url("**offset=20*")
        calm(page)
        assert page.evaluate(FOCUSED) == "next-page"
        page.locator("#last-page").press("Enter")
        eventually(lambda: page.locator("a#last-page").count(), 0)
        assert page.evaluate("document.activeElement.closest('nav.steps') !== null")


def test_shortcuts_lead_to_search_and_filters_and_are_no_shortcuts_while_typing(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}{ALL_TIME}")
        page.keyboard.press("/")
        assert page.evaluate(FOCUSED) == "search"
        page.keyboard.type("f?/")
        assert page.get_by_label("Search organizations").input_value() == "f?/"
        assert page.locator(":popover-open").count() == 0
        page.get_by_label("Search organizations").fill("")
        page.locator("#columns-button").focus()
        page.keyboard.press("f")
        page.locator("#filters-popover:popover-open .option-rows").first.wait_for()
        page.keyboard.press("Escape")
        assert page.evaluate(FOCUSED) == "columns-button"
        page.keyboard.press("?")
        page.get_by_role("heading", name="Keyboard shortcuts").wait_for()


def test_a_filter_is_chosen_by_keyboard_and_the_focus_stays_on_it(address, browser):
    with visiting(browser, address) as page:
        page.goto(f"{address}{ALL_TIME}")
        plans = open_filters(page).get_by_role("group", name="Plan")
        plans.get_by_label(re.compile("^free")).focus()
        page.keyboard.press("Space")
        page.wait_for_url("**plan=free*")
        calm(page)
        page.locator("#filters-popover:not([aria-busy=true])").wait_for()
        assert page.evaluate("document.activeElement.value") == "free"
        assert plans.get_by_label(re.compile("^free")).is_checked()


def test_on_a_phone_nothing_is_cut_nothing_scrolls_sideways_and_axe_finds_nothing_in_the_dark(addresses, browser):
    """Name, freshness, calendar and row count were cut."""
    cut = """() => [...document.querySelectorAll('body *')].filter((one) => {
        const box = one.getBoundingClientRect();
        const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        const style = getComputedStyle(one);
        const isHidden = !box.width || style.visibility === 'hidden' || one.closest('.skip, option');
        return text && !isHidden && (box.left < 0 || box.right > innerWidth + 0.5
            || (one.scrollWidth > one.clientWidth + 1 && style.display !== 'inline' && style.overflow !== 'auto')
            || style.textOverflow === 'ellipsis');
    }).map((one) => one.outerHTML.slice(0, 120))"""
    wrong: dict = {}
    size = {"width": 390, "height": 740}
    for name, page in walked(browser, addresses, viewport=size, is_mobile=True, color_scheme="dark"):
        if name in AXE_ON_A_PHONE and (found := violations(page)):
            wrong[name, "axe"] = found
        if name == "reference":
            continue
        for width in (390, 360):
            page.set_viewport_size({"width": width, "height": 740})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if (found := page.evaluate(cut)) or wide != width:
                wrong[name, width] = (wide, found)
    assert wrong == {}


def test_on_a_tablet_the_name_of_a_chatbot_breaks_within_no_word(address, browser):
    """The freshness beside it took its room, and "Kolkata" broke into "Kolkat" and "a"."""
    with visiting(browser, address, viewport={"width": 800, "height": 900}) as page:
        page.goto(f"{address}/platform/kolkata/organizations")
        name = page.locator("#chatbot-button span").bounding_box()
        assert name is not None
        assert name["height"] < 30


def test_on_a_phone_rows_are_cards_with_their_labels_and_stay_a_table_for_those_who_listen(address, browser):
    with visiting(browser, address, viewport={"width": 360, "height": 740}) as page:
        page.goto(f"{address}{ALL_TIME}&search=100%25")
        table = page.get_by_role("table", name="Organizations")
        assert table.get_by_role("rowheader", name="100% Co").is_visible()
        assert table.get_by_role("columnheader").all_inner_texts()[0] == "Organization"
        label = "getComputedStyle(document.querySelector('#rows td.money'), '::before').content"
        assert page.evaluate(label) == '"MRR"'
        page.get_by_role("link", name="MRR").click()
        eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")


def test_every_page_works_without_a_script(address, browser):
    with visiting(browser, address, java_script_enabled=False) as page:
        page.goto(f"{address}{ALL_TIME}&sort=organization_name")
        page.get_by_label("Search organizations").fill("100%")
        page.get_by_label("Search organizations").press("Enter")
        page.wait_for_url("**search=100%25*")
        assert page.locator("#total").inner_text() == "1"
        page.get_by_role("link", name="Remove Search").click()
        page.click("#filters-button")
        page.get_by_role("link", name="Choose from what is there").click()
        page.get_by_role("group", name="Plan").get_by_label(re.compile("^free")).check()
        page.get_by_label("Conversations, min", exact=True).fill("2")
        page.get_by_role("button", name="Apply").click()
        assert page.url.endswith("?range=all_time&sort=organization_name&plan=free&conversations_min=2")
        page.click("#range-button")
        page.get_by_label("First day").fill("2026-11-10")
        page.get_by_label("Last day").fill("2026-11-20")
        page.get_by_role("button", name="Show these days").click()
        assert page.locator("#range-label").inner_text() == "Nov 10 – 20, 2026"
        page.click("#columns-button")
        page.get_by_role("checkbox", name="Messages").check()
        page.get_by_role("button", name="Apply").click()
        assert page.locator("th[data-column=messages]").is_visible()
        page.get_by_role("link", name="Switch to dark").click()
        assert page.locator("html").get_attribute("data-scheme") == "dark"
        assert page.locator("th[data-column=messages]").is_visible()
