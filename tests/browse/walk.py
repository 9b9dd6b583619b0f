"""A reader's way through the pages: uses a control, waits until it is answered, and holds what is shown against SQL.

`BROWSE_USERS` is how many users the snapshot has, and a tenth as many organizations. `make browse` asks for 1,000,000;
unasked it is the short form: 20,000, one of both tables at each place, and of what is alike a part.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.benchmarks.large_snapshot import CHATBOT
from tests.browse.oracle import DRAWN, Oracle
from tests.serving.browser import calm, eventually, shown_rows, visiting

T = TypeVar("T")
USERS = int(os.environ.get("BROWSE_USERS", "20000"))
AT_LENGTH = "BROWSE_USERS" in os.environ
# The longest that the page waits for an answer before it says that none came, and how often a reader asks: how long an
# answer takes on a busy machine is told, and decides nothing.
PATIENCE, MOST_TRIES = 20_000, 8
# Seconds until each control was answered, and its name, with how often it was asked again.
slowest: list[tuple[float, str]] = []
ANSWERED = """([name, value]) => !document.getElementById('failure').hidden
    || (new URLSearchParams(location.search).get(name) ?? '') === value"""
OFFERED = """() => document.querySelector('#filters-popover[aria-busy=false]')
    && (document.querySelector('#filters-popover .option-rows')
        || !document.getElementById('filters-trouble').hidden)"""
CUT = """() => [...document.querySelectorAll(
        'h1, .control, .chip, .figure, .way, .tab, #rows th, #rows td, table.small td')]
    .filter((one) => one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
        || getComputedStyle(one).textOverflow === 'ellipsis'))
    .map((one) => one.textContent.trim())"""


def tables(short: str) -> pytest.MarkDecorator:
    """Return the mark that walks both tables at length, and one of them in the short form."""
    return pytest.mark.parametrize("table", ["organizations", "users"] if AT_LENGTH else [short])


def some(of: Iterable[T], short: int) -> list[T]:
    """Return all of what is alike at length, and so many in the short form."""
    return list(of)[: None if AT_LENGTH else short]


class Walk:
    """A window of the browser, and SQL on the snapshot that it shows."""

    def __init__(self, page: Page, address: str, oracle: Oracle, name: str) -> None:
        self.page = page
        self.oracle = oracle
        self._address = address
        self._name = name

    def open(self, table: str, state: str = "", chatbot: str = CHATBOT) -> None:
        """Open a page by its address."""
        self.act(f"open {table}{state}", lambda: self.page.goto(f"{self._address}/platform/{chatbot}/{table}{state}"))

    def act(self, what: str, does: Callable[[], object]) -> None:
        """Use a control, and wait until the page shows what was asked; it must have been answered."""
        begun, tries = time.perf_counter(), 1
        does()
        self.settle()
        while AT_LENGTH and tries < MOST_TRIES and self._asks_again():
            self.settle()
            tries += 1
        again = f", asked {tries} times" if tries > 1 else ""
        slowest.append((time.perf_counter() - begun, f"{self._name}: {what}{again}"))
        assert not self.page.locator("#failure").is_visible(), self.page.locator("#failure").inner_text()

    def _asks_again(self) -> bool:
        """Do as the page says where it was not answered in time; return whether it said so."""
        if self.page.locator("#failure").get_by_text("did not answer in time").is_visible():
            self.page.locator("#try-again").press("Enter")  # a click beside open filters would close them
        elif self.page.locator("#filters-trouble").get_by_text("did not answer in time").is_visible():
            self.page.keyboard.press("Escape")
            self.page.click("#filters-button")
            self.page.locator("#filters-popover[aria-busy=true]").wait_for()
        else:
            return False
        return True

    def open_filters(self) -> None:
        """Open the filters and wait for what they offer."""
        self.act("open the filters", lambda: (self.page.click("#filters-button"), self.page.wait_for_function(OFFERED)))

    def fill(self, field: Locator, value: str, what: str) -> None:
        """Fill a field of the filters, or empty it; wait until the address says so, as it may keep every row."""
        asked = [field.get_attribute("name"), value]
        self.act(what, lambda: (field.fill(value), self.page.wait_for_function(ANSWERED, arg=asked)))

    def settle(self) -> None:
        """Wait until nothing is asked and nothing offered."""
        calm(self.page)
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")

    def click(self, target: str | Locator, what: str = "") -> None:
        """Click on a control and wait for its answer."""
        found = self.page.locator(target) if isinstance(target, str) else target
        self.act(what or str(target), found.click)

    def state(self) -> dict[str, list[str]]:
        """Return the parameters of the address."""
        return parse_qs(self.page.evaluate("location.search").removeprefix("?"), keep_blank_values=True)

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of elements, with single blanks."""
        return [squeezed(text) for text in self.page.locator(selector).all_inner_texts()]

    def number(self, selector: str = "#total") -> int:
        """Return the number that an element shows."""
        return int(self.page.locator(selector).first.inner_text().replace(",", ""))

    def expect_total(self, wanted: int) -> None:
        """Wait until the heading counts so many rows."""
        eventually(self.number, wanted)

    def columns(self) -> list[str]:
        """Return the columns shown, in their order."""
        return self.page.locator("#rows thead th").evaluate_all("all => all.map((one) => one.dataset.column)")

    def expect_rows(self, table: str, rows: str, **asked: Any) -> None:
        """Hold the cells of the page, and their number, against SQL; and see that none is cut."""
        columns = [name for name in self.columns() if name not in DRAWN]
        wanted = self.oracle.written(table, rows, columns, **asked)
        eventually(lambda: [[without_blanks(row[name]) for name in columns] for row in shown_rows(self.page)],
                   [[without_blanks(text) for text in row] for row in wanted])  # fmt: skip
        total, offset = self.oracle.total(rows, asked.get("where", "true")), asked.get("offset", 0)
        self.expect_total(total)
        shown = f"{offset + 1:,}–{offset + len(wanted):,} of {total:,}" if wanted else "0 of 0"
        assert self.page.locator("#row-count").inner_text() == shown
        self.expect_whole_texts()

    def expect_whole_texts(self) -> None:
        """See that no text of a control, a heading or a cell is cut."""
        assert self.page.evaluate(CUT) == []


@contextmanager
def walking(browser: Browser, address: str, oracle: Oracle, name: str) -> Iterator[Walk]:
    """Open a window; afterwards no script may have failed and nothing may have been asked of another host."""
    with visiting(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.set_default_timeout(PATIENCE + 5_000)
        page.set_default_navigation_timeout(MOST_TRIES * PATIENCE)
        yield Walk(page, address, oracle, name)


def squeezed(text: str) -> str:
    """Return a text with single blanks."""
    return re.sub(r"\s+", " ", text).strip()


def without_blanks(text: str) -> str:
    """Return a text without blanks: a label and its number are parts of their own."""
    return re.sub(r"\s+", "", text)
