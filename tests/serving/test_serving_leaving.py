"""A reader who leaves: what runs for them ends, what others wait for does not."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import httpx
import pytest

from serving.answers import Answers
from serving.engine import fetch, wait_until_idle
from serving.http.app import create_app
from serving.kept import Kept
from serving.leaving import Reader, ReaderGone, for_everyone, reading
from serving.snapshot import Snapshots
from tests.serving.browser import running
from tests.serving.published_fixture import NOW

# Takes days.
ENDLESS = "select sum(hash(one.range, other.range)) from range(100_000_000) as one, range(100_000_000) as other"
LONG_ENOUGH = 60


@contextmanager
def asked_by_another_thread(asks: Callable[[], Any]) -> Iterator[list[Any]]:
    """Run something in a thread; yields what it returned or raised, which is there when the block ends."""
    outcome: list[Any] = []

    def runs() -> None:
        try:
            outcome.append(asks())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=runs)
    thread.start()
    yield outcome
    thread.join(LONG_ENOUGH)
    assert not thread.is_alive()


def test_a_statement_ends_when_its_reader_leaves_the_server_and_nothing_is_said_about_it(published: Path, caplog):
    app = create_app(published, clock=lambda: NOW)
    begun, ended = threading.Event(), threading.Event()

    @app.get("/endless")
    def endless() -> None:
        begun.set()
        try:
            Snapshots(published).current().read(ENDLESS)
        finally:
            ended.set()

    with running(app) as address, caplog.at_level(logging.WARNING):
        reader = HTTPConnection(urlsplit(address).netloc)
        reader.request("GET", "/endless")
        assert begun.wait(LONG_ENOUGH)
        assert not ended.wait(0.3)
        reader.close()
        assert ended.wait(LONG_ENOUGH)
        wait_until_idle()
        assert httpx.get(f"{address}/platform/support/organizations").status_code == 200
    assert caplog.records == []


def test_nothing_is_begun_for_who_has_left():
    with duckdb.connect() as connection, reading() as reader:
        assert fetch(connection, "select 1") == [(1,)]
        reader.leave()
        with pytest.raises(ReaderGone):
            fetch(connection, "select 1")
        with pytest.raises(ReaderGone), for_everyone():
            pytest.fail("begun")


def test_who_waits_for_an_answer_reads_it_when_the_first_who_asked_leaves():
    answers: Answers[int] = Answers(10, lambda _: 1)
    first, begun = Reader(), threading.Event()
    connection = duckdb.connect()

    def endless() -> int:
        begun.set()
        with first.waiting(connection):
            return connection.execute(ENDLESS).fetchall()[0][0]

    with asked_by_another_thread(lambda: answers.get("question", endless)) as left:
        assert begun.wait(LONG_ENOUGH)
        with asked_by_another_thread(lambda: answers.get("question", lambda: 7)) as waited:
            while not left:
                first.leave()
    assert isinstance(left[0], ReaderGone)
    assert waited == [7]


def test_rows_that_are_kept_are_made_to_the_end():
    begun, goes_on = threading.Event(), threading.Event()

    def waits() -> int:
        begun.set()
        goes_on.wait(LONG_ENOUGH)
        return 7

    with duckdb.connect() as connection, reading() as reader:
        connection.create_function("waits", waits, [], "integer", side_effects=True)
        kept = Kept(connection)
        context = copy_context()
        with asked_by_another_thread(lambda: context.run(kept.rows, "(select waits() as one)", [])):
            assert begun.wait(LONG_ENOUGH)
            reader.leave()
            goes_on.set()
        assert kept.rows("(select waits() as one)", []).cells > 0
        with pytest.raises(ReaderGone):
            fetch(connection, "select 1")
