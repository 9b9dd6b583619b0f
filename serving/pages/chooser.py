"""The chooser of a table's columns: which are shown, in which order, and the ways to another order."""

from dataclasses import dataclass

from serving.pages import links
from serving.pages.asked import Asked
from serving.pages.rows import shown_columns
from serving.tables.columns import Column


@dataclass(frozen=True)
class ColumnChoice:
    """A column that can be shown; one that always is cannot be taken away.

    `up` and `down` are the states in which it has changed places with its neighbour, None where it has none.
    """

    name: str
    label: str
    is_shown: bool
    is_fixed: bool
    up: str | None
    down: str | None


@dataclass(frozen=True)
class ColumnChooser:
    """The columns to choose from, those shown first and in their order, and the way back to those shown unasked."""

    choices: list[ColumnChoice]
    reset: str
    state: list[tuple[str, str]]


def chooser(asked: Asked) -> ColumnChooser:
    """Return the chooser of a state."""
    table, shown = asked.table, shown_columns(asked.query)
    hidden = sorted(
        (column for column in table.columns if column.name not in shown), key=lambda column: not column.by_default
    )
    return ColumnChooser(
        choices=[_choice(asked, column) for column in (*map(table.column, shown), *hidden)],
        reset=links.changed(asked.search, columns=None, width=None),
        state=links.beside(asked.search, {"columns"}),
    )


def _choice(asked: Asked, column: Column) -> ColumnChoice:
    shown = shown_columns(asked.query)
    return ColumnChoice(
        column.name,
        column.label,
        is_shown=column.name in shown,
        is_fixed=column.name == asked.table.name_column,
        up=_moved(asked, column.name, -1),
        down=_moved(asked, column.name, 1),
    )


def _moved(asked: Asked, name: str, by: int) -> str | None:
    """Return the state in which a column stands one place further; the name of the row stays the first."""
    columns = list(shown_columns(asked.query))
    movable = [one for one in columns if one != asked.table.name_column]
    if name not in movable or not 0 <= movable.index(name) + by < len(movable):
        return None
    here, there = columns.index(name), columns.index(name) + by
    columns[here], columns[there] = columns[there], columns[here]
    return links.changed(asked.search, columns=None if tuple(columns) == asked.table.default_columns else columns)
