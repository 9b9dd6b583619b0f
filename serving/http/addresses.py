"""Ids in addresses, of the API and of the pages: each is one segment, percent-encoded, whatever marks it holds.

Addresses are matched as they were sent, before any `%2F` becomes a slash, so that no id is taken for two segments, nor
two for one. Browsers and programs take `.` and `..` out of an address, and `totals` is a route: these ids are sent as
`id:.`, `id:..` and `id:totals`, and so an id that is one of these already gets one more `id:`.
"""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

CHATBOTS = "/api/v1/chatbots/"
PLATFORM = "/platform/"
FILTERS = "/filters/"
ESCAPE = "id:"
ESCAPED = re.compile(rf"(?:{ESCAPE})*(?:\.|\.\.|totals)")


def segment(an_id: str) -> str:
    """Return the id of a chatbot, an organization or a user as one segment of an address."""
    return quote(f"{ESCAPE}{an_id}" if ESCAPED.fullmatch(an_id) else an_id, safe="")


def id_of(sent: str) -> str:
    """Return the id that a segment stands for."""
    text = unquote(sent)
    unescaped = text.removeprefix(ESCAPE)
    return unescaped if ESCAPED.fullmatch(unescaped) else text


ChatbotId = Annotated[
    str,
    Path(
        description="The chatbot's id, percent-encoded; `.`, `..` and `totals` with `id:` before them.",
        examples=["support"],
    ),
    AfterValidator(id_of),
]
EntityId = Annotated[
    str,
    Path(
        description="The id, percent-encoded; `.`, `..` and `totals` with `id:` before them.",
        examples=["acme", "name%3Aacme%20inc", "id%3Atotals"],
    ),
    AfterValidator(id_of),
]


class AddressesAsSent:
    """Lets an application match the addresses of chatbots as they were sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith((CHATBOTS, PLATFORM, FILTERS)):
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await self._app(scope, receive, send)
