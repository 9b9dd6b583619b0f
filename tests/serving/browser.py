"""A real browser on a real server, and what a page shows in it.

Everything takes a published directory, so that the same checks run on any snapshot.
"""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from serving.http.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20
READ_ROWS = """() => {
    const names = [...document.querySelectorAll('#rows thead th')].map((heading) => heading.dataset.column);
    return [...document.querySelectorAll('#rows tbody tr')].map((row) => Object.fromEntries(
        [...row.cells].map((cell, index) => [names[index], cell.innerText.trim()])));
}"""


@contextmanager
def serving(published: Path, clock: Callable[[], datetime], **more: Any) -> Iterator[str]:
    """Serve a published directory on a free port of loopback; yields its address. `more` is for the application."""
    with running(create_app(published, clock=clock, **more)) as address:
        yield address


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Run an application on a free port of loopback; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who asks before the server runs waits for it
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def launched() -> Iterator[Browser]:
    """Launch a browser; without one the test fails."""
    if CHROMIUM is None:
        pytest.fail("The pages are tested in a real browser: install Chromium, so that `chromium` is on the path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, address: str, expected: str = "", **context: Any) -> Iterator[Page]:
    """Open a fresh window; afterwards, nothing may have been asked of another host, and no script may have failed.

    Errors that contain the expected text are what a test brings about.
    """
    elsewhere: list[str] = []
    errors: list[str] = []
    window = browser.new_context(**context)
    page = window.new_page()
    own = (address + "/", "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(own) or elsewhere.append(request.url))
    page.on("websocket", lambda socket: elsewhere.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    try:
        yield page
    finally:
        window.close()
    assert elsewhere == []
    assert [error for error in errors if not expected or expected not in error] == []


def eventually(read: Callable[[], Any], expected: Any) -> None:
    """Wait until a page shows what is expected; fail with the difference if it never does."""
    deadline = time.monotonic() + PATIENCE
    while (shown := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shown == expected, f"shown {shown!r}, expected {expected!r}"


def shown_rows(page: Page) -> list[dict[str, str]]:
    """Return what the table shows, row by row."""
    return page.evaluate(READ_ROWS)


def shown_column(page: Page, name: str) -> list[str | None]:
    """Return what one column of the table shows."""
    return [row.get(name) for row in shown_rows(page)]


def heading(page: Page, name: str) -> Locator:
    """Return a column's heading."""
    return page.locator(f"#rows th[data-column='{name}']")


def sort_by(page: Page, name: str, order: str) -> None:
    """Click a column's heading until it is sorted so."""
    for _ in range(3):
        before = heading(page, name).get_attribute("aria-sort")
        if before == order:
            return
        heading(page, name).get_by_role("link").click()
        page.wait_for_function(
            "([name, before]) => document.querySelector(`#rows th[data-column='${name}']`).ariaSort !== before",
            arg=[name, before],
        )
    pytest.fail(f"The heading of {name} never says that it is sorted {order}.")


def open_filters(page: Page) -> Locator:
    """Open the filters and wait for what they offer; return their panel."""
    page.click("#filters-button")
    panel = page.locator("#filters-popover")
    panel.locator(".option-rows").first.wait_for()
    page.locator("#filters-popover:not([aria-busy=true])").wait_for()
    return panel


def calm(page: Page) -> None:
    """Wait until the page shows what it was asked for last."""
    page.locator("main:not([aria-busy=true])").wait_for()
