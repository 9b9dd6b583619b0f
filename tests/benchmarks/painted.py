"""Pages in a real Chromium: from the navigation's start, or from the click, to painted, and the SQL's part of it.

Painted is the second animation frame after the rows stand in the document. Cold is a new window with an empty cache,
warm the same address again in the same window, and a sort is a click on a heading, no order twice.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from tests.benchmarks.costs import cost_of, tool
from tests.benchmarks.large_snapshot import CHATBOT, publish_large
from tests.benchmarks.results import Painted
from tests.benchmarks.served import quantile, served
from tests.serving.browser import launched

TITLE = "Pages in Chromium, from the click or the navigation's start to painted"
COLD, WARM, SORT, SORT_LARGE = 400, 250, 150, 250
AGAIN = 15
SORTED = {
    "organizations": ("organization_name", "plan", "industry", "mrr", "conversations", "users", "sentiment"),
    "users": ("user_name", "email", "organization_name", "plan", "mrr", "conversations", "sentiment"),
}
# Notes when the page is painted; a style sheet that is on its way holds animation frames back.
NOTE = """document.addEventListener('DOMContentLoaded', () => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.painted = performance.now();
})));"""
NAVIGATED = """() => { const [way] = performance.getEntriesByType('navigation');
    return [window.painted / 1000, (way.serverTiming[0]?.duration ?? 0) / 1000]; }"""
CLICKED = """(id) => new Promise((done) => {
    document.addEventListener('clientele:shown', () => requestAnimationFrame(() => requestAnimationFrame(() => {
        const taken = performance.now() - begun;
        const ways = performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'fetch');
        done([taken / 1000, (ways.at(-1).serverTiming[0]?.duration ?? 0) / 1000]);
    })), { once: true });
    const begun = performance.now();
    document.getElementById(id).click();
})"""
Times = list[tuple[float, float]]


def run() -> Iterator[Painted]:
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        sample, large = Path(folder, "sample"), Path(folder, "large")
        sample.mkdir()
        for command in ("sample", "refresh"):
            cost_of([tool("clientele"), command], home=sample)
        with served(sample) as server:
            chatbot = max(_chatbots(server.address), key=lambda one: _conversations(server.address, one))
            yield from _pages(browser, server.address, chatbot, "the sample", SORT)
        publish_large(large / "published", datetime.now(UTC).date())
        with served(large) as server:
            yield from _pages(browser, server.address, CHATBOT, "100,000 organizations", SORT_LARGE)


def _pages(browser: Browser, address: str, chatbot: str, what: str, sort: int) -> Iterator[Painted]:
    for table, columns in SORTED.items():
        path = f"{address}/platform/{chatbot}/{table}"
        httpx.get(path, timeout=120).raise_for_status()  # the first after a publication stands in "Reading"
        empty = quantile([taken for taken, _ in _cold(browser, f"{address}/health")[0]], 0.5)
        cold, loaded = _cold(browser, path)
        yield Painted(f"{table} of {what}, cold", cold, COLD, empty, loaded)
        yield Painted(f"{table} of {what}, warm", _warm(browser, path), WARM, empty)
        yield Painted(f"{table} of {what}, a sort", _sorts(browser, path, columns), sort, empty)


def _cold(browser: Browser, path: str) -> tuple[Times, int]:
    """Open a page in a new window, again and again; returns the times, and the bytes of all that one of them loads."""
    times: Times = []
    for _ in range(AGAIN):
        window = browser.new_context()
        page = window.new_page()
        sizes: list[int] = []
        network = window.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda one, sizes=sizes: sizes.append(int(one["encodedDataLength"])))
        page.add_init_script(NOTE)
        times.append(_opened(page, path))
        page.wait_for_load_state("networkidle")
        window.close()
    return times, sum(sizes)


def _warm(browser: Browser, path: str) -> Times:
    window = browser.new_context()
    page = window.new_page()
    page.add_init_script(NOTE)
    times = [_opened(page, path) for _ in range(AGAIN + 1)]
    window.close()
    return times[1:]


def _sorts(browser: Browser, path: str, columns: tuple[str, ...]) -> Times:
    window = browser.new_context()
    page = window.new_page()
    page.goto(path)
    times = [tuple(page.evaluate(CLICKED, f"sort-{column}")) for column in columns for _ in range(2)]
    window.close()
    return times


def _opened(page: Page, path: str) -> tuple[float, float]:
    page.goto(path)
    page.wait_for_function("window.painted")
    painted, sql = page.evaluate(NAVIGATED)
    return painted, sql


def _chatbots(address: str) -> list[str]:
    answer = httpx.get(f"{address}/api/v1/chatbots").raise_for_status().json()
    return [one["chatbot_id"] for one in answer["chatbots"]]


def _conversations(address: str, chatbot: str) -> int:
    totals = httpx.get(f"{address}/api/v1/chatbots/{chatbot}/organizations/totals").raise_for_status().json()
    return int(totals["totals"]["conversations"])
