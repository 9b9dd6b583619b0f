"""A page is of one snapshot, also when another one is published between two of its requests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from serving.snapshot import SnapshotGone, Snapshots
from tests.serving.browser import eventually, launched, open_filters, serving, shown_column, sort_by, visiting
from tests.serving.published_fixture import NOW, Rows, publish


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
        if waiting:
            waiting.pop()()
        route.continue_()

    page.route(request, passing)


def shown(page: Page) -> tuple[str, int, str]:
    """The heading's total, the rows, and the total of conversations."""
    heading, total = page.locator("#total").inner_text(), page.locator("#totals .value").first.inner_text()
    return heading, len(shown_column(page, "organization_name")), total


def test_trap_66_heading_rows_and_totals_are_of_one_snapshot_whatever_is_published_between_them(tmp_path: Path) -> None:
    publish(tmp_path, organizations(1), "s1")
    with serving(tmp_path, lambda: NOW) as address, launched() as browser, visiting(browser, address) as page:
        page.goto(f"{address}/platform/support/organizations")
        assert shown(page) == ("1", 1, "1")
        before(page, "**/filters/**", lambda: publish(tmp_path, organizations(2), "s2"))
        plans = open_filters(page).get_by_role("group", name="Plan")
        assert plans.locator(".option-rows").inner_text() == "1"  # of the rows beside it
        page.keyboard.press("Escape")
        sort_by(page, "mrr", "descending")
        eventually(lambda: shown(page), ("2", 2, "2"))


def test_trap_66_filters_whose_snapshot_is_gone_bring_the_whole_page_anew(tmp_path: Path) -> None:
    first = publish(tmp_path, organizations(1), "s1")

    def replaced() -> None:
        publish(tmp_path, organizations(2), "s2")
        shutil.rmtree(first)

    with (
        serving(tmp_path, lambda: NOW) as address,
        launched() as browser,
        visiting(browser, address, expected="410") as page,
    ):
        page.goto(f"{address}/platform/support/organizations")
        before(page, "**/filters/**", replaced)
        plans = open_filters(page).get_by_role("group", name="Plan")
        eventually(lambda: plans.locator(".option-rows").inner_text(), "2")
        assert shown(page) == ("2", 2, "2")
        eventually(lambda: page.get_by_role("status").filter(has_text="newer data").count(), 1)


def test_a_page_left_open_says_that_there_is_newer_data_and_shows_it_only_when_asked(tmp_path: Path) -> None:
    publish(tmp_path, organizations(1), "s1")
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    with serving(tmp_path, lambda: NOW) as address, launched() as browser, visiting(browser, address) as page:
        page.clock.install()
        page.goto(f"{address}/platform/support/organizations?sort=-mrr")
        with page.expect_response("**/health"):
            page.evaluate(look)
        assert page.get_by_text("Newer data is there").is_hidden()
        publish(tmp_path, organizations(2), "s2")
        with page.expect_response("**/health"):
            page.clock.run_for(61_000)
        page.get_by_text("Newer data is there").wait_for()
        assert shown(page) == ("1", 1, "1")
        page.get_by_role("link", name="Show it").click()
        eventually(lambda: shown(page), ("2", 2, "2"))
        assert page.get_by_text("Newer data is there").is_hidden()
        assert page.url.endswith("/organizations?sort=-mrr")


def test_asking_whether_there_is_newer_data_costs_no_answer_while_there_is_none(client) -> None:
    first = client.get("/health")
    again = client.get("/health", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


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
