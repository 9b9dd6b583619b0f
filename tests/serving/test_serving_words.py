"""Where texts break and which way they run, in Chromium: no word within itself, and no name turns what is around it."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser

from tests.serving.browser import launched, serving, visiting
from tests.serving.published_fixture import NOW, Rows, publish

# Parts of an address count as words of their own: behind its @ it may break.
BROKEN = """(selector) => [...document.querySelectorAll(selector)].flatMap((one) => {
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), broken = [];
    for (let node = texts.nextNode(); node; node = texts.nextNode())
        for (const word of node.data.matchAll(/[^\\s@]+@?/g)) {
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
        }
    return broken;
})"""
CHANGES = 30
TURNED = "\u202elive"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    rows = Rows()
    for number, (plan, industry) in enumerate([("enterprise", "Manufacturing"), ("starter", "Financial services")]):
        key = f"o{number}"
        rows.organization("support", key, "Dapplebrook Freight", plan, industry, 12_774)
        rows.user("support", f"u{number}", "Jonas Sharma", "jonas.sharma.2319@dapplebrook.example.com", plan)
        scores = [0.9] if number else [-0.9]
        rows.conversation("support", "2026-11-20T22:10:00", f"u{number}", key, scores, device="desktop", country="ES")
    since = [None, *(date(2026, 10, day) for day in range(1, CHANGES)), None]
    names = [*(f"Name {number}" for number in range(CHANGES - 2)), TURNED, "Person 2"]
    rows.organizations["support", "o1"] = [
        (name, "pro", None, None, since[number], since[number + 1]) for number, name in enumerate(names)
    ]
    published = tmp_path_factory.mktemp("words")
    publish(published, rows)
    with serving(published, lambda: NOW) as address:
        yield address


@pytest.mark.parametrize("width", [360, 390, 1400])
def test_no_word_of_the_overview_breaks_within_itself(address, browser, width):
    with visiting(browser, address, viewport={"width": width, "height": 900}) as page:
        page.goto(f"{address}/platform/support/overview?range=this_month")
        assert page.locator(".small .badge").count() > 3
        assert page.evaluate(BROKEN, ".small") == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_an_address_that_is_too_long_for_its_line_breaks_behind_its_at(address, browser, width):
    with visiting(browser, address, viewport={"width": width, "height": 900}) as page:
        page.goto(f"{address}/platform/support/users?range=this_month")
        assert page.locator("#rows tbody tr").count() == 2
        assert page.evaluate(BROKEN, "#rows tbody") == []


@pytest.mark.parametrize("width", [360, 1400])
def test_so_it_does_among_the_attributes_of_a_user(address, browser, width):
    with visiting(browser, address, viewport={"width": width, "height": 900}) as page:
        page.goto(f"{address}/platform/support/users/u0?range=this_month")
        assert "@dapplebrook" in page.locator("dd", has_text="jonas.sharma").inner_text()
        assert page.evaluate(BROKEN, "dd") == []


def test_scores_stand_below_each_other_whatever_their_label(address, browser):
    with visiting(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.goto(f"{address}/platform/support/organizations?range=this_month")
        assert page.locator("#rows .badge").all_inner_texts() == ["Very Negative", "Very Positive"]
        ends = page.evaluate(
            "[...document.querySelectorAll('#rows .score')].map((one) => one.getBoundingClientRect().right)"
        )
        assert ends[0] == ends[1]


def test_of_many_changes_the_newest_are_shown_and_the_others_on_request(address, browser):
    """A field that changes with each conversation made a page of eleven screens, with the conversations below it."""
    with visiting(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.goto(f"{address}/platform/support/organizations/o1?range=this_month")
        shown, older = page.locator("#history tbody tr"), page.locator("#older-history tbody tr")
        assert (shown.count(), older.count()) == (12, CHANGES - 12)
        assert not older.first.is_visible()
        page.get_by_text(f"{CHANGES - 12} older", exact=True).click()
        assert older.last.is_visible()


def test_a_name_written_from_right_to_left_turns_nothing_around_it(address, browser):
    with visiting(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.goto(f"{address}/platform/support/organizations/o1?range=this_month")
        change = page.locator("#history li", has_text="Person 2").first
        assert TURNED in change.inner_text()
        first, last = change.evaluate("""(one) => {
            const text = [...one.querySelectorAll('*'), one].flatMap((part) => [...part.childNodes])
                .find((node) => node.nodeType === 3 && node.data.includes('Person 2'));
            const start = text.data.indexOf('Person 2');
            return [0, 7].map((place) => {
                const range = document.createRange();
                range.setStart(text, start + place);
                range.setEnd(text, start + place + 1);
                return range.getBoundingClientRect().left;
            });
        }""")
        assert first < last
