"""The addresses of the pages, each with the check of who may see the chatbot. What they show is in `view`."""

from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from serving.access import NotFound, visible_chatbot, visible_chatbots
from serving.http.addresses import FILTERS, PLATFORM, ChatbotId, EntityId
from serving.pages import links
from serving.pages.asked import Asked
from serving.pages.assets import FOR_EVER, asset_at
from serving.pages.entity import entity_page
from serving.pages.filters import filters, list_filters
from serving.pages.home import cards
from serving.pages.overview import overview_page
from serving.pages.reference import operations
from serving.pages.rendering import SCHEME_COOKIE, SCHEMES, environment, page
from serving.pages.state import page_query_of
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.columns import TABLES, Table
from serving.tables.query_models import query_of
from serving.tables.ranges import Clock

A_YEAR = 365 * 24 * 60 * 60


def add_pages(app: FastAPI, snapshots: Snapshots, clock: Clock, views: Path | None = None) -> None:
    """Add the pages' routes; `views` is the folder of the saved views, if there are any."""
    environment()

    @app.get("/", include_in_schema=False)
    def home(request: Request) -> Response:
        snapshot = snapshots.current()
        visible = visible_chatbots(snapshot, request)
        return page(request, "home.html", cards=cards(snapshot, visible, clock()))

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> Response:
        description = app.openapi()
        return page(request, "reference.html", about=description["info"], operations=operations(description))

    @app.get(PLATFORM + "{chatbot_id}/" + links.OVERVIEW, include_in_schema=False)
    def overview(chatbot_id: ChatbotId, request: Request) -> Response:
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        if moved := _moved(request, links.overview_path(chatbot_id), TABLES["organizations"]):
            return moved
        visible = visible_chatbots(snapshot, request)
        view = overview_page(snapshot, chatbot, _state(request), clock(), visible)
        return page(request, "overview.html", page=view)

    @app.get(PLATFORM + "{chatbot_id}/{table}", include_in_schema=False)
    def table_page(chatbot_id: ChatbotId, table: str, request: Request) -> Response:
        if table not in TABLES:
            raise NotFound
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        if moved := _moved(request, links.page_path(chatbot_id, table), query_of(table, chatbot).table):
            return moved
        visible = visible_chatbots(snapshot, request)
        view = view_of(snapshot, chatbot, table, _state(request), clock(), visible, views)
        return page(request, "table.html", page=view)

    @app.get(PLATFORM + "{chatbot_id}/{table}/{entity_id}", include_in_schema=False)
    def one_row_page(chatbot_id: ChatbotId, table: str, entity_id: EntityId, request: Request) -> Response:
        if table not in TABLES:
            raise NotFound
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        if moved := _moved(request, links.entity_path(chatbot_id, table, entity_id), query_of(table, chatbot).table):
            return moved
        visible = visible_chatbots(snapshot, request)
        view = entity_page(snapshot, chatbot, table, entity_id, _state(request), clock(), visible)
        return page(request, "entity.html", page=view)

    @app.get(FILTERS + "{chatbot_id}/{table}", include_in_schema=False)
    def filters_page(chatbot_id: ChatbotId, table: str, request: Request) -> Response:
        """The filters with all that they offer: a page of its own, and what the page of the table opens."""
        if table not in TABLES:
            raise NotFound
        given = links.pairs(request.url.query)
        pinned = next((value for name, value in given if name == "snapshot"), None)
        current = snapshots.current()
        visible_chatbot(current, request, chatbot_id)
        snapshot = snapshots.of(pinned) if pinned else current
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        model = page_query_of(table, chatbot)
        finds = {column.name: "" for column in list_filters(model.table)}
        finds |= {name.removeprefix(links.FIND): value for name, value in given if name.startswith(links.FIND)}
        kept = urlencode([(name, value) for name, value in given if name != "snapshot"])
        state = links.canonical(f"?{kept}", model.table)
        asked = Asked(snapshot, chatbot, model.parse(state), state, clock())
        return page(
            request,
            "filters.html",
            title=f"Filters · {table.capitalize()} · {chatbot.name}",
            path=links.page_path(chatbot_id, table),
            filters_path=links.filters_path(chatbot_id, table),
            filters=filters(asked, finds),
        )

    @app.get(PLATFORM + "{chatbot_id}", include_in_schema=False)
    def chatbot_home(chatbot_id: ChatbotId, request: Request) -> Response:
        visible_chatbot(snapshots.current(), request, chatbot_id)
        return RedirectResponse(links.page_path(chatbot_id, "organizations"))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(request: Request) -> Response:
        found = asset_at(request.url.path)
        if found is None:
            raise NotFound
        return Response(found.content, 200, {"Cache-Control": FOR_EVER}, found.media_type)

    @app.get("/scheme/{scheme}", include_in_schema=False)
    def scheme(scheme: str, request: Request) -> Response:
        """Remember light or dark, and go back to the page of ours from which the reader came."""
        if scheme not in SCHEMES:
            raise NotFound
        came = urlsplit(request.headers.get("Referer", ""))
        ours = came.netloc == request.url.netloc and came.path.startswith("/") and not came.path.startswith("//")
        answer = RedirectResponse(urlunsplit(("", "", came.path, came.query, "")) if ours else "/", 303)
        answer.set_cookie(SCHEME_COOKIE, scheme, max_age=A_YEAR, samesite="lax")
        return answer


def _state(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _moved(request: Request, path: str, table: Table) -> RedirectResponse | None:
    """Return the way to the state that a form asks for, if the request has more than that."""
    asked = _state(request)
    state = links.canonical(asked, table)
    return None if links.pairs(state) == links.pairs(asked) else RedirectResponse(path + state, 303)
