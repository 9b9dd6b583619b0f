"""One question has one answer, through whatever door it is asked: 200 random ranges, filters, orders and columns.

The answer is that of plain SQL on the snapshot. `ALL_DOORS_QUESTIONS` asks more or fewer.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx
import pytest
from mcp.client import Client

from orchestration.publish.postgres.publication import publish
from serving.http.app import create_app
from serving.http.limits import Limits
from serving.mcp.server import create_server
from serving.snapshot import Chatbot, Snapshots
from tests.postgres.crowd import crowd
from tests.postgres.doors import (
    CHATBOT,
    PageRows,
    Question,
    Rows,
    random_questions,
    rows_of_csv,
    rows_of_json,
)
from tests.postgres.sql_doors import OfDuckDB, OfPostgres
from tests.serving.browser import serving
from tests.serving.published_fixture import NOW
from tests.support.pipeline import Pipeline, Project
from tests.support.postgres import Server
from tests.support.publishing import Publisher
from tests.support.requests import write_chatbots, write_exclusions

QUESTIONS = int(os.environ.get("ALL_DOORS_QUESTIONS", "200"))
UNLIMITED = Limits(exports_per_minute=10**6)


@dataclass(frozen=True)
class Asked:
    """A question, and its rows in plain SQL on the snapshot: as they are, and in the one writing."""

    question: Question
    read: Rows
    rows: Rows


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Path]:
    pipeline = Pipeline(tmp_path_factory.mktemp("doors") / "home", project)
    publisher = Publisher(pipeline)
    write_chatbots(publisher.home, support={"time_zone": "America/New_York", "week_start": "sunday"})
    write_exclusions(publisher.home, ("user", "u3-0"), ("organization", "o5"))
    publisher.run(*crowd(conversations=500))
    yield publisher.folder
    pipeline.close()


@pytest.fixture(scope="module")
def chatbot(published: Path) -> Chatbot:
    return Snapshots(published).current().chatbots[CHATBOT]


@pytest.fixture(scope="module")
def answers(published: Path, chatbot: Chatbot) -> list[Asked]:
    """Every question with its answer in SQL; they are not all empty, and not all alike."""
    asked = []
    with duckdb.connect(str((published / "current.duckdb").resolve()), read_only=True) as snapshot:
        for question in random_questions(QUESTIONS, chatbot):
            rows = snapshot.execute(OfDuckDB().ask(question, chatbot)).fetchall()
            asked.append(Asked(question, rows, question.written(rows)))
    assert sum(len(one.rows) for one in asked) > 5 * QUESTIONS
    assert sum(not one.rows for one in asked) < QUESTIONS / 2
    for kind in ("custom.", "status", "_change"):
        of_kind = [one for one in asked if one.rows and one.question.is_about(kind)]
        assert len(of_kind) > QUESTIONS / 20, kind
    assert sum(bool(one.rows) and one.question.lists_dormant for one in asked) > QUESTIONS / 100
    return asked


@pytest.fixture(scope="module")
def get(published: Path) -> Iterator[Callable[[str], str]]:
    """What a real server answers."""
    with serving(published, lambda: NOW, limits=UNLIMITED) as address, httpx.Client(base_url=address) as client:

        def ask(path: str) -> str:
            answer = client.get(path, timeout=60)
            assert answer.status_code == 200, answer.text
            return answer.text

        yield ask


def test_the_api_answers_as_sql_does(answers: list[Asked], get: Callable[[str], str]) -> None:
    for one in answers:
        text = get(f"/api/v1/chatbots/{CHATBOT}/{one.question.table.name}?{one.question.path}")
        assert rows_of_json(one.question, text) == one.rows, one.question


def test_a_csv_file_holds_what_sql_answers(answers: list[Asked], get: Callable[[str], str]) -> None:
    for one in answers:
        text = get(f"/api/v1/chatbots/{CHATBOT}/{one.question.table.name}.csv?{one.question.path}")
        assert rows_of_csv(one.question, text) == one.rows, one.question


def test_a_page_shows_what_sql_answers(answers: list[Asked], chatbot: Chatbot, get: Callable[[str], str]) -> None:
    for one in answers:
        page = PageRows(get(f"/platform/{CHATBOT}/{one.question.table.name}?{one.question.path}"))
        wanted = one.question.shown(one.read, chatbot)
        assert page.rows == wanted, one.question
        assert page.count == (f"1–{len(wanted)} of {len(wanted)}" if wanted else "0 of 0")


def test_postgresql_answers_as_the_snapshot_does(
    answers: list[Asked], chatbot: Chatbot, published: Path, server: Server
) -> None:
    with server.database() as database:
        publish(database.url, published, 0)
        with database.session() as session:
            session.execute("set timezone = 'UTC'")
            for one in answers:
                found = session.execute(OfPostgres().ask(one.question, chatbot)).fetchall()
                assert one.question.written(found) == one.rows, one.question


def test_an_assistant_is_told_what_sql_answers(answers: list[Asked], published: Path) -> None:
    """With the protocol, in one process; `tests/serving/test_serving_mcp.py` starts the real command."""

    async def ask() -> None:
        async with Client(create_server(create_app(published, clock=lambda: NOW))) as client:
            for one in answers:
                arguments = {"chatbot_id": CHATBOT} | {
                    name: value if isinstance(value, list | int) else str(value)
                    for name, value in one.question.asked.items()
                }
                told = await client.call_tool(one.question.table.name, arguments)
                assert not told.is_error, told
                assert rows_of_json(one.question, told.content[0].text) == one.rows, one.question

    asyncio.run(ask())
