"""The query of each table, made from what its columns say: a parameter for each way in which a column chooses rows."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, FiniteFloat, create_model

from serving.snapshot import Chatbot, CustomField
from serving.tables.columns import TABLES, Column, Table
from serving.tables.custom import with_fields
from serving.tables.query import Day, Money, TableQuery


def _query_model(table: Table) -> type[TableQuery]:
    fields: dict[str, Any] = {}
    for column in table.columns:
        fields.update(_filter_fields(column))
    name = f"{table.name.capitalize()}Query"
    model = create_model(name, __base__=TableQuery, __module__=__name__, **fields)
    model.table = table
    return model


def _filter_fields(column: Column) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of the filter by a column, each with its type and description."""
    if column.filter is None:
        return
    by, name = column.filter.by, column.name
    words = {
        "bounds": ("At least this", "At most this", f", on the unrounded {name}"),
        "days": ("On this day or later", "On this day or earlier", f", by {name} in the chatbot's zone"),
    }
    for bound, comparison in zip(column.limits, words.get(by, ()), strict=False):
        limit: Any = Day if by == "days" else Money if column.kind == "money" else FiniteFloat
        left_out = "" if column.chosen is None else f"; rows without one are left out, unless `{name}=` asks for them"
        text = f"{comparison}{words[by][-1]}{left_out}."
        yield bound, (limit | None, Field(default=None, description=text))
    about = f" {column.meaning}" if column.derived and column.meaning else ""
    value: Any = Literal[("", *column.filter.choices)] if column.filter.choices or column.limits else str
    any_of = {
        "values": f"Any of these; an empty one means no {name}.{about}",
        "ids": "Any of these; an empty one means none.",
        "conversations": "Only conversations of any of these count; an empty one means those of none.",
    }
    if column.chosen:
        text = any_of.get(by, f"Empty: rows without {name}, beside those within its bounds if any are given.")
        yield column.chosen, (list[value], Field(default=[], description=text))
    if column.refused:
        text = f"None of these; an empty one means that there is some {name}."
        yield column.refused, (list[value], Field(default=[], description=text))


QUERIES: dict[str, type[TableQuery]] = {table.name: _query_model(table) for table in TABLES.values()}


def query_of(table: str, chatbot: Chatbot) -> type[TableQuery]:
    """Return what may be asked of a chatbot's table: it knows the chatbot's own fields, and nobody else's."""
    return _with_fields(table, chatbot.custom_fields)


@lru_cache(maxsize=256)
def _with_fields(table: str, fields: tuple[CustomField, ...]) -> type[TableQuery]:
    model = QUERIES[table]
    return type(model.__name__, (model,), {"table": with_fields(model.table, fields), "__module__": __name__})
