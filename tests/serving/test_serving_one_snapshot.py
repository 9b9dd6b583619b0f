"""A page is of one snapshot, also when another one is published between two of its requests."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from serving.snapshot import SnapshotGone, Snapshots
from tests.serving.browser import eventually, launched, serving, shown_column, sort_by, visiting
from tests.serving.published_fixture import NOW, Rows, publish

BEFORE_TOTALS = '"output":"totals.children"'
BEFORE_CHOICES = "searchValue"


def organizations(count: int) -> Rows:
    """So many organizations, each with one conversation of its own user."""
    rows = Rows()
    for number in range(count):
        rows.organization("support", f"o{number}", f"Organization {number}", "pro")
        rows.user("support", f"u{number}", f"User {number}")
        rows.conversation("support", f"2026-11-20T10:{number:02}:00", f"u{number}", f"o{number}")
    return rows


def before(page: Page, request: str, happens: Callable[[], object]) -> None:
    """Let something happen when the page sends its next request of a kind, before the server has it."""
    waiting = [happens]

    def passing(route: Route) -> None:
        if waiting and request in (route.request.post_data or ""):
            waiting.pop()()
        route.continue_()

    page.route(re.compile("_dash-update-component"), passing)


def shown(page: Page) -> tuple[str, int, str]:
    """The heading's total, the rows, and the line of totals."""
    heading = page.locator("#total").inner_text()
    return heading, len(shown_column(page, "organization_name")), page.locator("#totals").inner_text().split("\n")[0]


def test_trap_66_heading_rows_and_totals_are_of_one_snapshot_whatever_is_published_between_them(tmp_path: Path) -> None:
    publish(tmp_path, organizations(1), "s1")
    with serving(tmp_path, lambda: NOW) as address, launched() as browser, visiting(browser, address) as page:
        before(page, BEFORE_TOTALS, lambda: publish(tmp_path, organizations(2), "s2"))
        page.goto(f"{address}/platform/support/organizations")
        eventually(lambda: shown(page), ("1", 1, "1 conversation"))
        page.click("#filters-button")
        page.locator(".panel-filters").get_by_role("textbox", name="Plan").click()
        page.get_by_role("option", name="pro (1)").wait_for()  # of the rows beside it
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        sort_by(page, "mrr", "descending")
        eventually(lambda: shown(page), ("2", 2, "2 conversations"))


def test_trap_66_a_page_whose_snapshot_is_gone_is_asked_for_again_as_a_whole(tmp_path: Path) -> None:
    first = publish(tmp_path, organizations(1), "s1")

    def replaced() -> None:
        publish(tmp_path, organizations(2), "s2")
        shutil.rmtree(first)

    with serving(tmp_path, lambda: NOW) as address, launched() as browser, visiting(browser, address) as page:
        before(page, BEFORE_TOTALS, replaced)
        page.goto(f"{address}/platform/support/organizations")
        eventually(lambda: shown(page), ("2", 2, "2 conversations"))


def test_trap_66_a_kept_snapshot_is_found_by_its_id_and_nothing_else_is(tmp_path: Path) -> None:
    first = publish(tmp_path, organizations(1), "s1")
    publish(tmp_path, organizations(2), "s2")
    snapshots = Snapshots(tmp_path)
    assert snapshots.of("s1").snapshot_id == "s1"
    assert snapshots.of("s2") is snapshots.current()
    shutil.copytree(first, first.with_name(".s3"))
    for unknown in ("", ".", "..", ".s3", "s1/", "../snapshots/s1", str(first), "s4"):
        with pytest.raises(SnapshotGone):
            snapshots.of(unknown)
