"""The rows of a page: the headings with what a click on each asks for, and the values as they are written.

Order, search and filters are applied in DuckDB to the whole result; a page shows a part of it.
"""

from dataclasses import dataclass, replace
from typing import Any

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.sparklines import Drawing, sparklines
from serving.pages.state import LEAST_WIDTH, MOST_WIDTH, widths_of
from serving.snapshot import Chatbot
from serving.tables.columns import Column, Kind
from serving.tables.query import TableQuery

DEFAULT_SORT = "-last_activity_at"
# What people come for: the highest of numbers first, but names from A, the unhappiest first, and what fell most.
ASCENDING_FIRST: frozenset[Kind] = frozenset({"text", "sentiment", "count_change", "sentiment_change"})
# A text of more characters may wrap; one of more than the first takes a line of its own where rows are cards.
WIDE, LONG = 16, 36
ORDERS: dict[Kind, tuple[str, str]] = {
    "text": ("A to Z", "Z to A"),
    "instant": ("oldest first", "newest first"),
    "boolean": ("no before yes", "yes before no"),
}
NUMBER_ORDERS = ("lowest first", "highest first")


@dataclass(frozen=True)
class Heading:
    """A column's heading: `sorted` is "ascending", "descending" or None; `href` is what a click asks for.

    What is drawn has no order, and no `href`. `width` is in pixels, None where it follows from what stands in it; only
    where a column can be made wider or narrower it has `least` and `most`.
    """

    name: str
    label: str
    kind: Kind
    href: str | None
    sorted: str | None
    meaning: str | None
    action: str
    width: int | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Cell:
    """A value as it is written, or its drawing; of a sentiment also its label and the tone of its colour.

    A name may lead somewhere.
    """

    kind: Kind
    text: str
    href: str | None = None
    label: str | None = None
    tone: str | None = None
    is_missing: bool = False
    is_name: bool = False
    drawing: Drawing | None = None

    @property
    def size(self) -> str:
        """Return how much room the text asks for: "", "wide" or "long"."""
        if self.kind != "text":
            return ""
        return "long" if len(self.text) > LONG else "wide" if len(self.text) > WIDE else ""


@dataclass(frozen=True)
class Row:
    """A row by its id, with its cells in the order of the headings."""

    row_id: str
    cells: dict[str, Cell]


def chosen_columns(query: TableQuery) -> tuple[str, ...]:
    """Return the columns that a page shows, in the order in which they were chosen."""
    return tuple(query.columns) or query.table.default_columns


def shown_columns(query: TableQuery) -> tuple[str, ...]:
    """Return the columns that a page shows, the name first: it stays in sight while the others scroll."""
    chosen = chosen_columns(query)
    name = query.table.name_column
    return (name, *(one for one in chosen if one != name)) if name in chosen else chosen


def read_columns(query: TableQuery) -> list[str]:
    """Return the columns to read for the columns to show: ids and the organization's id and name besides."""
    always = [query.table.id_column, "organization_id", "organization_name"]
    return list(dict.fromkeys([*written_columns(query), *always]))


def written_columns(query: TableQuery) -> list[str]:
    """Return the columns shown whose values are written, and not drawn."""
    return [name for name in shown_columns(query) if query.table.column(name).kind != "trend"]


def headings(asked: Asked) -> list[Heading]:
    """Return the headings of the columns shown."""
    meanings = asked.snapshot.meanings(asked.table.name)
    columns = [asked.table.column(name) for name in shown_columns(asked.query)]
    widths = widths_of(asked.query)
    return [
        replace(
            heading(asked.search, asked.query.sort, DEFAULT_SORT, column, meanings),
            width=widths.get(column.name),
            least=LEAST_WIDTH,
            most=MOST_WIDTH,
        )
        for column in columns
    ]


def heading(search: str, sort: str, usual: str, column: Column, meanings: dict[str, str]) -> Heading:
    """Return the heading of a column in a state; `usual` is the order that needs no words in the address."""
    meaning = meanings.get(column.name, column.meaning)
    if column.kind == "trend":
        return Heading(column.name, column.label, column.kind, None, None, meaning, "")
    direction = None
    if sort.removeprefix("-") == column.name:
        direction = "descending" if sort.startswith("-") else "ascending"
    ascending = direction == "descending" or (direction is None and column.kind in ASCENDING_FIRST)
    wanted = column.name if ascending else f"-{column.name}"
    return Heading(
        name=column.name,
        label=column.label,
        kind=column.kind,
        href=links.changed(search, sort=None if wanted == usual else wanted),
        sorted=direction,
        meaning=meaning,
        action=f"Sort {order_words(column, wanted)}",
    )


def order_words(column: Column, sort: str) -> str:
    """Return in words which values of a column come first."""
    return ORDERS.get(column.kind, NUMBER_ORDERS)[sort.startswith("-")]


def rows(asked: Asked, read: list[dict[str, Any]]) -> list[Row]:
    """Return the rows as the page shows them."""
    names, id_column = shown_columns(asked.query), asked.table.id_column
    drawings = sparklines(asked, names, [row[id_column] for row in read])
    return [
        Row(row[id_column], {name: _cell(asked, name, row, drawings.get(row[id_column], {})) for name in names})
        for row in read
    ]


def _cell(asked: Asked, name: str, row: dict[str, Any], drawings: dict[str, Drawing]) -> Cell:
    column = asked.table.column(name)
    if column.kind == "trend":
        drawing = drawings.get(name)
        return Cell(column.kind, formats.MISSING, is_missing=drawing is None, drawing=drawing)
    return cell(asked.chatbot, column, row[name], _href(asked, column, row), asked.table.name_column)


def cell(chatbot: Chatbot, column: Column, value: Any, href: str | None = None, name_column: str = "") -> Cell:
    """Return a value as it is written, with where it leads."""
    is_name = column.name == name_column
    if value is None:
        return Cell(column.kind, formats.MISSING, is_missing=True, is_name=is_name)
    if column.kind == "sentiment":
        shown = formats.sentiment(value)
        return Cell(column.kind, shown["text"], label=shown["label"], tone=shown["tone"])
    return Cell(column.kind, formats.cell(column, value, chatbot), href, is_name=is_name)


def _href(asked: Asked, column: Column, row: dict[str, Any]) -> str | None:
    """Return where a value leads: a name to the page of its own, a count of users to the users that it counted."""
    chatbot_id, state = asked.chatbot.chatbot_id, links.shared(asked.search)
    if column.name == "organization_name" and row["organization_id"] is not None:
        return links.entity_path(chatbot_id, "organizations", row["organization_id"]) + state
    if column.name == "user_name":
        own = links.pairs(asked.search)
        organizations = [value for name, value in own if name == "organization_id"] or None
        kept = links.changed(state, organization_id=organizations) if organizations else state
        return links.entity_path(chatbot_id, "users", row["user_id"]) + kept
    if column.name == "users":
        return links.page_path(chatbot_id, "users") + links.changed(state, organization_id=row["organization_id"])
    return None
