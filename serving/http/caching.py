"""Lets a program keep an answer and ask whether it still holds: ETag, If-None-Match, 304.

An answer follows from the snapshot, the question, what the reader may see of the chatbot, the days that the question
means today, and this program. Only who asked may keep it.
"""

from datetime import datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from serving.snapshot import Chatbot, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import today_of

CACHE_CONTROL = "private, no-cache"
SERVING = Path(__file__).parents[1]


class Unchanged(Exception):
    """The program that asks has this answer already."""

    def __init__(self, tag: str) -> None:
        self.tag = tag


def tag_of(request: Request, snapshot: Snapshot, chatbot: Chatbot | list[Chatbot], *moment: Any) -> str:
    """Return the tag of the answer to a request; Unchanged if the request names it.

    `moment` is what the answer takes from the clock.
    """
    asked = (request.scope["path"], request.scope["query_string"])
    parts = (_program(), snapshot.snapshot_id, chatbot, asked, moment)
    tag = f'W/"{blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag.removeprefix("W/") in known or "*" in known:
        raise Unchanged(tag)
    return tag


def moment_of(query: TableQuery, chatbot: Chatbot, now: datetime) -> tuple[Any, ...]:
    """Return what the answer to a query takes from the clock: its days, and today where they have no end."""
    days = query.days(chatbot, now)
    return (*days, today_of(chatbot, now) if days.last is None else None)


def headers(tag: str) -> dict[str, str]:
    """Return the headers of an answer that may be kept."""
    return {"ETag": tag, "Cache-Control": CACHE_CONTROL}


def not_modified(error: Unchanged) -> Response:
    """Return the answer that says so."""
    return Response(None, 304, headers(error.tag))


@cache
def _program() -> str:
    digest = blake2b(digest_size=12)
    for file in sorted(SERVING.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
