"""The chips of a page: what its rows are filtered by, and what else of its state no control shows.

Each filter's chip removes it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.filters import ENOUGH, SAMPLE, names_of
from serving.pages.navigation import Link
from serving.pages.rows import DEFAULT_SORT, order_words, shown_columns
from serving.tables.columns import Column


@dataclass(frozen=True)
class Chip:
    """Something that the rows are chosen by; `remove` is the state without it, None where there is none."""

    label: str
    value: str
    remove: str | None


def filter_chips(asked: Asked) -> list[Chip]:
    """Return a chip for the search and for each value and bound of a filter."""
    chips: list[Chip] = []
    if text := asked.query.search.strip():
        chips.append(Chip("Search", f"“{text}”", links.changed(asked.search, search=None)))
    return chips + [chip for column in asked.table.columns for chip in _filter_chips(asked, column)]


def view_chips(asked: Asked) -> list[Chip]:
    """Return what of the state is seen nowhere else: an order by a hidden column, and attributes as of now."""
    chips: list[Chip] = []
    name = asked.query.sort.removeprefix("-")
    if name not in shown_columns(asked.query):
        column = asked.table.column(name)
        remove = None if asked.query.sort == DEFAULT_SORT else links.changed(asked.search, sort=None)
        chips.append(Chip("Sorted by", f"{column.label}, {order_words(column, asked.query.sort)}", remove))
    if asked.query.attributes == "now":
        chips.append(Chip("Attributes", "as of now", links.changed(asked.search, attributes=None)))
    return chips


def sample_offer(asked: Asked) -> Link | None:
    """Return the way to rows with a sample of some size, where the order is by a sentiment and asks for none."""
    sorted_by = asked.table.column(asked.query.sort.removeprefix("-"))
    sample = next((column for column in asked.table.columns if column.name == SAMPLE), None)
    if sorted_by.kind != "sentiment" or sample is None:
        return None
    if asked.query.filters(sample):
        return None
    href = links.changed(asked.search, **{f"{SAMPLE}_min": str(ENOUGH)})
    return Link(f"Only with {ENOUGH} or more scored conversations", href)


def _filter_chips(asked: Asked, column: Column) -> list[Chip]:
    query, label = asked.query, column.filter_label
    chosen, refused = list(query.values(column)), list(query.unwanted(column))
    names = names_of(asked, column, [*chosen, *refused])
    chips = [Chip(label, names[value], links.without(asked.search, column.name, value)) for value in chosen]
    if column.refused:
        chips += [
            Chip(label, f"not {names[value]}", links.without(asked.search, column.refused, value)) for value in refused
        ]
    low, high = query.bounds(column)
    if (low, high) == (None, None):
        return chips
    words = _days(low, high) if column.filtered_by("days") else _bounds(low, high)
    return [*chips, Chip(label, words, links.changed(asked.search, **dict.fromkeys(column.limits)))]


def _bounds(low: Any, high: Any) -> str:
    texts = [None if value is None else f"{float(value):,.10g}" for value in (low, high)]
    if texts[0] is None:
        return f"at most {texts[1]}"
    return f"at least {texts[0]}" if texts[1] is None else f"{texts[0]} to {texts[1]}"


def _days(low: date | None, high: date | None) -> str:
    if low is None or high is None:
        return f"from {formats.day(low)}" if low else f"until {formats.day(high or date.max)}"
    return formats.days(low, high)
