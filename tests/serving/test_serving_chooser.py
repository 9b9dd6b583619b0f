"""The order and the width of columns: by pointer, by keyboard and without a script, kept in the address."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from serving.pages.view import view_of
from serving.snapshot import Snapshots
from tests.serving.browser import calm, eventually, heading, launched, serving, shown_column, visiting
from tests.serving.published_fixture import NOW

ALL_TIME = "/platform/support/organizations?range=all_time"
SIZE = {"width": 1500, "height": 900}


@pytest.fixture(scope="module")
def address(published) -> Iterator[str]:
    with serving(published, lambda: NOW) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def shown_order(page: Page) -> list[str]:
    return page.locator("#rows thead th").evaluate_all("ones => ones.map((one) => one.dataset.column)")


def width_of(page: Page, name: str) -> int:
    return round(heading(page, name).bounding_box()["width"])


def grip(page: Page, name: str):
    return heading(page, name).get_by_role("separator")


def kept_widths(page: Page) -> list[str]:
    return page.evaluate("new URLSearchParams(location.search).getAll('width')")


def choices(published, state: str):
    snapshot = Snapshots(published).current()
    return view_of(snapshot, snapshot.chatbots["support"], "organizations", state, NOW).columns.choices


def test_the_chooser_lists_what_is_shown_in_its_order_and_behind_it_the_rest(published):
    state = "?columns=mrr&columns=organization_name&columns=custom.seats&columns=plan"
    listed = choices(published, state)
    assert [one.name for one in listed][:4] == ["organization_name", "mrr", "custom.seats", "plan"]
    assert [one.is_shown for one in listed] == [True] * 4 + [False] * (len(listed) - 4)
    moves = {one.name: (one.up is not None, one.down is not None) for one in listed[:5]}
    assert moves == {
        "organization_name": (False, False),
        "mrr": (False, True),
        "custom.seats": (True, True),
        "plan": (True, False),
        listed[4].name: (False, False),
    }


def test_a_move_there_and_back_is_the_usual_order_which_needs_no_words(published):
    plan = next(one for one in choices(published, "?range=all_time") if one.name == "plan")
    assert plan.up is None
    again = next(one for one in choices(published, plan.down) if one.name == "plan")
    assert again.up == "?range=all_time"


def test_a_column_is_moved_by_keyboard_and_page_and_file_follow(address, browser):
    with visiting(browser, address, viewport=SIZE) as page:
        page.goto(address + ALL_TIME)
        usual = shown_order(page)
        page.click("#columns-button")
        page.get_by_role("link", name="Move MRR up").focus()
        for _ in range(2):
            page.keyboard.press("Enter")
            calm(page)
        assert page.evaluate("document.activeElement.closest('.check').id") == "choice-mrr"
        assert page.locator("#columns-popover:popover-open").count() == 1
        moved = ["organization_name", "mrr", *(name for name in usual if name not in ("organization_name", "mrr"))]
        eventually(lambda: shown_order(page), moved)
        with page.expect_download() as download:
            page.keyboard.press("Escape")
            page.click("#export-button")
            page.click("#export-csv")
        assert download.value.path().read_text("utf-8-sig").splitlines()[0].split(",") == moved
        page.click("#columns-button")
        page.get_by_role("checkbox", name="Messages", exact=True).check()
        eventually(lambda: shown_order(page), [*moved, "messages"])
        page.reload()
        assert shown_order(page) == [*moved, "messages"]


def test_without_a_script_a_column_moves_and_has_its_width(address, browser):
    with visiting(browser, address, viewport=SIZE, java_script_enabled=False) as page:
        page.goto(f"{address}{ALL_TIME}&width=plan:300&width=industry:110")
        assert (width_of(page, "plan"), width_of(page, "industry")) == (300, 110)
        assert grip(page, "plan").count() == 0
        page.click("#columns-button")
        page.get_by_role("link", name="Move Plan down").click()
        assert shown_order(page)[:3] == ["organization_name", "industry", "plan"]
        assert width_of(page, "plan") == 300


def test_a_dragged_edge_is_kept_in_the_address_through_order_page_filter_and_reload(address, browser):
    with visiting(browser, address, viewport=SIZE) as page:
        page.goto(address + ALL_TIME)
        before = width_of(page, "plan")
        box = grip(page, "plan").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y, steps=4)
        page.mouse.move(x + 90, y, steps=4)
        assert width_of(page, "plan") == before + 90
        page.mouse.up()
        eventually(lambda: kept_widths(page), [f"plan:{before + 90}"])
        calm(page)
        assert width_of(page, "plan") == before + 90
        assert heading(page, "last_activity_at").get_attribute("aria-sort") == "descending"  # no click on the heading
        page.click("#sort-mrr")
        eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")
        page.click("#next-page")
        page.wait_for_url("**offset=20*")
        page.get_by_label("Search organizations").fill("a")
        page.wait_for_url("**search=a*")
        calm(page)
        page.reload()
        assert width_of(page, "plan") == before + 90
        page.click("#tab-2")
        page.wait_for_url("**/users*")
        assert kept_widths(page) == []


def test_keys_change_a_width_and_say_it_and_delete_gives_it_back(address, browser):
    with visiting(browser, address, viewport=SIZE) as page:
        page.goto(f"{address}{ALL_TIME}&sort=organization_name&width=industry:150")
        edge = grip(page, "plan")
        natural = width_of(page, "plan")
        assert edge.get_attribute("aria-valuenow") == str(natural)
        assert edge.get_attribute("aria-orientation") == "vertical"
        assert (edge.get_attribute("aria-valuemin"), edge.get_attribute("aria-valuemax")) == ("64", "800")
        assert edge.get_attribute("aria-label") == "Width of Plan"
        edge.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        eventually(lambda: sorted(kept_widths(page)), ["industry:150", f"plan:{natural + 32}"])
        calm(page)
        assert page.evaluate("document.activeElement.id") == "width-plan"
        assert edge.get_attribute("aria-valuenow") == str(width_of(page, "plan")) == str(natural + 32)
        page.keyboard.press("Home")
        eventually(lambda: sorted(kept_widths(page)), ["industry:150", "plan:64"])
        calm(page)
        page.keyboard.press("Delete")
        eventually(lambda: kept_widths(page), ["industry:150"])
        calm(page)
        assert width_of(page, "plan") == natural
        assert shown_column(page, "organization_name")[0] == "-5 degrees"


def test_a_narrow_column_wraps_and_cuts_nothing(address, browser):
    cut = """() => [...document.querySelectorAll('#rows th, #rows td')].filter(
        (cell) => cell.scrollWidth > cell.clientWidth || getComputedStyle(cell).textOverflow === 'ellipsis').length"""
    narrow = "".join(f"&width={name}:64" for name in ("organization_name", "mrr", "sentiment", "last_activity_at"))
    with visiting(browser, address, viewport=SIZE) as page:
        page.goto(
            f'{address}{ALL_TIME}{narrow}&width=custom.size, "m²":100&columns=organization_name&columns=mrr'
            '&columns=sentiment&columns=last_activity_at&columns=custom.size, "m²"&sort=-mrr'
        )
        assert page.evaluate(cut) == 0
        assert shown_column(page, "mrr")[0].replace("\n", "") == "$250,000"


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("width=nope:100", "Unknown column: nope"),
        ("width=plan:12", "Should be a column and a width from 64 to 800, like plan:120"),
        ("width=plan:1e2", "Should be a column and a width from 64 to 800, like plan:120"),
    ],
)
def test_a_width_that_makes_no_sense_is_said_in_a_sentence_and_the_api_knows_none(client, asked, fault):
    page = client.get(f"/platform/support/organizations?{asked}")
    assert page.status_code == 200
    assert f"width: {fault}" in page.text
    answer = client.get("/api/v1/chatbots/support/organizations?width=plan:100")
    assert answer.json()["detail"][0]["msg"] == "Unknown parameter: width"


def test_nothing_is_styled_inline(client):
    """The policy of the pages forbids it: a browser would ignore it."""
    page = client.get("/platform/support/organizations?range=all_time&width=plan:300&columns=plan&columns=mrr")
    assert re.search(r"\sstyle=|<style", page.text) is None
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
