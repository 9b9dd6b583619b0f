"""A new snapshot is asked for its default pages before a reader does: one at a time, and never ahead of a reader."""

import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient

from serving.engine import counting_seconds, fetch
from serving.http.app import create_app
from serving.pages.view import view_of
from serving.pages.warming import keep_warm, warm
from serving.snapshot import Snapshots
from tests.serving.browser import eventually
from tests.serving.conftest import BASE
from tests.serving.published_fixture import DATA_THROUGH, NOW, interesting_rows, publish


def seconds_of_page(snapshots: Snapshots, table: str) -> list[float]:
    """The statements that the default page of a table costs now."""
    snapshot = snapshots.current()
    with counting_seconds() as seconds:
        view_of(snapshot, snapshot.chatbots["support"], table, "", NOW)
    return seconds


def test_the_default_pages_of_a_warmed_snapshot_read_nothing(tmp_path: Path):
    publish(tmp_path)
    snapshots = Snapshots(tmp_path)
    asked = list(warm(snapshots.current(), lambda: NOW))
    assert {"support organizations", "support users", "kolkata users"} <= set(asked)
    assert [seconds_of_page(snapshots, table) for table in ("organizations", "users")] == [[], []]


def test_a_snapshot_that_is_published_later_is_warmed_and_shown(tmp_path: Path):
    publish(tmp_path)
    snapshots = Snapshots(tmp_path)
    keep_warm(snapshots, lambda: NOW)
    publish(tmp_path, interesting_rows(), "20261122T130000.000000Z", DATA_THROUGH)
    eventually(lambda: snapshots.current().snapshot_id, "20261122T130000.000000Z")
    eventually(lambda: seconds_of_page(snapshots, "users"), [])


def test_nothing_is_warmed_while_a_reader_asks_and_nothing_after_its_time(tmp_path: Path):
    publish(tmp_path)
    snapshot = Snapshots(tmp_path).current()
    assert list(warm(snapshot, lambda: NOW, patience=-1)) == []
    begun, done = threading.Event(), threading.Event()

    def waits() -> bool:
        begun.set()
        return done.wait(20)

    with duckdb.connect() as reader:
        reader.create_function("waits", waits, [], "boolean", side_effects=True)
        asking = threading.Thread(target=fetch, args=(reader, "select waits()"))
        asking.start()
        assert begun.wait(20)
        asked: list[str] = []
        warming = threading.Thread(target=lambda: asked.extend(warm(snapshot, lambda: NOW)))
        warming.start()
        warming.join(0.5)
        assert asked == []
        done.set()
        asking.join()
        warming.join()
    assert len(asked) == 2 * len(snapshot.chatbots)


@pytest.mark.parametrize(
    ("path", "tells"), [("/platform/support/users", True), ("/filters/support/users", True), ("/docs", False)]
)
def test_pages_tell_the_time_of_their_sql_and_nothing_else_does(published: Path, path: str, tells: bool):
    client: Any = TestClient(create_app(published, clock=lambda: NOW), BASE)
    first, again = (client.get(path).headers.get("server-timing") for _ in range(2))
    assert bool(first) is tells
    if tells:
        assert first.startswith("sql;dur=")
        assert float(first.removeprefix("sql;dur=")) > 0
        assert again == "sql;dur=0.0"
    assert "server-timing" not in client.get("/api/v1/chatbots/support/users").headers
