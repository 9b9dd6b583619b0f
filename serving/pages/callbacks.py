"""What the browser asks of the server while a page is open.

A callback's chatbot comes from the browser: each goes through `Asked`, which checks access and existence again and
reads the current snapshot. Writing the state into the address is the browser's part (assets/clientele.js).
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate
from starlette.concurrency import run_in_threadpool

from serving.access import Access, NotFound, visible_chatbot
from serving.pages.layout import EMPTY_CHOICE, LISTS, custom_lists, frame
from serving.pages.quality import quality_button, quality_panel
from serving.pages.totals import totals_line
from serving.pages.view import freshness, view_of
from serving.snapshot import Chatbot, NothingPublished, Snapshot, Snapshots
from serving.tables.columns import Table
from serving.tables.query import BadQuery, TableQuery, query_of
from serving.tables.ranges import Clock
from serving.tables.results import read_choices, read_organization_names
from serving.tables.totals import read_totals

logger = logging.getLogger(__name__)
PAGE = re.compile(r"/platform/(.+)/(organizations|users)")


@dataclass(frozen=True)
class Asked:
    """Whose page of which snapshot a callback is about."""

    snapshot: Snapshot
    chatbot: Chatbot
    table: Table

    def query(self, search: str | None) -> TableQuery:
        """Return the page's state; a broken one is as the default."""
        model = query_of(self.table.name, self.chatbot)
        try:
            return model.parse(search or "")
        except BadQuery:
            return model()


def add_callbacks(dash: Dash, snapshots: Snapshots, access: Access, clock: Clock) -> None:
    """Add every callback of the pages."""

    async def answer(pathname: str | None, work: Callable[[Asked], Any]) -> Any:
        """Do work off the event loop for a page that the reader may see; for any other page answer nothing."""
        headers = ctx.headers

        def checked() -> Any:
            try:
                return work(_asked(snapshots.current(), access, headers, pathname))
            except (NotFound, NothingPublished):
                raise PreventUpdate from None
            except Exception:
                # Dash answers 500 and keeps the reason to itself.
                logger.exception("A callback of %s failed", pathname)
                raise

        return await run_in_threadpool(checked)

    @dash.callback(Output("page", "children"), Input("url", "pathname"), State("url", "search"))
    async def show_frame(pathname: str, search: str | None) -> Any:
        def work(asked: Asked) -> Any:
            fresh = freshness(asked.snapshot, asked.chatbot, clock())
            quality = quality_button(asked.snapshot, asked.chatbot)
            return frame(asked.chatbot, asked.table, search or "", fresh, quality)

        return await answer(pathname, work)

    @dash.callback(
        Output("grid", "columnDefs"),
        Output("grid", "rowData"),
        Output("total", "children"),
        Output("range-label", "children"),
        Output("presets", "children"),
        Output("filter-count", "children"),
        Output("chips", "children"),
        Output("notices", "children"),
        Output("empty", "children"),
        Output("footer", "children"),
        Output("files", "children"),
        Output("tabs", "children"),
        Output("marked", "data"),
        Output("freshness", "children"),
        Input("url", "search"),
        State("url", "pathname"),
    )
    async def show_state(search: str | None, pathname: str) -> Any:
        def work(asked: Asked) -> Any:
            now = clock()
            view = view_of(asked.snapshot, asked.chatbot, asked.table.name, search or "", now)
            parts = [getattr(view, field.name) for field in fields(view)]
            return [*parts, freshness(asked.snapshot, asked.chatbot, now)]

        return await answer(pathname, work)

    @dash.callback(Output("totals", "children"), Input("url", "search"), State("url", "pathname"))
    async def show_totals(search: str | None, pathname: str) -> Any:
        """Beside the rows, not before them: nobody waits for the totals."""

        def work(asked: Asked) -> Any:
            return totals_line(read_totals(asked.snapshot, asked.query(search), asked.chatbot, clock()))

        return await answer(pathname, work)

    @dash.callback(
        Output({"type": "list", "name": MATCH}, "data"),
        Output({"type": "list", "name": MATCH}, "value"),
        Output({"type": "offer", "name": MATCH}, "hidden"),
        Input("filters-popover", "opened"),
        Input({"type": "list", "name": MATCH}, "searchValue"),
        State({"type": "list", "name": MATCH}, "id"),
        State({"type": "list", "name": MATCH}, "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    async def offer_choices(
        opened: bool, text: str | None, own: dict[str, str], held: list[str] | None, pathname: str, search: str
    ) -> Any:
        if not opened:
            raise PreventUpdate
        typed = None if ctx.triggered_id == "filters-popover" else text or ""

        def work(asked: Asked) -> Any:
            return _choices(asked, own["name"], asked.query(search), typed, held, clock())

        return await answer(pathname, work)

    @dash.callback(
        Output("quality", "children"),
        Input("quality-popover", "opened"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    async def show_quality(opened: bool, pathname: str) -> Any:
        if not opened:
            raise PreventUpdate
        return await answer(pathname, lambda asked: quality_panel(asked.snapshot, asked.chatbot))

    _add_browser_callbacks(dash)


def _asked(snapshot: Snapshot, access: Access, headers: Any, pathname: str | None) -> Asked:
    match = PAGE.fullmatch(pathname or "")
    if match is None:
        raise NotFound
    chatbot = visible_chatbot(snapshot, access, headers, unquote(match[1]))
    return Asked(snapshot, chatbot, query_of(match[2], chatbot).table)


def _choices(
    asked: Asked, name: str, query: TableQuery, text: str | None, held: list[str] | None, now: datetime
) -> Any:
    """Return a filter's choices, the chosen ones as they are spelled there, and whether to hide it: nothing to offer.

    With a text, the reader is typing: what the control holds stays, and stays among the choices.
    """
    if name not in LISTS and name not in custom_lists(asked.table):
        raise PreventUpdate
    choices = read_choices(asked.snapshot, query, name, asked.chatbot, now, text or "")
    offered = {choice.value or EMPTY_CHOICE: f"{choice.label or 'None'} ({choice.rows:,})" for choice in choices}
    by_id = name == "organization_id"
    spelled = {value if by_id else value.strip().lower(): value for value in offered}
    wanted = [value or EMPTY_CHOICE for value in query.values(name)] if text is None else held or []
    chosen = [spelled.get(value if by_id else value.strip().lower(), value) for value in wanted]
    names = read_organization_names(asked.snapshot, asked.chatbot, chosen) if by_id else {}
    missing = {value: names.get(value, value.replace(EMPTY_CHOICE, "None")) for value in chosen if value not in offered}
    data = [{"value": value, "label": label} for value, label in {**offered, **missing}.items()]
    if text is not None:
        return data, no_update, no_update
    return data, chosen, not chosen and offered.keys() <= {EMPTY_CHOICE}


def _add_browser_callbacks(dash: Dash) -> None:
    """Add the callbacks that run in the browser: they write controls into the address, and show it in controls.

    No two have the same inputs: without outputs, Dash tells callbacks apart by these alone.
    """
    functions: dict[str, list[Any]] = {
        "writeList": [Input({"type": "list", "name": ALL}, "value")],
        "writeNumber": [Input({"type": "number", "name": ALL}, "value")],
        "writeChoice": [Input({"type": "choice", "name": ALL}, "value")],
        "writeColumns": [Input({"type": "columns", "name": ALL}, "value")],
        "writeDays": [Input("calendar", "value")],
        "resetColumns": [Input("columns-reset", "n_clicks")],
        "showMarked": [Input("marked", "data")],
        "showState": [Input("url", "search")],
        "showNumbers": [Input("filters-popover", "opened"), State({"type": "number", "name": ALL}, "id")],
        "showColumns": [Input("columns-popover", "opened")],
    }
    for function, inputs in functions.items():
        dash.clientside_callback(ClientsideFunction("clientele", function), *inputs, prevent_initial_call=True)
