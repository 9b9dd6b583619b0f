"""The filters of a page, generated from the columns that declare one: lists of values, and bounds of numbers.

What a filter keeps is decided by the query; which values there are is read here when the filters are opened.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.tables.choices import Choice, read_choices, read_organization_names
from serving.tables.columns import Column, Table
from serving.tables.query import is_crossed

NO_VALUE = "None"
MOST_CHOICES = 50
AT_A_GLANCE = 8
# How many rows stand behind a sentiment: beside it among the bounds, and offered where it decides the order.
SAMPLE = "scored_conversations"
ENOUGH = 5


@dataclass(frozen=True)
class Option:
    """A value that can be chosen or refused, and how many rows have it, if that is known."""

    value: str
    label: str
    rows: str | None
    is_chosen: bool
    is_refused: bool


@dataclass(frozen=True)
class ListFilter:
    """A filter by values. `find` is the text that the offered ones contain; `is_cut` says that there are more.

    `refused` is the parameter for values that rows may not have, None where there is none.
    """

    name: str
    refused: str | None
    label: str
    options: list[Option]
    find: str
    is_cut: bool

    @property
    def can_find(self) -> bool:
        """Return whether a text can be searched for: where there is much to choose from."""
        return bool(self.find) or len(self.options) > AT_A_GLANCE

    @property
    def offers_nothing(self) -> bool:
        """Return whether no row has a value, and none was asked for: there is nothing to choose."""
        return not self.find and not any(one.value or one.is_chosen or one.is_refused for one in self.options)

    @property
    def refuses(self) -> bool:
        """Return whether a value is refused."""
        return any(option.is_refused for option in self.options)


@dataclass(frozen=True)
class BoundsFilter:
    """A filter by a least and a greatest value, as texts by their parameters; `problem` says why no row can pass.

    `empty` is the parameter whose empty value chooses rows without one, None where every row has one.
    """

    name: str
    label: str
    is_days: bool
    limits: dict[str, str]
    problem: str | None
    empty: str | None
    is_empty: bool


@dataclass(frozen=True)
class Filters:
    """The form of the filters; `has_choices` tells whether the lists offer every value or only the chosen ones."""

    lists: list[ListFilter]
    bounds: list[BoundsFilter]
    state: list[tuple[str, str]]
    has_choices: bool


def filtered(table: Table, *ways: str) -> list[Column]:
    """Return the columns that a page filters in one of these ways."""
    return [column for column in table.columns if column.filter and column.filter.on_page and column.filtered_by(*ways)]


def list_filters(table: Table) -> list[Column]:
    """Return the columns that a page filters by a list of values: the chatbot's own fields last, long lists before."""
    columns = filtered(table, "values", "ids", "conversations")
    return sorted(columns, key=lambda column: (column.field is not None, not column.filtered_by("values")))


def bound_filters(table: Table) -> list[Column]:
    """Return the columns that a page filters by bounds; the size of the sample stands behind the sentiment."""
    columns = filtered(table, "bounds", "days")
    sample = [column for column in columns if column.name == SAMPLE]
    others = [column for column in columns if column.name != SAMPLE]
    behind = next((index + 1 for index, column in enumerate(others) if column.name == "sentiment"), len(others))
    return [*others[:behind], *sample, *others[behind:]]


def filters(asked: Asked, finds: dict[str, str] | None = None) -> Filters:
    """Return the form of a state; with texts to find, or none of them, the lists offer what is there."""
    lists, bounds = list_filters(asked.table), bound_filters(asked.table)
    owned = {name for column in (*lists, *bounds) for name in column.parameters}
    return Filters(
        lists=[_list(asked, column, finds) for column in lists],
        bounds=[_bounds(asked, column) for column in bounds],
        state=links.beside(asked.search, owned),
        has_choices=finds is not None,
    )


def _list(asked: Asked, column: Column, finds: dict[str, str] | None) -> ListFilter:
    name, chosen, refused = column.name, asked.query.values(column), asked.query.unwanted(column)
    find = (finds or {}).get(name, "")
    choices = [] if finds is None else _choices(asked, name, find)
    by_id = not column.filtered_by("values")
    same = str if by_id else _folded
    wanted, unwanted = ({same(value) for value in values} for values in (chosen, refused))
    offered = {same(choice.value) for choice in choices}
    missing = [value for value in dict.fromkeys((*chosen, *refused)) if same(value) not in offered]
    labels = names_of(asked, column, missing)
    options = [
        Option(value, label, rows, same(value) in wanted, same(value) in unwanted)
        for value, label, rows in (
            *((value, labels[value], None) for value in missing),
            *((one.value, one.label or NO_VALUE, _rows(one)) for one in choices),
        )
    ]
    return ListFilter(name, column.refused, column.filter_label, options, find, len(choices) >= MOST_CHOICES)


def _choices(asked: Asked, name: str, find: str) -> list[Choice]:
    return asked.of_chatbot(
        "choices",
        lambda: read_choices(asked.snapshot, asked.query, name, asked.chatbot, asked.now, find, MOST_CHOICES),
        asked.table.name,
        links.question(asked.search),
        asked.days,
        name,
        find,
    )


def names_of(asked: Asked, column: Column, values: list[str]) -> dict[str, str]:
    """Return what chosen values are called: organizations by their newest names."""
    by_id = column.filtered_by("ids", "conversations")
    names = read_organization_names(asked.snapshot, asked.query, asked.chatbot, values) if by_id and values else {}
    return {value: names.get(value, value) or NO_VALUE for value in values}


def _rows(choice: Choice) -> str | None:
    return None if choice.rows is None else formats.count(choice.rows)


def _folded(text: str) -> str:
    return text.strip().lower()


def _bounds(asked: Asked, column: Column) -> BoundsFilter:
    limits = asked.query.bounds(column)
    is_days = column.filtered_by("days")
    crossed = "The last day lies before the first" if is_days else "Min is above max"
    return BoundsFilter(
        column.name,
        column.filter_label,
        is_days,
        dict(zip(column.limits, map(_plain, limits), strict=True)),
        crossed if is_crossed(column, *limits) else None,
        column.chosen,
        bool(asked.query.values(column)),
    )


def _plain(value: Any) -> str:
    """Return a bound as a field for numbers or days takes it."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.15g}" if isinstance(value, float) else format(value.normalize(), "f")
