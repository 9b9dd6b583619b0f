"""What a page shows for its state: everything that changes with the query string.

The controls that stay while their state changes are in `layout`; how the browser asks is in `callbacks`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from serving.pages import formats, grid, links
from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import Column
from serving.tables.custom import PREFIX, CustomFilter
from serving.tables.exports import FORMATS
from serving.tables.query import PAGE_LIMIT, QUERIES, BadQuery, TableQuery, query_of
from serving.tables.ranges import DEFAULT_PRESET, today_of
from serving.tables.results import (
    Page,
    closed,
    read_excluded,
    read_newest_activity,
    read_organization_names,
    read_page,
)

PRESET_LABELS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
    "last_year": "Last year",
    "all_time": "All time",
}
PAGE_SIZES = (10, 20, 50, 100)
STALE_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class View:
    """The parts of a page that follow its state, each as the component of that name takes it."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    total: str
    range_label: str
    presets: list[Component]
    filter_count: str
    chips: list[Component]
    notices: list[Component]
    empty: Component | None
    footer: list[Component]
    files: list[Component]
    tabs: list[Component]
    marked: dict[str, Any]


def view_of(snapshot: Snapshot, chatbot: Chatbot, table: str, search: str, now: datetime) -> View:
    """Return what a page shows; a state that makes no sense shows the default view's frame and says what is wrong."""
    model = query_of(table, chatbot)
    empty: Component | None
    try:
        query = model.parse(search)
    except BadQuery as error:
        reset = dcc.Link("Reset the view", href=links.ranged("", range=DEFAULT_PRESET))
        empty = _message("This link does not fit this table", str(error), reset)
        shown = _view(snapshot, chatbot, model(), "", now, Page([], 0), [], empty)
        return replace(shown, marked={**shown.marked, "search": None})
    wanted = query.model_copy(update={"columns": grid.read_columns(query)})
    page = read_page(snapshot, wanted, chatbot, now)
    empty = None if page.rows else _why_empty(snapshot, chatbot, query, search, page.total)
    return _view(snapshot, chatbot, query, search, now, page, _chips(snapshot, chatbot, query, search), empty)


def _view(
    snapshot: Snapshot,
    chatbot: Chatbot,
    query: TableQuery,
    search: str,
    now: datetime,
    page: Page,
    chips: list[Component],
    empty: Component | None,
) -> View:
    table = query.table
    days = query.days(chatbot, now)
    preset = query.preset()
    rows = grid.row_data(page.rows, query, chatbot, search)
    return View(
        columns=grid.column_definitions(query, snapshot.meanings(table.name), rows),
        rows=rows,
        total=formats.count(page.total),
        range_label=PRESET_LABELS[preset] if preset else formats.days(*days),
        presets=_presets(preset, search),
        filter_count=str(len(chips)) if chips else "",
        chips=[*chips, dcc.Link("Clear all", href=links.unfiltered(search), className="clear-all")] if chips else [],
        notices=[
            *_notices(snapshot, chatbot, query, now, page),
            *_own_accounts(read_excluded(snapshot, chatbot, days), query, search),
        ],
        empty=empty,
        footer=_footer(query, search, page),
        files=_files(chatbot, query, search),
        tabs=_tabs(chatbot, table.name, search),
        marked={
            "snapshot_id": snapshot.snapshot_id,
            "search": search,
            "days": list(days),
            "attributes": query.attributes,
            "title": f"{table.name.capitalize()} · {chatbot.name}",
        },
    )


def freshness(snapshot: Snapshot, chatbot: Chatbot, now: datetime) -> list[Component]:
    """Return the time that the data runs through, and whether that is long ago."""
    if snapshot.data_through is None:
        return [html.Span("No data yet", className="data-through")]
    text = f"Data through {formats.instant(snapshot.data_through, chatbot.time_zone, with_zone=True)}"
    parts: list[Component] = [html.Span(text, className="data-through")]
    if now - snapshot.data_through > STALE_AFTER:
        days = (now - snapshot.data_through).days
        age = f"{days} day{'s' if days > 1 else ''} old"
        parts.append(html.Span("Stale", className="stale", title=f"The newest data is {age}"))
    return parts


def _notices(snapshot: Snapshot, chatbot: Chatbot, query: TableQuery, now: datetime, page: Page) -> list[Component]:
    if snapshot.data_through is None:
        return []
    last = closed(snapshot, query, chatbot, now).last
    covered = today_of(chatbot, snapshot.data_through)
    if last is None or last < covered:
        return []
    until = formats.instant(snapshot.data_through, chatbot.time_zone)
    if last > covered:
        return [html.Span("Range reaches beyond the data", className="notice beyond", title=f"Data ends {until}")]
    if not page.rows:
        return []
    partial = "Today" if covered == today_of(chatbot, now) else formats.day(covered)
    return [html.Span(f"{partial} is partial", className="notice", title=f"Data runs to {until}")]


def _own_accounts(conversations: int, query: TableQuery, search: str) -> list[Component]:
    """Return the sentence on conversations that `exclude.csv` names, with a link to the other way of counting."""
    if not conversations:
        return []
    one = conversations == 1
    what = f"{conversations:,} conversation{'' if one else 's'} of your own accounts {'is' if one else 'are'}"
    if query.excluded == "include":
        said, action, href = "counted", f"Leave {'it' if one else 'them'} out", links.changed(search, excluded=None)
    else:
        said, action, href = "left out", f"Show {'it' if one else 'them'}", links.changed(search, excluded="include")
    return [html.Span([f"{what} {said} · ", dcc.Link(action, href=href)], className="notice")]


def _presets(chosen: str | None, search: str) -> list[Component]:
    return [
        dcc.Link(
            label,
            href=links.ranged(search) if preset == DEFAULT_PRESET else links.ranged(search, range=preset),
            className="preset chosen" if preset == chosen else "preset",
        )
        for preset, label in PRESET_LABELS.items()
    ]


def _chips(snapshot: Snapshot, chatbot: Chatbot, query: TableQuery, search: str) -> list[Component]:
    chips: list[Component] = []
    if query.search.strip():
        chips.append(_chip("Search", f"“{query.search.strip()}”", links.changed(search, search=None)))
    for column in query.table.columns:
        if column.filter is not None and column.field is None:
            chips += _filter_chips(snapshot, chatbot, query, column, search)
    return chips + [chip for wanted in query.custom for chip in _custom_chips(wanted, search)]


def _filter_chips(
    snapshot: Snapshot, chatbot: Chatbot, query: TableQuery, column: Column, search: str
) -> list[Component]:
    name, label = column.name, column.filter_label
    if column.filtered_by("bounds"):
        return _bound_chips(name, label, *query.bounds(name), search)
    values = query.values(name)
    by_id = column.filtered_by("ids", "conversations")
    names = read_organization_names(snapshot, query, chatbot, list(values)) if by_id and values else {}
    return [_chip(label, names.get(value, value) or "None", links.without(search, name, value)) for value in values]


def _custom_chips(wanted: CustomFilter, search: str) -> list[Component]:
    name, label = wanted.column.name, wanted.column.label
    chips = [_chip(label, value or "None", links.without(search, name, value)) for value in wanted.values]
    return chips + _bound_chips(name, label, wanted.lowest, wanted.highest, search)


def _bound_chips(name: str, label: str, low: Any, high: Any, search: str) -> list[Component]:
    if low is None and high is None:
        return []
    href = links.changed(search, **{f"{name}_min": None, f"{name}_max": None})
    return [_chip(label, _bounds(low, high), href)]


def _bounds(low: Any, high: Any) -> str:
    texts = [None if value is None else f"{float(value):,.10g}" for value in (low, high)]
    if texts[0] is None:
        return f"at most {texts[1]}"
    return f"at least {texts[0]}" if texts[1] is None else f"{texts[0]} to {texts[1]}"


def _chip(label: str, value: str, href: str) -> Component:
    return html.Span(
        [
            html.Span(f"{label}: ", className="chip-label"),
            html.Span(value, className="chip-value"),
            dcc.Link("×", href=href, className="chip-remove", title=f"Remove {label}: {value}"),
        ],
        className="chip",
    )


def _why_empty(snapshot: Snapshot, chatbot: Chatbot, query: TableQuery, search: str, total: int) -> Component:
    noun = query.table.singular
    if total:
        first_page = dcc.Link("Go to the first page", href=links.changed(search))
        return _message("No rows here", "The result has fewer pages.", first_page)
    newest = read_newest_activity(snapshot, query, chatbot)
    if newest is None:
        text = f"They appear here with the first conversation that names {'an' if noun[0] == 'o' else 'a'} {noun}."
        return _message(f"No {noun}s yet", text)
    if links.unfiltered(search) != links.changed(search):
        clear = dcc.Link("Clear filters", href=links.unfiltered(search))
        return _message(f"No {noun} matches", "Nothing in this range fits the search and filters.", clear)
    preset = query.preset()
    when = PRESET_LABELS[preset].lower() if preset else "in this range"
    newest_day = formats.instant(newest, chatbot.time_zone).rsplit(",", 1)[0]
    show = dcc.Link("Show all time", href=links.ranged(search, range="all_time"))
    return _message(f"No activity {when}", f"The newest activity was {newest_day}.", show)


def _message(title: str, text: str, action: Component | None = None) -> Component:
    return html.Div([html.H2(title), html.P(text), action], className="empty")


def _footer(query: TableQuery, search: str, page: Page) -> list[Component]:
    size = query.limit or PAGE_LIMIT
    first, last = query.offset + 1, query.offset + len(page.rows)
    shown = f"{first:,}–{last:,} of {page.total:,}" if page.rows else f"0 of {page.total:,}"
    sizes = [
        dcc.Link(
            str(choice),
            href=links.changed(search, limit=None if choice == PAGE_LIMIT else str(choice)),
            className="page-size chosen" if choice == size else "page-size",
            title=f"Show {choice} rows a page",
        )
        for choice in PAGE_SIZES
    ]
    last_offset = max(0, (page.total - 1) // size * size)
    return [
        html.Div([html.Span("Rows", className="footer-label"), *sizes], className="page-sizes"),
        html.Span(shown, className="row-count", id="row-count", role="status"),
        html.Nav(
            [
                _step("First page", "first", search, 0, query.offset > 0),
                _step("Previous page", "previous", search, max(0, query.offset - size), query.offset > 0),
                _step("Next page", "next", search, query.offset + size, last < page.total and bool(page.rows)),
                _step("Last page", "last", search, last_offset, last < page.total and bool(page.rows)),
            ],
            className="steps",
        ),
    ]


def _step(title: str, icon: str, search: str, offset: int, possible: bool) -> Component:
    mark = html.Span(className=f"icon icon-{icon}")
    if not possible:
        return html.Span(mark, className="step disabled", title=title)
    href = links.changed(search, **({"offset": str(offset)} if offset else {}))
    return dcc.Link(mark, href=href, className="step", title=title)


def _files(chatbot: Chatbot, query: TableQuery, search: str) -> list[Component]:
    state = links.changed(search, limit=None, columns=grid.shown_columns(query))
    # A file from a page is opened in a spreadsheet: where there can be a byte order mark there is one.
    marked = links.changed(state, bom="1")
    return [
        html.A(
            [html.Span(file_format.label), html.Span(f".{file_format.suffix}", className="suffix")],
            href=links.rows_path(chatbot.chatbot_id, query.table.name, file_format.suffix)
            + (marked if file_format.write_marked else state),
            className="preset",
            id=f"export-{file_format.suffix}",
        )
        for file_format in FORMATS
    ]


def _tabs(chatbot: Chatbot, table: str, search: str) -> list[Component]:
    given = {name for name, _ in links.pairs(search)} - links.NOT_FILTERS
    own = {name for name in given if name.startswith(PREFIX)}
    here: dict[str, Any] = {"aria-current": "page"}
    return [
        html.A(
            name.capitalize(),
            href=links.page_path(chatbot.chatbot_id, name)
            + links.carried(search, own | (given & QUERIES[name].model_fields.keys())),
            className="tab chosen" if name == table else "tab",
            **(here if name == table else {}),
        )
        for name in QUERIES
    ]
