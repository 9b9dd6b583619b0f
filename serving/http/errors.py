"""What the application answers when it cannot answer: JSON to programs, a page to people.

An unknown and a forbidden chatbot have one answer, and so has every other address that leads nowhere.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from serving.access import NotFound
from serving.http.caching import Unchanged, not_modified
from serving.http.limits import TooManyExports
from serving.pages import plain
from serving.snapshot import NOTHING_PUBLISHED, NothingPublished
from serving.tables.entity import NoSuchEntity
from serving.tables.parameters import BadQuery

PROGRAMS = ("/api/", "/health", "/openapi.json", "/_pages/")


def add_errors(app: FastAPI) -> None:
    """Add the answers to errors."""

    @app.exception_handler(NotFound)
    @app.exception_handler(404)
    def not_found(request: Request, _error: Exception) -> Response:
        return _answer(request, 404, "Not found", "There is no such page, or it is not yours to see.")

    @app.exception_handler(NoSuchEntity)
    def no_such_entity(request: Request, error: NoSuchEntity) -> Response:
        return _answer(request, 404, str(error), str(error), "Not found")

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
        return _answer(request, 503, NOTHING_PUBLISHED, NOTHING_PUBLISHED, "Nothing published yet")

    @app.exception_handler(BadQuery)
    def bad_query(_request: Request, error: BadQuery) -> Response:
        return JSONResponse({"detail": error.problems}, 422)

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> Response:
        return _answer(request, error.status_code, error.detail, error.detail)


def _answer(request: Request, status: int, detail: Any, text: str, title: str | None = None) -> Response:
    if request.url.path.startswith(PROGRAMS):
        return JSONResponse({"detail": detail}, status)
    return HTMLResponse(plain.problem(title or str(detail), text), status)
