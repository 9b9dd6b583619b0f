"""The controls of a page, as they stand while the state changes.

What follows the state is filled in by `view`; colours and spacing are in assets/clientele.css.
"""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from serving.pages.grid import empty_grid
from serving.pages.links import pairs
from serving.snapshot import Chatbot
from serving.tables.columns import Column, Table
from serving.tables.ranges import WEEKDAYS

DEBOUNCE = 300
BRAND = "#eef0ff #e0e2ff #c7c9fe #a5a8ff #8386fa #6b66f1 #4f46e5 #4338ca #3730a3 #312e81"
DARK = "#e8ebf1 #b2bacb #8b95a8 #6c778b #2a303b #262c37 #1b212b #151920 #0e1116 #0a0c10"
THEME: dict[str, Any] = {
    "fontFamily": "var(--font)",
    "primaryColor": "brand",
    "primaryShade": {"light": 6, "dark": 5},
    "colors": {"brand": BRAND.split(), "dark": DARK.split()},
    "defaultRadius": "md",
    "cursorType": "pointer",
}
SEARCH_HINTS = {"organizations": "Search name or ID", "users": "Search name, email or ID"}
# The empty value of a filter, which a choice in the browser cannot have.
EMPTY_CHOICE = "\ue000"


def skeleton() -> Component:
    """Return what every page starts from: it knows no chatbot yet."""
    return dmc.MantineProvider(
        [dcc.Location(id="url", refresh=False), html.Div(id="page", className="page")],
        theme=THEME,
        defaultColorScheme="auto",
    )


def frame(
    chatbot: Chatbot, table: Table, search: str, fresh: list[Component], quality: Component | None
) -> list[Component]:
    """Return a page's frame: header, controls, grid and footer, with the controls set as the state says."""
    return [
        dcc.Store(id="marked"),
        dcc.Store(id="gone"),
        _header(chatbot, fresh, quality),
        html.Main(
            [
                _controls(chatbot, table, search),
                html.Div(id="chips", className="chips"),
                html.Div(id="totals", className="totals"),
                html.Div(
                    [html.Div(empty_grid(), className="grid-frame"), html.Div(id="empty")],
                    className="card",
                ),
                html.Footer(id="footer", className="footer"),
            ]
        ),
    ]


def icon(name: str) -> Component:
    """Return an icon, drawn by the style sheet in the colour of the text around it."""
    unspoken: dict[str, Any] = {"aria-hidden": "true"}
    return html.Span(className=f"icon icon-{name}", **unspoken)


def _header(chatbot: Chatbot, fresh: list[Component], quality: Component | None) -> Component:
    return html.Header(
        [
            html.A(html.Span(className="mark"), href="/", title="All chatbots", className="home"),
            html.Span(chatbot.name, className="chatbot", title=chatbot.chatbot_id),
            html.Nav(id="tabs", className="tabs"),
            html.Div(fresh, className="freshness", id="freshness"),
            quality,
            dmc.ColorSchemeToggle(
                lightIcon=icon("sun"),
                darkIcon=icon("moon"),
                variant="subtle",
                color="gray",
                size="lg",
                **{"aria-label": "Switch between light and dark"},
            ),
        ],
        className="header",
    )


def _controls(chatbot: Chatbot, table: Table, search: str) -> Component:
    state = dict(pairs(search))
    return html.Div(
        [
            html.Div(
                [
                    html.H1([table.name.capitalize(), html.Span(id="total", className="total")]),
                    html.Div(id="notices"),
                ],
                className="headline",
            ),
            html.Div(
                [
                    dmc.TextInput(
                        id="search",
                        value=state.get("search", ""),
                        placeholder=SEARCH_HINTS[table.name],
                        leftSection=icon("search"),
                        className="search",
                        **{"aria-label": f"Search {table.name}"},
                    ),
                    _range(chatbot),
                    _filters(table, search),
                    _columns(table, search),
                    _export(),
                ],
                className="controls",
            ),
        ],
        className="top",
    )


def _button(name: str, icon_name: str, label: Component, badge: Component | None = None) -> Component:
    return dmc.Button(
        [label, badge], leftSection=icon(icon_name), variant="default", className="control", id=f"{name}-button"
    )


def _popover(name: str, button: Component, content: Sequence[Component], width: int | str = "auto") -> Component:
    return dmc.Popover(
        [
            dmc.PopoverTarget(button),
            dmc.PopoverDropdown(html.Div(list(content), className=f"panel panel-{name}")),
        ],
        id=f"{name}-popover",
        width=width,
        keepMounted=True,
        position="bottom-end",
        shadow="md",
        trapFocus=True,
        returnFocus=True,
        transitionProps={"duration": 0},
    )


def _range(chatbot: Chatbot) -> Component:
    calendar = dmc.DatePicker(
        id="calendar",
        type="range",
        numberOfColumns=1,
        allowSingleDateInRange=True,
        firstDayOfWeek=(WEEKDAYS.index(chatbot.week_start) + 1) % 7,
        size="sm",
        weekendDays=[],
    )
    clock = dmc.SegmentedControl(
        id={"type": "choice", "name": "attributes"},
        data=[{"value": "range_end", "label": "As of range end"}, {"value": "now", "label": "As of now"}],
        value="range_end",
        size="xs",
        fullWidth=True,
    )
    zone = html.P(f"Days in {chatbot.time_zone}", className="hint")
    content = [
        html.Div(id="presets", className="presets"),
        html.Div(
            [calendar, zone, html.P("Plan, MRR and other attributes", className="label"), clock], className="calendar"
        ),
    ]
    return _popover("range", _button("range", "calendar", html.Span(id="range-label")), content)


def _filters(table: Table, search: str) -> Component:
    given = pairs(search)
    lists: list[Component] = [
        html.Div(
            dmc.MultiSelect(
                id={"type": "list", "name": column.name},
                label=column.filter_label,
                value=[value or EMPTY_CHOICE for key, value in given if key == column.name],
                data=[],
                placeholder="Any",
                searchable=True,
                clearable=True,
                hidePickedOptions=True,
                # The server has searched already, and knows more spellings of a text than the browser.
                filter={"function": "keepOptions"},
                openOnFocus=False,
                nothingFoundMessage="None found",
                comboboxProps={"withinPortal": False},
                size="sm",
                debounce=False,
            ),
            id={"type": "offer", "name": column.name},
        )
        for column in list_filters(table)
    ]
    numbers = [_bounds(column, dict(given)) for column in _filtered(table, "bounds")]
    content = [*lists, html.Div(numbers, className="bounds")]
    badge = html.Span(id="filter-count", className="count")
    return _popover("filters", _button("filters", "filter", html.Span("Filters"), badge), content, width=360)


def list_filters(table: Table) -> list[Column]:
    """Return the columns that a page filters by a list of values."""
    return _filtered(table, "values", "ids", "conversations")


def _filtered(table: Table, *ways: str) -> list[Column]:
    return [column for column in table.columns if column.filter and column.filter.on_page and column.filtered_by(*ways)]


def _bounds(column: Column, state: dict[str, str]) -> Component:
    label = column.filter_label
    return html.Div(
        [
            html.Span(label, className="label", title=label),
            *(
                dmc.NumberInput(
                    id={"type": "number", "name": f"{column.name}_{bound}"},
                    value=state.get(f"{column.name}_{bound}", ""),
                    placeholder=bound,
                    debounce=DEBOUNCE,
                    hideControls=True,
                    size="xs",
                    **{"aria-label": f"{label}, {bound}"},
                )
                for bound in ("min", "max")
            ),
        ],
        className="bound",
    )


def _columns(table: Table, search: str) -> Component:
    chosen = [value for key, value in pairs(search) if key == "columns"] or list(table.default_columns)
    usual: dict[str, Any] = {"data-usual": " ".join(table.default_columns)}
    content = [
        dmc.CheckboxGroup(
            id={"type": "columns", "name": "columns"},
            value=chosen,
            children=html.Div(
                [
                    dmc.Checkbox(
                        label=column.label,
                        value=column.name,
                        size="sm",
                        disabled=column.name == table.name_column,
                    )
                    for column in sorted(table.columns, key=lambda column: not column.by_default)
                ],
                className="checks",
                id="column-choices",
                **usual,
            ),
        ),
        dmc.Button("Reset to default", id="columns-reset", variant="subtle", size="compact-sm", className="reset"),
    ]
    return _popover("columns", _button("columns", "columns", html.Span("Columns")), content, width=240)


def _export() -> Component:
    content: list[Component] = [
        html.P("The whole result, with the columns shown", className="hint"),
        html.Div(id="files", className="presets"),
    ]
    return _popover("export", _button("export", "download", html.Span("Export")), content, width=220)
