"""When the server is away, fails or is slow: address, controls and rows agree, or the page says that they do not."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, Route

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
from tests.serving.published_fixture import NOW

START = "/platform/support/organizations?range=all_time&search=o"
BEFORE = "The page shows the state before: organizations of All time, Search “o”, by Last activity (newest first)."
AWAY, FAILED = "net::ERR_", "500"


@pytest.fixture(scope="module")
def address(published) -> Iterator[str]:
    with serving(published, lambda: NOW) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def no_answer(route: Route) -> None:
    route.abort()


def error(route: Route) -> None:
    route.fulfill(status=500, body="Internal Server Error")


def sort(page: Page) -> None:
    page.click("#sort-mrr")


def another_page(page: Page) -> None:
    page.click("#above-next")


def another_table(page: Page) -> None:
    page.get_by_role("link", name="Users", exact=True).first.click()


def less(page: Page) -> None:
    page.get_by_title("Remove Search").click()


def another_range(page: Page) -> None:
    page.click("#range-button")
    page.get_by_role("link", name="Last year").click()


def another_column(page: Page) -> None:
    page.click("#columns-button")
    page.get_by_role("checkbox", name="Messages").click()


def agrees(page: Page, rows: list[dict[str, str]]) -> None:
    """Address, arrow, box, chips and chooser are those of the rows, which are those from before."""
    assert page.url.endswith(START)
    assert shown_rows(page) == rows
    assert heading(page, "last_activity_at").get_attribute("aria-sort") == "descending"
    assert page.get_by_label("Search organizations").input_value() == "o"
    assert page.locator("#range-label").inner_text() == "All time"
    assert page.locator("#chip-1").inner_text().split() == ["Search:", "“o”"]
    assert not page.locator("#columns-form").get_by_label("Messages").is_checked()


@pytest.mark.parametrize("does", [sort, another_page, another_table, less, another_range, another_column])
@pytest.mark.parametrize(("fails", "said", "noise"), [
    (no_answer, "The server cannot be reached.", AWAY),
    (error, "The server answered with an error (500).", FAILED),
])  # fmt: skip
def test_what_fails_leaves_the_state_before_in_every_control_and_says_so(
    address, browser, does: Callable, fails: Callable, said: str, noise: str
) -> None:
    """The address, the arrow and the box showed the new state, and the rows the old, without a word."""
    with visiting(browser, address, expected=noise) as page:
        page.goto(address + START)
        rows = shown_rows(page)
        page.route("**/platform/**", fails)
        does(page)
        alert = page.get_by_role("alert").filter(has_text="state before")
        alert.wait_for()
        assert alert.inner_text().startswith(f"{said} {BEFORE}")
        agrees(page, rows)
        page.unroute("**/platform/**")
        page.keyboard.press("Escape")
        alert.get_by_role("button", name="Try again").click()
        page.wait_for_function("start => !location.href.endsWith(start)", arg=START)
        eventually(lambda: page.get_by_text("state before").is_hidden(), True)
        assert shown_rows(page) != rows


def test_a_text_that_could_not_be_searched_for_stays_in_the_box_and_the_page_says_that_it_was_not(address, browser):
    with visiting(browser, address, expected=FAILED) as page:
        page.goto(address + START)
        rows = shown_rows(page)
        page.route("**/platform/**", error)
        page.get_by_label("Search organizations").press("End")
        page.keyboard.type("ri")
        page.get_by_role("alert").filter(has_text=BEFORE).wait_for()
        assert page.get_by_label("Search organizations").input_value() == "ori"
        assert (page.url.endswith(START), shown_rows(page)) == (True, rows)


def test_an_answer_that_does_not_come_is_given_up_and_said(address, browser):
    with visiting(browser, address) as page:
        page.clock.install()
        page.goto(address + START)
        rows = shown_rows(page)
        page.route("**/platform/**", lambda route: None)
        with page.expect_request("**/platform/**"):
            sort(page)
        eventually(lambda: page.locator("main").get_attribute("aria-busy"), "true")
        page.clock.run_for(21_000)
        page.get_by_role("alert").filter(has_text=f"The server did not answer in time. {BEFORE}").wait_for()
        agrees(page, rows)
        assert page.locator("main").get_attribute("aria-busy") == "false"


def test_the_page_says_that_it_is_busy_until_rows_and_address_change_together(published, browser):
    waits, asked = threading.Event(), threading.Event()
    first = [True]

    def clock() -> datetime:
        if not first:
            asked.set()
            waits.wait()
        return NOW

    with serving(published, clock) as address, visiting(browser, address) as page:
        page.goto(address + START)
        first.clear()
        sort(page)
        assert asked.wait(20)
        assert page.locator("main").get_attribute("aria-busy") == "true"
        assert page.url.endswith(START)
        assert heading(page, "mrr").get_attribute("aria-sort") is None
        waits.set()
        eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")
        assert page.url.endswith("&sort=-mrr")
        eventually(lambda: page.locator("main").get_attribute("aria-busy"), "false")


def test_a_newer_request_takes_over_and_the_older_answer_is_never_shown(address, browser):
    with visiting(browser, address) as page:
        page.goto(address + START)
        held: list[Route] = []
        page.route("**sort=-mrr*", lambda route: held.append(route))
        with page.expect_request("**sort=-mrr*"):
            sort(page)
        page.route("**sort=plan*", lambda route: route.continue_())
        page.click("#sort-plan")
        eventually(lambda: heading(page, "plan").get_attribute("aria-sort"), "ascending")
        assert page.url.endswith("&sort=plan")
        assert page.get_by_text("state before").is_hidden()


def search(page: Page, text: str) -> None:
    page.get_by_label("Search organizations").fill(text)


def least_mrr(page: Page, text: str) -> None:
    page.get_by_label("MRR, min", exact=True).fill(text)


def plan(page: Page, text: str) -> None:
    page.locator("#filters-popover").get_by_label(re.compile("^pro")).first.set_checked(bool(text))


@pytest.mark.parametrize(("does", "name"), [(search, "search"), (least_mrr, "mrr_min"), (plan, "plan")])
def test_what_is_taken_back_while_its_answer_is_on_its_way_is_not_asked_any_more(
    address, browser, does: Callable, name: str
) -> None:
    """The field was empty as before, and the address and the rows went on to what it had held meanwhile."""
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        rows = shown_rows(page)
        if does is not search:
            open_filters(page)
        held: list[Route] = []
        page.route(f"**/platform/**{name}=*", lambda route: route.continue_() if held else held.append(route))
        with page.expect_request(f"**/platform/**{name}=*"):
            does(page, "9")
        with page.expect_response("**/platform/**"):
            does(page, "")
        calm(page)
        assert page.evaluate("location.search") == "?range=all_time"
        assert shown_rows(page) == rows


def test_the_filters_say_that_they_load_or_could_not_and_never_that_there_is_nothing(address, browser):
    """They said "None found" while they were loading."""
    with visiting(browser, address, expected=FAILED) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time&plan=pro")
        page.route("**/filters/**", error)
        page.click("#filters-button")
        page.get_by_role("alert").filter(has_text="What there is to choose from is not known").wait_for()
        panel = page.locator("#filters-popover")
        assert "None" not in panel.inner_text()
        assert panel.get_by_label(re.compile("^pro")).is_checked()
        page.unroute("**/filters/**")
        page.keyboard.press("Escape")
        open_filters(page)
        assert page.get_by_text("is not known").is_hidden()


def test_going_back_to_a_state_that_cannot_be_had_is_said(address, browser):
    with visiting(browser, address, expected=AWAY) as page:
        page.goto(address + START)
        sort_by(page, "mrr", "descending")
        page.route("**/platform/**", no_answer)
        page.go_back()
        said = "The page shows the state before: organizations of All time, Search “o”, by MRR (highest first)."
        page.get_by_role("alert").filter(has_text=said).wait_for()


def test_a_search_is_one_entry_of_the_history_however_slowly_it_is_typed(address, browser):
    """Slow typing made an entry of each letter."""
    with visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations?range=all_time")
        box = page.get_by_label("Search organizations")
        for text in ("c", "ca", "caf", "cafe"):
            box.press_sequentially(text[-1])
            page.wait_for_url(f"**search={text}")
        eventually(lambda: shown_column(page, "organization_name"), ["Cafe\u0301 Zürich"])
        assert page.evaluate("document.activeElement.id") == "search"
        page.go_back()
        page.wait_for_url("**?range=all_time")
        eventually(lambda: box.input_value(), "")
        page.go_forward()
        eventually(lambda: box.input_value(), "cafe")
        box.blur()
        box.fill("blue")
        page.wait_for_url("**search=blue")
        page.go_back()
        page.wait_for_url("**search=cafe")


def test_a_least_value_above_the_greatest_is_said_at_once_and_asks_nothing(address, browser):
    with visiting(browser, address) as page:
        page.goto(address + START)
        asked: list[str] = []
        panel = open_filters(page)
        panel.get_by_label("Conversations, min", exact=True).fill("5")
        page.wait_for_url("**conversations_min=5")
        page.locator("#filters-popover:not([aria-busy=true])").wait_for()
        page.on("request", lambda request: asked.append(request.url))
        panel.get_by_label("Conversations, max", exact=True).fill("2")
        panel.get_by_role("alert").filter(has_text="Min is above max").wait_for()
        assert panel.get_by_label("Conversations, max", exact=True).get_attribute("aria-invalid") == "true"
        panel.get_by_label("Conversations, max", exact=True).fill("7")
        page.wait_for_url("**conversations_max=7")
        assert panel.get_by_role("alert").filter(has_text="Min is above max").count() == 0
        assert not [url for url in asked if "conversations_max=2" in url]


def test_days_in_the_wrong_order_are_said_at_once(address, browser):
    with visiting(browser, address) as page:
        page.goto(address + START)
        page.click("#range-button")
        page.get_by_label("First day").fill("2026-11-20")
        page.get_by_label("Last day").fill("2026-11-10")
        page.get_by_role("alert").filter(has_text="The last day lies before the first").wait_for()
        page.get_by_role("button", name="Show these days").click()
        assert page.url.endswith(START)


def test_a_page_loads_little_and_each_file_once(address, browser):
    with visiting(browser, address) as page:
        protocol = page.context.new_cdp_session(page)
        asked: dict[str, str] = {}
        sizes: dict[str, int] = {}
        cached: set[str] = set()

        def answered(event: dict) -> None:
            asked[event["requestId"]] = event["response"]["url"].removeprefix(address)
            if event["response"]["fromDiskCache"]:
                cached.add(event["requestId"])

        protocol.send("Network.enable")
        protocol.on("Network.responseReceived", answered)
        protocol.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
        protocol.on(
            "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]})
        )
        page.goto(address + START, wait_until="networkidle")
        sort_by(page, "mrr", "descending")
        page.reload(wait_until="networkidle")
        loaded = {number: path for number, path in asked.items() if number not in cached}
        files = [path for path in loaded.values() if path.startswith("/assets/")]
        assert len(files) == len(set(files)) == 4, files
        assert sum(sizes.get(number, 0) for number in loaded) < 100_000
