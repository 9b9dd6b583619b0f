"""Readers see one whole snapshot, the newest, and never wait for a publication."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.snapshot import NothingPublished, Snapshots
from tests.serving.published_fixture import NOW, Rows, publish

BASE = "http://127.0.0.1:8000"


def one_organization(name: str) -> Rows:
    rows = Rows()
    rows.organization("support", "o", name)
    rows.conversation("support", "2026-11-20T10:00:00", None, "o")
    return rows


def open_files(directory: Path) -> list[str]:
    links = (os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd") if _is_open(number))
    return [path for path in links if path.startswith(str(directory))]


def _is_open(number: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{number}")


def test_nothing_published_is_said_plainly_to_programs_and_people(tmp_path):
    client = TestClient(create_app(tmp_path / "published"), BASE)
    for path in ("/health", "/api/v1/chatbots/support/organizations", "/api/v1/chatbots/support/users.csv"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.json() == {"detail": "Nothing published yet: run `clientele refresh`"}
    for path in ("/", "/platform/support/organizations"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "<code>clientele refresh</code>" in answer.text
    assert client.get("/docs").status_code == 200


def test_the_first_publication_is_seen_without_a_restart(tmp_path):
    client = TestClient(create_app(tmp_path), BASE)
    assert client.get("/health").status_code == 503
    publish(tmp_path, one_organization("First"))
    assert client.get("/health").json()["snapshot_id"] == "s1"


def test_a_link_that_leads_nowhere_is_as_nothing_published(tmp_path):
    (tmp_path / "current").symlink_to("snapshots/gone")
    with pytest.raises(NothingPublished):
        Snapshots(tmp_path).current()


def test_trap_49_readers_see_the_old_or_the_new_snapshot_while_it_is_swapped_never_half(tmp_path):
    publish(tmp_path, one_organization("s0"), "s0")
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    done = threading.Event()

    def read() -> list[str]:
        seen = []
        while not done.is_set():
            answer = client.get("/api/v1/chatbots/support/organizations").json()
            assert [row["organization_name"] for row in answer["rows"]] == [answer["snapshot_id"]]
            seen.append(answer["snapshot_id"])
        return seen

    with ThreadPoolExecutor(3) as readers:
        reading = [readers.submit(read) for _ in range(3)]
        try:
            for number in range(1, 8):
                publish(tmp_path, one_organization(f"s{number}"), f"s{number}")
        finally:
            done.set()
        for future in reading:
            seen = future.result()
            assert seen == sorted(seen)
    assert client.get("/health").json()["snapshot_id"] == "s7"


def test_a_request_that_began_before_a_publication_ends_on_its_own_snapshot_which_then_closes(tmp_path):
    old_directory = publish(tmp_path, one_organization("old"), "old")
    snapshots = Snapshots(tmp_path)
    old = snapshots.current()
    publish(tmp_path, one_organization("new"), "new")
    assert snapshots.current().snapshot_id == "new"
    assert old.cursor().execute("select organization_name from dim_organizations").fetchall() == [("old",)]
    assert open_files(old_directory)
    del old
    assert not open_files(old_directory)


def test_a_reader_does_not_wait_while_another_opens_the_new_snapshot(tmp_path, monkeypatch):
    publish(tmp_path, one_organization("old"), "old")
    snapshots = Snapshots(tmp_path)
    snapshots.current()
    publish(tmp_path, one_organization("new"), "new")
    opening, go_on = threading.Event(), threading.Event()
    connect = duckdb.connect

    def slow_connect(*arguments, **options):
        opening.set()
        assert go_on.wait(30)
        return connect(*arguments, **options)

    monkeypatch.setattr(duckdb, "connect", slow_connect)
    with ThreadPoolExecutor(1) as other:
        opened = other.submit(snapshots.current)
        assert opening.wait(30)
        assert snapshots.current().snapshot_id == "old"
        go_on.set()
        assert opened.result().snapshot_id == "new"


def test_a_reader_can_neither_write_nor_reach_other_files_nor_change_that(tmp_path):
    publish(tmp_path, one_organization("only"))
    cursor = Snapshots(tmp_path).current().cursor()
    for statement in (
        "create table more (x int)",
        "select * from read_text('/etc/hostname')",
        "attach ':memory:' as other; copy (select 1) to '/tmp/never.csv'",
        "set enable_external_access = true",
        "set threads = 1",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(statement)


def test_a_snapshot_without_a_manifest_is_served_without_explanations(tmp_path):
    directory = publish(tmp_path, one_organization("only"))
    (directory / "manifest.json").unlink()
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    assert client.get("/api/v1/chatbots/support/organizations").json()["total"] == 1
    assert client.get("/openapi.json").status_code == 200
