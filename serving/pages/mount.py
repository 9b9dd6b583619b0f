"""Mounts the pages into the application: their addresses, and Dash behind them.

Dash lives in an application of its own under /_pages/; a page's address is checked before Dash hears of it.
"""

from pathlib import Path
from urllib.parse import quote

# Loaded before anything is asked: the first query loads it in its own thread, and a layout that Dash writes meanwhile
# finds half of it and answers 500.
import pandas  # noqa: F401
from dash import Dash
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from serving.access import Access, NotFound, visible_chatbot, visible_chatbots
from serving.http import describe
from serving.pages import plain
from serving.pages.callbacks import add_callbacks
from serving.pages.layout import skeleton
from serving.snapshot import Snapshots
from serving.tables.columns import TABLES
from serving.tables.ranges import Clock

PREFIX = "/_pages/"


def add_pages(app: FastAPI, snapshots: Snapshots, access: Access, clock: Clock) -> FastAPI:
    """Add the pages' routes; return the application that Dash answers with."""
    dash = Dash(
        "clientele",
        backend="fastapi",
        server=False,
        url_base_pathname=PREFIX,
        assets_folder=str(Path(__file__).parent / "assets"),
        title="Clientele",
        update_title="",
        suppress_callback_exceptions=True,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    dash.index_string = dash.index_string.replace("<html>", '<html lang="en">')
    dash.layout = skeleton()
    # Callbacks are answered over HTTP alone: one way in, with one check.
    dash.backend.websocket_capability = False
    inner = FastAPI(openapi_url=None)
    dash.init_app(inner)
    add_callbacks(dash, snapshots, access, clock)

    page = _Page(inner, snapshots, access)
    app.router.routes.append(Route("/platform/{chatbot_id:path}/{table}", page, methods=["GET"], name="page"))

    @app.get("/", include_in_schema=False)
    def home(request: Request) -> HTMLResponse:
        return HTMLResponse(plain.home(visible_chatbots(snapshots.current(), access, request.headers)))

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(plain.document("API · Clientele", describe.page(app.openapi())))

    @app.get("/platform/{chatbot_id:path}", include_in_schema=False)
    def chatbot_home(chatbot_id: str, request: Request) -> RedirectResponse:
        visible_chatbot(snapshots.current(), access, request.headers, chatbot_id)
        return RedirectResponse(f"/platform/{quote(chatbot_id, safe='')}/organizations")

    app.router.routes.append(Mount("/", inner))
    return inner


class _Page:
    """Answers a page's address with Dash's document, if the reader may see the chatbot."""

    def __init__(self, inner: FastAPI, snapshots: Snapshots, access: Access) -> None:
        self._inner = inner
        self._snapshots = snapshots
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await run_in_threadpool(self._check, scope)
        await self._inner({**scope, "path": PREFIX, "raw_path": PREFIX.encode()}, receive, send)

    def _check(self, scope: Scope) -> None:
        asked: dict[str, str] = scope["path_params"]
        if asked["table"] not in TABLES:
            raise NotFound
        visible_chatbot(self._snapshots.current(), self._access, Request(scope).headers, asked["chatbot_id"])
