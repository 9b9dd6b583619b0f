"""An assistant that asks over MCP is told what the API tells: the real process, over standard input and output."""

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from starlette.testclient import TestClient

from serving.access.tokens import issue
from serving.http.app import create_app
from serving.mcp.server import ROUTES, TOO_LONG
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, publish

DAYS = {"first_day": "2026-11-01", "last_day": "2026-11-20"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("asked")
    (directory / "published").mkdir()
    publish(directory / "published")
    return directory


@pytest.fixture(scope="module")
def api(home: Path) -> Callable[..., Any]:
    """Return the API's answer to the same question; of what is refused, the detail."""
    client = TestClient(create_app(home / "published", clock=lambda: NOW), BASE)

    def ask(tool: str, arguments: dict[str, Any]) -> Any:
        given = dict(arguments)
        path = ROUTES[tool].format(**{name: given.pop(name) for name in ("chatbot_id", "entity_id") if name in given})
        answer = client.get(f"{path}?{urlencode(given, doseq=True)}")
        return answer.json() if answer.status_code == 200 else answer.json()["detail"]

    return ask


def asking(home: Path, does: Callable[[Client], Awaitable[None]], **environment: str) -> None:
    """Start `clientele mcp` on a data home, and do something with a client of it."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "orchestration.commands.main", "mcp"],
        env={"CLIENTELE_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )

    async def run() -> None:
        async with Client(stdio_client(server)) as client:
            await does(client)

    asyncio.run(run())


def test_every_tool_reads_alone_and_says_what_it_takes(home) -> None:
    async def does(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == ROUTES.keys()
        for tool in tools.values():
            assert tool.description
            assert tool.annotations.read_only_hint
            assert all(one["description"] for one in tool.input_schema["properties"].values())
        assert {"plan", "mrr_min", "sentiment_max", "sort", "range"} <= tools["organizations"].input_schema[
            "properties"
        ].keys()
        assert tools["organization"].input_schema["required"] == ["chatbot_id", "entity_id"]
        assert "sort=-mrr" in client.instructions

    asking(home, does)


def test_a_tool_gives_what_the_api_gives(home, api) -> None:
    chance = random.Random(9)
    questions: list[tuple[str, dict[str, Any]]] = [
        ("list_chatbots", {}),
        ("organizations", {**DAYS, "sort": "-mrr", "sentiment_max": -0.2, "conversations_min": 1}),
        ("organizations", {**DAYS, "plan": ["", "free"], "columns": ["organization_id", "custom.seats"]}),
        ("organizations", {**DAYS, "custom.seats_min": 5}),
        ("users", {**DAYS, "organization_id": ["minus"], "limit": 3}),
        ("user_totals", {**DAYS, "search": "son"}),
        ("organization_totals", DAYS),
        ("conversations", {**DAYS, "of": "users", "user_id": ["mover"]}),
        ("organization", {**DAYS, "entity_id": "cafe", "by": "week"}),
        ("user", {**DAYS, "entity_id": "+1555"}),
    ]
    for _ in range(30):
        tool = chance.choice(["organizations", "users", "conversations", "organization_totals", "user_totals"])
        asked = {**DAYS, "search": chance.choice("aeio"), "mrr_min": chance.randrange(100)}
        questions.append((tool, {**asked, "last_day": f"2026-11-{chance.randint(2, 21):02}"}))

    async def does(client: Client) -> None:
        for tool, asked in questions:
            arguments = asked if tool == "list_chatbots" else {"chatbot_id": "support", **asked}
            told = await client.call_tool(tool, arguments)
            assert not told.is_error, told
            assert json.loads(told.content[0].text) == api(tool, arguments)

    asking(home, does)


def test_what_the_api_refuses_a_tool_refuses_in_a_sentence(home, api) -> None:
    refused = [
        ("organizations", {"chatbot_id": "nobody"}, "Not found"),
        ("user", {"chatbot_id": "support", "entity_id": "k1"}, "This chatbot has no user with the id 'k1'."),
        ("users", {"chatbot_id": "support", "pln": "x"}, "pln: Unknown parameter: pln."),
        ("users", {"chatbot_id": "../kolkata"}, "Not found"),
        ("users", {}, "Give chatbot_id as a text."),
        ("organization", {"chatbot_id": "support", "entity_id": 7}, "Give entity_id as a text."),
        ("users", {"chatbot_id": "support", "search": "x" * 100_000}, TOO_LONG),
        ("user", {"chatbot_id": "support", "entity_id": "x" * 100_000}, TOO_LONG),
        ("drop_table", {}, f"There is no tool drop_table. There are {', '.join(ROUTES)}."),
    ]

    async def does(client: Client) -> None:
        for tool, arguments, sentence in refused:
            told = await client.call_tool(tool, arguments)
            assert (told.is_error, told.content[0].text) == (True, sentence)

    asking(home, does)


def test_behind_a_closed_door_a_tool_sees_what_its_token_opens(home, tmp_path) -> None:
    _, token = issue(tmp_path / "access.json", "an assistant", ["support"], [], None)
    door = {"CLIENTELE_TOKENS": str(tmp_path / "access.json")}

    async def without(client: Client) -> None:
        told = await client.call_tool("list_chatbots", {})
        assert told.is_error
        assert "Send a token" in told.content[0].text

    async def having_one(client: Client) -> None:
        told = await client.call_tool("list_chatbots", {})
        assert [one["chatbot_id"] for one in json.loads(told.content[0].text)["chatbots"]] == ["support"]
        told = await client.call_tool("users", {"chatbot_id": "kolkata"})
        assert (told.is_error, told.content[0].text) == (True, "Not found")
        told = await client.call_tool("users", {"chatbot_id": "support", "range": "all_time"})
        assert "***@" in told.content[0].text

    asking(home, without, **door)
    asking(home, having_one, CLIENTELE_TOKEN=token, **door)


def test_a_home_without_anything_published_says_so(tmp_path) -> None:
    async def does(client: Client) -> None:
        told = await client.call_tool("list_chatbots", {})
        assert (told.is_error, told.content[0].text) == (True, "Nothing published yet: run `clientele refresh`")

    asking(tmp_path, does)
