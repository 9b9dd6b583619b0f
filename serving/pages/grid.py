"""The grid: its columns, options and rows, for a query's answer.

Order, search and filters are applied in DuckDB to the whole result; the grid shows one page and asks for another.
"""

from typing import Any

import dash_ag_grid as dag

from serving.pages import links
from serving.pages.formats import cell
from serving.snapshot import Chatbot
from serving.tables.columns import Column, Kind, Table
from serving.tables.query import TableQuery

RIGHT: frozenset[Kind] = frozenset({"count", "money", "share", "number"})
# The narrowest width of a column, and its part of the width that is left.
WIDTHS: dict[Kind, tuple[int, float]] = {
    "text": (110, 1.3),
    "count": (110, 1),
    "money": (112, 1),
    "share": (110, 1),
    "sentiment": (206, 1),
    "instant": (204, 1),
    "number": (110, 1),
    "boolean": (96, 0.8),
}
WIDTHS_BY_NAME = {"email": (180, 1.8), "organization_name": (140, 1.5)}
HEADING_PADDING = 54
HEADING_CHARACTER = 7.5
# Of a digit, in the cells' font; amounts are never cut.
CELL_PADDING = 36
CELL_CHARACTER = 8.2
THEME = """themeQuartz.withParams({
    fontFamily: 'inherit',
    fontSize: 13.5,
    headerFontSize: 12.5,
    headerFontWeight: 550,
    backgroundColor: 'var(--paper)',
    foregroundColor: 'var(--ink)',
    headerBackgroundColor: 'var(--paper-raised)',
    headerTextColor: 'var(--ink-soft)',
    borderColor: 'var(--line)',
    rowBorder: {color: 'var(--line-soft)'},
    columnBorder: false,
    wrapperBorder: false,
    wrapperBorderRadius: 0,
    headerColumnResizeHandleColor: 'transparent',
    rowHoverColor: 'var(--hover)',
    accentColor: 'var(--accent)',
    cellHorizontalPadding: 16,
    rowHeight: 46,
    headerHeight: 42,
    tooltipBackgroundColor: 'var(--tooltip)',
    tooltipTextColor: 'var(--tooltip-ink)',
    tooltipBorder: false,
})"""


def empty_grid() -> dag.AgGrid:
    """Return the grid before its first rows."""
    return dag.AgGrid(
        id="grid",
        columnDefs=[],
        rowData=[],
        getRowId="params.data.row_id",
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressMovable": True,
            # The rows come in order; the grid shows which, and leaves them so.
            "comparator": {"function": "keepOrder"},
            "cellDataType": False,
        },
        dashGridOptions={
            "theme": {"function": THEME},
            "suppressMultiSort": True,
            "suppressNoRowsOverlay": True,
            "suppressCellFocus": False,
            "suppressRowVirtualisation": True,
            "suppressColumnVirtualisation": True,
            "enableCellTextSelection": True,
            "animateRows": False,
            "tooltipShowDelay": 350,
            "ensureDomOrder": True,
            # The name of a chatbot's own field may hold dots.
            "suppressFieldDotNotation": True,
        },
        eventListeners={"sortChanged": ["sortChanged(params)"]},
        className="grid",
        style={"height": "100%", "width": "100%"},
    )


def shown_columns(query: TableQuery) -> tuple[str, ...]:
    """Return the columns that a page shows."""
    return tuple(query.columns) or query.table.default_columns


def column_definitions(query: TableQuery, meanings: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the grid's columns: those shown, in order, the sorted one marked.

    Order and widths are how a column begins. From there on they are the reader's: an answer that comes late, to a click
    before the newest one, takes neither back.
    """
    columns = [query.table.column(name) for name in shown_columns(query)]
    return [_definition(column, query, meanings.get(column.name, column.meaning), rows) for column in columns]


def _definition(column: Column, query: TableQuery, meaning: str | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    descending = query.sort.startswith("-")
    sorted_by_it = query.sort.removeprefix("-") == column.name
    narrowest, part = WIDTHS_BY_NAME.get(column.name, WIDTHS[column.kind])
    if column.kind == "money" and rows:
        narrowest = max(narrowest, round(CELL_PADDING + CELL_CHARACTER * max(len(row[column.name]) for row in rows)))
    definition: dict[str, Any] = {
        "field": column.name,
        "colId": column.name,
        "headerName": column.label,
        "headerTooltip": meaning,
        # What people come for: the highest of numbers first, names from A.
        "sortingOrder": ["asc", "desc"] if column.kind in ("text", "sentiment") else ["desc", "asc"],
        "initialSort": ("desc" if descending else "asc") if sorted_by_it else None,
        "minWidth": max(narrowest, HEADING_PADDING + HEADING_CHARACTER * len(column.label)),
        "initialFlex": part,
        "cellClass": f"cell-{column.kind}",
    }
    if column.kind in RIGHT:
        right = {"headerClass": "ag-right-aligned-header", "cellClass": f"cell-{column.kind} ag-right-aligned-cell"}
        definition |= right
    if column.kind == "sentiment":
        definition |= {"cellRenderer": "Sentiment"}
    if column.kind == "text":
        definition |= {"tooltipField": column.name}
    if column.name == query.table.name_column:
        definition |= {"initialPinned": "left", "lockPinned": True, "initialWidth": 230, "minWidth": 150}
        del definition["initialFlex"]
        definition |= {"cellClass": "cell-name"}
    if column.name == "organization_name":
        definition |= {"cellRenderer": "NameLink"}
    return definition


def read_columns(query: TableQuery) -> list[str]:
    """Return the columns to read for the columns to show: ids and the organization's id and name besides."""
    always = [query.table.id_column, "organization_id", "organization_name"]
    return list(dict.fromkeys([*shown_columns(query), *always]))


def row_data(rows: list[dict[str, Any]], query: TableQuery, chatbot: Chatbot, search: str) -> list[dict[str, Any]]:
    """Return the rows as the grid shows them."""
    return [_row(row, query.table, shown_columns(query), chatbot, search) for row in rows]


def _row(row: dict[str, Any], table: Table, shown: tuple[str, ...], chatbot: Chatbot, search: str) -> dict[str, Any]:
    cells = {name: cell(table.column(name), row[name], chatbot) for name in shown}
    link = organization_link(table, row, chatbot, search)
    return {**cells, "row_id": row[table.id_column], "organization_link": link}


def organization_link(table: Table, row: dict[str, Any], chatbot: Chatbot, search: str) -> str | None:
    """Return where an organization's name leads: to its users, and from a user to it among the organizations."""
    if row["organization_id"] is None:
        return None
    other = "users" if table.name == "organizations" else "organizations"
    state = links.changed(links.shared(search), organization_id=row["organization_id"])
    return links.page_path(chatbot.chatbot_id, other) + state
