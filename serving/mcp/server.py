"""A read-only MCP server: each tool is a route of the API, asked within this process.

So a tool takes what its route takes, checks who may see what as it does, and gives its answer, digit for digit.
Nothing here reads a snapshot.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
from fastapi import FastAPI
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

from serving.http.addresses import CHATBOTS, segment
from serving.tables.parameters import LONGEST_QUERY

TOO_LONG = f"These arguments are too long: at most {LONGEST_QUERY:,} characters are read of them."
OF_CHATBOT = f"{CHATBOTS}{{chatbot_id}}"
ROUTES = {
    "list_chatbots": CHATBOTS.removesuffix("/"),
    "organizations": f"{OF_CHATBOT}/organizations",
    "users": f"{OF_CHATBOT}/users",
    "conversations": f"{OF_CHATBOT}/conversations",
    "organization_totals": f"{OF_CHATBOT}/organizations/totals",
    "user_totals": f"{OF_CHATBOT}/users/totals",
    "organization": f"{OF_CHATBOT}/organizations/{{entity_id}}",
    "user": f"{OF_CHATBOT}/users/{{entity_id}}",
}
INSTRUCTIONS = """
Organizations and users who talk to chatbots: what they pay (MRR), how much they talk, and how they feel (sentiment,
from -1 to 1). Begin with list_chatbots. Days are those of the chatbot's time zone; without a range the answer is of
this month so far. Who is unhappy and pays most: organizations with sort=-mrr, sentiment_max=-0.2 and
conversations_min=3, because one conversation says little. Who went quiet: status=dormant; who talks less than in the
period before: sort=conversations_change. A null sentiment means that nothing was scored, not 0. Never
add up users, MRR or sentiments of rows: ask for totals. What stands behind a figure: conversations with the same
arguments and the row's id.
"""
PATH_IDS = {
    "chatbot_id": "The chatbot's id, as list_chatbots gives it.",
    "entity_id": "The id, as the table's rows give it.",
}
BASE = "http://127.0.0.1"


def run(app: FastAPI, token: str = "") -> None:
    """Answer an assistant over standard input and output until it leaves; it reads what the token opens."""
    server = create_server(app, token)

    async def serve() -> None:
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    asyncio.run(serve())


def create_server(app: FastAPI, token: str = "") -> Server[Any]:
    """Return the server of an application's routes, which it asks with a token if there is one."""
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    asking = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=shown)

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=list(_tools(app.openapi()["paths"])))

    async def call_tool(_context: Any, params: Any) -> CallToolResult:
        route = ROUTES.get(params.name)
        if route is None:
            return _told(f"There is no tool {params.name}. There are {', '.join(ROUTES)}.", is_error=True)
        arguments = {name: value for name, value in (params.arguments or {}).items() if value is not None}
        ids = {name: arguments.pop(name, None) for name in PATH_IDS if f"{{{name}}}" in route}
        if missing := [name for name, value in ids.items() if not isinstance(value, str) or not value]:
            return _told(f"Give {' and '.join(missing)} as a text.", is_error=True)
        path = route.format(**{name: segment(value) for name, value in ids.items()})
        try:
            answer = await asking.get(f"{path}?{urlencode(_texts(arguments), doseq=True)}")
        except httpx2.InvalidURL:
            return _told(TOO_LONG, is_error=True)
        if answer.status_code == 200:
            return _told(answer.text)
        return _told(_sentences(answer.json()["detail"]), is_error=True)

    return Server(
        "clientele",
        version=app.version,
        instructions=INSTRUCTIONS.strip(),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _tools(paths: dict[str, Any]) -> Iterator[Tool]:
    for name, route in ROUTES.items():
        described = paths[route]["get"]
        yield Tool(
            name=name,
            description=f"{described['summary']}. {described.get('description', '')}".strip(),
            input_schema=_schema(described["parameters"]),
            annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        )


def _schema(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    ids = {one["name"]: PATH_IDS[one["name"]] for one in parameters if one["in"] == "path"}
    asked = {
        one["name"]: {**one["schema"], "description": one["description"]} for one in parameters if one["in"] == "query"
    }
    wanted = {name: {"type": "string", "description": text} for name, text in ids.items()}
    return {"type": "object", "required": list(ids), "properties": {**wanted, **asked}}


def _texts(arguments: dict[str, Any]) -> dict[str, str | list[str]]:
    """Return arguments as parameters of a query string."""

    def text(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {
        name: [text(one) for one in value] if isinstance(value, list) else text(value)
        for name, value in arguments.items()
    }


def _sentences(detail: str | list[dict[str, Any]]) -> str:
    if isinstance(detail, str):
        return detail
    return " ".join(f"{problem['loc'][-1]}: {problem['msg']}." for problem in detail)


def _told(text: str, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)
