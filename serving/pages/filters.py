"""The filters of a page, generated from the columns that declare one: lists of values, and bounds of numbers.

What a filter keeps is decided by the query; which values there are is read here when the filters are opened.
"""

from dataclasses import dataclass
from typing import Any

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.tables.columns import Column, Table
from serving.tables.results import Choice, read_choices, read_organization_names

NO_VALUE = "None"
MOST_CHOICES = 50
AT_A_GLANCE = 8
# How many rows stand behind a sentiment: beside it among the bounds, and offered where it decides the order.
SAMPLE = "scored_conversations"
ENOUGH = 5


@dataclass(frozen=True)
class Option:
    """A value that can be chosen, and how many rows have it, if that is known."""

    value: str
    label: str
    rows: str | None
    is_chosen: bool


@dataclass(frozen=True)
class ListFilter:
    """A filter by values. `find` is the text that the offered ones contain; `is_cut` says that there are more."""

    name: str
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
        return not self.find and not any(option.value or option.is_chosen for option in self.options)


@dataclass(frozen=True)
class BoundsFilter:
    """A filter by a least and a greatest value, as texts; `problem` says why no row can pass."""

    name: str
    label: str
    low: str
    high: str
    problem: str | None


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
    columns = filtered(table, "bounds")
    sample = [column for column in columns if column.name == SAMPLE]
    others = [column for column in columns if column.name != SAMPLE]
    behind = next((index + 1 for index, column in enumerate(others) if column.name == "sentiment"), len(others))
    return [*others[:behind], *sample, *others[behind:]]


def filters(asked: Asked, finds: dict[str, str] | None = None) -> Filters:
    """Return the form of a state; with texts to find, or none of them, the lists offer what is there."""
    lists, bounds = list_filters(asked.table), bound_filters(asked.table)
    owned = {column.name for column in lists}
    owned |= {f"{column.name}_{end}" for column in bounds for end in ("min", "max")}
    return Filters(
        lists=[_list(asked, column, finds) for column in lists],
        bounds=[_bounds(asked, column) for column in bounds],
        state=links.beside(asked.search, owned),
        has_choices=finds is not None,
    )


def _list(asked: Asked, column: Column, finds: dict[str, str] | None) -> ListFilter:
    name, chosen = column.name, asked.query.values(column.name)
    find = (finds or {}).get(name, "")
    choices = [] if finds is None else _choices(asked, name, find)
    by_id = not column.filtered_by("values")
    same = str if by_id else _folded
    wanted = {same(value) for value in chosen}
    offered = {same(choice.value) for choice in choices}
    missing = [value for value in chosen if same(value) not in offered]
    labels = names_of(asked, column, missing)
    options = [
        *(Option(value, labels[value], None, True) for value in missing),
        *(
            Option(one.value, one.label or NO_VALUE, formats.count(one.rows), same(one.value) in wanted)
            for one in choices
        ),
    ]
    return ListFilter(name, column.filter_label, options, find, len(choices) >= MOST_CHOICES)


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


def _folded(text: str) -> str:
    return text.strip().lower()


def _bounds(asked: Asked, column: Column) -> BoundsFilter:
    low, high = limits(asked, column)
    return BoundsFilter(
        column.name, column.filter_label, _plain(low), _plain(high), "Min is above max" if _crossed(low, high) else None
    )


def limits(asked: Asked, column: Column) -> tuple[Any, Any]:
    """Return the least and the greatest value asked of a column; None where any will do."""
    if column.field is None:
        return asked.query.bounds(column.name)
    own = ((one.lowest, one.highest) for one in asked.query.custom if one.column.name == column.name)
    return next(own, (None, None))


def crossed(asked: Asked) -> list[str]:
    """Return the labels of the filters whose least value is above the greatest, so that no row can pass."""
    columns = [column for column in asked.table.columns if column.filtered_by("bounds")]
    return [column.filter_label for column in columns if _crossed(*limits(asked, column))]


def _crossed(low: Any, high: Any) -> bool:
    return low is not None and high is not None and low > high


def _plain(value: Any) -> str:
    """Return a bound as a field for numbers takes it."""
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else format(value.normalize(), "f")
