"""What the application answers when it cannot answer: JSON to programs, a page to people.

An unknown and a forbidden chatbot have one answer, and so has every other address that leads nowhere.
"""

from typing import Any

import duckdb
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from serving.access import NotAllowed, NotFound
from serving.access.tokens import BadAccessFile
from serving.http.caching import Unchanged, not_modified
from serving.http.limits import TooManyExports
from serving.leaving import ReaderGone
from serving.pages.navigation import Link
from serving.pages.rendering import page
from serving.snapshot import NOTHING_PUBLISHED, NothingPublished, SnapshotGone
from serving.tables.entity import NoSuchEntity
from serving.tables.parameters import BadQuery

ELSEWHERE = Link("All chatbots", "/")
OUT_OF_MEMORY = "This needs more memory than the server may take: ask for fewer days, or filter"
# Nobody reads it.
LEFT = 499
PROGRAMS = ("/api/", "/health", "/openapi.json")


def add_errors(app: FastAPI) -> None:
    """Add the answers to errors."""

    @app.exception_handler(NotFound)
    @app.exception_handler(404)
    def not_found(request: Request, _error: Exception) -> Response:
        return _answer(request, 404, "Not found", "There is no such page, or it is not yours to see.", action=ELSEWHERE)

    @app.exception_handler(NotAllowed)
    def not_allowed(request: Request, error: NotAllowed) -> Response:
        return problem(request, 403, str(error), "Not allowed")

    @app.exception_handler(BadAccessFile)
    def nobody_known(request: Request, error: BadAccessFile) -> Response:
        return problem(request, 503, str(error), "Nobody can be let in")

    @app.exception_handler(NoSuchEntity)
    def no_such_entity(request: Request, error: NoSuchEntity) -> Response:
        return _answer(request, 404, str(error), str(error), "Not found", ELSEWHERE)

    @app.exception_handler(Unchanged)
    def unchanged(_request: Request, error: Unchanged) -> Response:
        return not_modified(error)

    @app.exception_handler(TooManyExports)
    def too_many_exports(request: Request, error: TooManyExports) -> Response:
        answer = _answer(request, 429, str(error), str(error), "Too many files")
        answer.headers["Retry-After"] = str(error.wait)
        return answer

    @app.exception_handler(NothingPublished)
    def nothing_published(request: Request, _error: Exception) -> Response:
        text = "Run `clientele refresh`, then load this page again."
        return _answer(request, 503, NOTHING_PUBLISHED, text, "Nothing published yet")

    @app.exception_handler(SnapshotGone)
    def snapshot_gone(request: Request, _error: Exception) -> Response:
        return _answer(request, 410, "Replaced", "Newer data has been published, and this page's is not kept any more.")

    @app.exception_handler(duckdb.OutOfMemoryException)
    def out_of_memory(request: Request, _error: Exception) -> Response:
        return problem(request, 503, OUT_OF_MEMORY, "Too much at once")

    @app.exception_handler(ReaderGone)
    def reader_gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=LEFT)

    @app.exception_handler(BadQuery)
    def bad_query(request: Request, error: BadQuery) -> Response:
        if is_program(request):
            return JSONResponse({"detail": error.problems}, 422)
        title, action = "This link does not fit this page", Link("Show this month", "?")
        return page(request, "problem.html", 422, title=title, text=str(error), action=action)

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> Response:
        answer = _answer(request, error.status_code, error.detail, error.detail)
        answer.headers.update(error.headers or {})
        return answer


def is_program(request: Request) -> bool:
    """Return whether the address is one for programs, which are answered in JSON."""
    return request.url.path.startswith(PROGRAMS)


def problem(request: Request, status: int, text: str, title: str) -> Response:
    """Return a sentence about why there is no answer, to a program or a person."""
    return _answer(request, status, text, text, title)


def _answer(
    request: Request, status: int, detail: Any, text: str, title: str | None = None, action: Link | None = None
) -> Response:
    if is_program(request):
        return JSONResponse({"detail": detail}, status)
    return page(request, "problem.html", status, title=title or str(detail), text=text, action=action)
