"""What the browser asks of the server while a page is open.

A callback's chatbot comes from the browser: each goes through `Asked`, which checks access and existence again. Rows
are of the current snapshot and tell which that is; what belongs to them is read from the same one. Writing the state
into the address is the browser's part (assets/clientele.js).
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import PreventUpdate
from starlette.concurrency import run_in_threadpool

from serving.access import Access, NotFound, visible_chatbot
from serving.pages.layout import EMPTY_CHOICE, frame, list_filters
from serving.pages.quality import quality_button, quality_panel
from serving.pages.totals import totals_line
from serving.pages.view import freshness, view_of
from serving.snapshot import Chatbot, NothingPublished, Snapshot, SnapshotGone, Snapshots
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


class Shown(NamedTuple):
    """What the rows of a page are of: a snapshot, and a state; None if the state makes no sense."""

    snapshot_id: str | None
    search: str | None

    @classmethod
    def of(cls, marked: Any) -> Self:
        """Return what a page says that it shows; a page may say anything."""
        said = marked if isinstance(marked, dict) else {"search": ""}
        return cls(*(text if isinstance(text := said.get(name), str) else None for name in cls._fields))


def add_callbacks(dash: Dash, snapshots: Snapshots, access: Access, clock: Clock) -> None:
    """Add every callback of the pages."""

    async def answer(pathname: str | None, work: Callable[[Asked], Any], snapshot_id: str | None = None) -> Any:
        """Do work off the event loop for a page that the reader may see; for any other page answer nothing.

        With a snapshot's id it is done on that one; if that is gone by now, the whole page is asked for again.
        """
        headers = ctx.headers

        def checked() -> Any:
            try:
                asked = _asked(snapshots.current(), access, headers, pathname)
                if snapshot_id:
                    asked = _asked(snapshots.of(snapshot_id), access, headers, pathname)
                return work(asked)
            except (NotFound, NothingPublished):
                raise PreventUpdate from None
            except SnapshotGone:
                set_props("gone", {"data": snapshot_id})
                return no_update
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
        Input("gone", "data"),
        State("url", "pathname"),
    )
    async def show_state(search: str | None, _gone: str | None, pathname: str) -> Any:
        def work(asked: Asked) -> Any:
            now = clock()
            view = view_of(asked.snapshot, asked.chatbot, asked.table.name, search or "", now)
            parts = [getattr(view, field.name) for field in fields(view)]
            return [*parts, freshness(asked.snapshot, asked.chatbot, now)]

        return await answer(pathname, work)

    @dash.callback(Output("totals", "children"), Input("marked", "data"), State("url", "pathname"))
    async def show_totals(marked: Any, pathname: str) -> Any:
        """Behind the rows, for the state and of the snapshot that they are of: nobody waits for the totals."""
        shown = Shown.of(marked)

        def work(asked: Asked) -> Any:
            if shown.search is None:
                return []
            return totals_line(read_totals(asked.snapshot, asked.query(shown.search), asked.chatbot, clock()))

        return await answer(pathname, work, shown.snapshot_id)

    @dash.callback(
        Output({"type": "list", "name": MATCH}, "data"),
        Output({"type": "list", "name": MATCH}, "value"),
        Output({"type": "offer", "name": MATCH}, "hidden"),
        Input("filters-popover", "opened"),
        Input({"type": "list", "name": MATCH}, "searchValue"),
        State({"type": "list", "name": MATCH}, "id"),
        State({"type": "list", "name": MATCH}, "value"),
        State("marked", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    async def offer_choices(
        opened: bool, text: str | None, own: dict[str, str], held: Any, marked: Any, pathname: str, search: str
    ) -> Any:
        if not opened:
            raise PreventUpdate
        typed = None if ctx.triggered_id == "filters-popover" else text or ""

        def work(asked: Asked) -> Any:
            return _choices(asked, own["name"], asked.query(search), typed, held, clock())

        return await answer(pathname, work, Shown.of(marked).snapshot_id)

    @dash.callback(
        Output("quality", "children"),
        Input("quality-popover", "opened"),
        State("marked", "data"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    async def show_quality(opened: bool, marked: Any, pathname: str) -> Any:
        if not opened:
            raise PreventUpdate

        def work(asked: Asked) -> Any:
            return quality_panel(asked.snapshot, asked.chatbot)

        return await answer(pathname, work, Shown.of(marked).snapshot_id)

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
    column = next((column for column in list_filters(asked.table) if column.name == name), None)
    if column is None:
        raise PreventUpdate
    choices = read_choices(asked.snapshot, query, name, asked.chatbot, now, text or "")
    offered = {choice.value or EMPTY_CHOICE: f"{choice.label or 'None'} ({choice.rows:,})" for choice in choices}
    by_id = not column.filtered_by("values")
    spelled = {value if by_id else value.strip().lower(): value for value in offered}
    wanted = [value or EMPTY_CHOICE for value in query.values(name)] if text is None else held or []
    chosen = [spelled.get(value if by_id else value.strip().lower(), value) for value in wanted]
    names = read_organization_names(asked.snapshot, query, asked.chatbot, chosen) if by_id else {}
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
