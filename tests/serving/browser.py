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
from playwright.sync_api import Browser, Page, sync_playwright

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
READ_GRID = """() => {
    const cells = [...document.querySelectorAll('.grid .ag-row .ag-cell')].map((cell) => [
        Number(cell.closest('.ag-row').getAttribute('row-index')), cell.getAttribute('col-id'), cell.innerText.trim(),
    ]);
    const rows = [];
    for (const [row, column, text] of cells) (rows[row] ??= {})[column] = text;
    return rows;
}"""


@contextmanager
def serving(published: Path, clock: Callable[[], datetime], **more: Any) -> Iterator[str]:
    """Serve a published directory on a free port of loopback; yields its address. `more` is for the application."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who asks before the server runs waits for it
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(published, clock=clock, **more)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield address
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
def visiting(browser: Browser, address: str, **context: Any) -> Iterator[Page]:
    """Open a fresh window; afterwards, nothing may have been asked of another host, and no script may have failed."""
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
    assert errors == []


def eventually(read: Callable[[], Any], expected: Any) -> None:
    """Wait until a page shows what is expected; fail with the difference if it never does."""
    deadline = time.monotonic() + PATIENCE
    while (shown := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shown == expected, f"shown {shown!r}, expected {expected!r}"


def shown_rows(page: Page) -> list[dict[str, str]]:
    """Return what the grid shows, row by row."""
    return page.evaluate(READ_GRID)


def shown_column(page: Page, name: str) -> list[str | None]:
    """Return what one column of the grid shows."""
    return [row and row.get(name) for row in shown_rows(page)]


def sort_by(page: Page, name: str, order: str) -> None:
    """Click a column's header until it is sorted so."""
    header = page.locator(f".ag-header-cell[col-id='{name}']")
    for _ in range(3):
        if header.get_attribute("aria-sort") == order:
            return
        before = header.get_attribute("aria-sort")
        header.locator(".ag-header-cell-label").click()
        page.wait_for_function(
            "([name, before]) => document.querySelector(`.ag-header-cell[col-id='${name}']`).ariaSort !== before",
            arg=[name, before],
        )
    pytest.fail(f"The header of {name} never says that it is sorted {order}.")
