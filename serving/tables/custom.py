"""A chatbot's own fields as columns and filters of both tables: `custom.<field>`.

Which fields a chatbot has comes from the snapshot. Their names are any text, so SQL knows such a column by a number.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import NamedTuple

from serving.snapshot import CustomField
from serving.tables.columns import NOT, Column, Filter, Kind, Table

PREFIX = "custom."
# As many of a chatbot's own fields have filters on the page, the most used first: each asks the server for its choices.
FILTERED_FIELDS = 8
BOUNDS = {"min": ROUND_CEILING, "max": ROUND_FLOOR}
# The snapshot keeps nine decimal places of numbers that are smaller than this.
LIMIT = Decimal(10) ** 29
STEP = Decimal("0.000000001")
NUMBER = "cast(? as decimal(38, 9))"
KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean"}


class Problem(NamedTuple):
    """What is wrong with a parameter, and its name."""

    name: str
    kind: str
    message: str


@dataclass(frozen=True)
class CustomFilter:
    """What is asked of one field: any and none of some values (an empty one means no value), and bounds of a number."""

    column: Column
    values: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    lowest: Decimal | None = None
    highest: Decimal | None = None


def with_fields(table: Table, fields: Sequence[CustomField]) -> Table:
    """Return a table with a chatbot's own fields as further columns, the most used first."""
    ordered = sorted(fields, key=lambda field: (-field.users - field.organizations, field.name))
    names = {field.name for field in fields}
    columns = (_column(field, number, f"{field.name}{NOT}" not in names) for number, field in enumerate(ordered))
    return replace(table, columns=(*table.columns, *columns))


def _column(field: CustomField, number: int, has_not: bool) -> Column:
    kind = "text" if field.is_mixed else KINDS.get(field.value_type, "text")
    return Column(
        f"{PREFIX}{field.name}",
        field.label or field.name,
        kind,
        filter=Filter("bounds" if kind == "number" else "values", on_page=number < FILTERED_FIELDS, has_not=has_not),
        field=field.name,
        sql_name=f"custom_{number}",
        meaning="The chatbot's own field, as last sent."
        + (" Values of several types were sent; all are shown as text." if field.is_mixed else ""),
    )


def read_filters(table: Table, given: dict[str, list[str]]) -> tuple[tuple[CustomFilter, ...], list[Problem]]:
    """Return the filters that parameters ask for, and what is wrong with the parameters."""
    columns = {column.name: column for column in table.columns if column.field is not None}
    filters: dict[str, CustomFilter] = {}
    problems: list[Problem] = []
    for name, values in given.items():
        of, _, bound = name.rpartition("_")
        column = columns.get(name)
        if column is not None:
            problems += _bad_values(column, values)
            filters[name] = replace(filters.get(name, CustomFilter(column)), values=tuple(values))
        elif name.endswith(NOT) and (refused := columns.get(name.removesuffix(NOT))):
            problems += (one._replace(name=name) for one in _bad_values(refused, values))
            wanted = filters.get(refused.name, CustomFilter(refused))
            filters[refused.name] = replace(wanted, unwanted=tuple(values))
        elif bound in BOUNDS and of in columns:
            limit = _limit(values[0], BOUNDS[bound])
            if len(values) > 1:
                problems.append(Problem(name, "given_twice", "May be given only once"))
            elif columns[of].kind != "number":
                problems.append(Problem(name, "no_number", f"Only numbers have bounds: {of} is {columns[of].kind}"))
            elif limit is None:
                problems.append(Problem(name, "bad_number", "Should be a number between -1e29 and 1e29"))
            wanted = filters.get(of, CustomFilter(columns[of]))
            filters[of] = replace(wanted, lowest=limit) if bound == "min" else replace(wanted, highest=limit)
        else:
            problems.append(Problem(name, "extra_forbidden", f"Unknown parameter: {name}"))
    return tuple(filters.values()), problems


def _bad_values(column: Column, values: list[str]) -> Iterator[Problem]:
    for value in values:
        if value and column.kind == "boolean" and value.strip().lower() not in ("true", "false"):
            yield Problem(column.name, "bad_boolean", "Should be true, false or empty")
        if value and column.kind == "number" and _limit(value, ROUND_FLOOR) is None:
            yield Problem(column.name, "bad_number", "Should be a number between -1e29 and 1e29, or empty")


def _limit(text: str, rounding: str) -> Decimal | None:
    """Return a number with as many places as values have, so that comparing with it is exact; None if it is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not -LIMIT < number < LIMIT:
        return None
    limit = number.quantize(STEP, rounding, Context(prec=40))
    return limit if -LIMIT < limit < LIMIT else None


def join(column: Column, table: Table, counting: str) -> str:
    """Return SQL that joins a field's values; it takes the chatbot, the last day, the clock and the field's name.

    `counting` is the macro's argument for what the query counts.
    """
    value = {"number": "number_value", "boolean": "boolean_value"}.get(
        column.kind, f"coalesce(text_value, {_number_text('number_value')}, cast(boolean_value as varchar))"
    )
    name = column.sql
    return f"""
        left join (
            select entity_id as {name}_of, {value} as {name}
            from custom_values(?, '{table.singular}', ?, attributes := ?{counting})
            where field = ?
        ) on {name}_of = {table.id_column}
    """


def condition(wanted: CustomFilter, folded: Callable[[str], str]) -> tuple[list[str], list[str | None]]:
    """Return a filter's conditions and the parameters they take; `folded` gives SQL for a text as it is compared."""
    name = wanted.column.sql
    if wanted.column.kind == "number":
        return _number_condition(wanted, name)
    clauses: list[str] = []
    for values, comparison in ((wanted.values, "in"), (wanted.unwanted, "not in")):
        if values:
            marks = ", ".join([folded("?")] * len(values))
            clauses.append(f"coalesce({folded(text_of(wanted.column))}, '') {comparison} ({marks})")
    return clauses, [*wanted.values, *wanted.unwanted]


def _number_condition(wanted: CustomFilter, name: str) -> tuple[list[str], list[str | None]]:
    """Return the conditions on a number; an empty value passes beside those within the bounds."""
    within: list[str] = []
    parameters: list[str | None] = []
    values = [value for value in wanted.values if value]
    if values:
        within.append(f"{name} in ({', '.join([NUMBER] * len(values))})")
        parameters += [_exact(value) for value in values]
    for limit, comparison in ((wanted.lowest, ">="), (wanted.highest, "<=")):
        if limit is not None:
            within.append(f"{name} {comparison} {NUMBER}")
            parameters.append(format(limit, "f"))
    if "" in wanted.values:
        within = [f"({' and '.join(within) or 'false'}) or {name} is null"]
    unwanted = [value for value in wanted.unwanted if value]
    if unwanted:
        within.append(f"coalesce({name} not in ({', '.join([NUMBER] * len(unwanted))}), true)")
        parameters += [_exact(value) for value in unwanted]
    if "" in wanted.unwanted:
        within.append(f"{name} is not null")
    return within, parameters


def _exact(value: str) -> str | None:
    """Return a number as values are kept; None if no value can be it."""
    limit = _limit(value, ROUND_FLOOR)
    return format(limit, "f") if limit is not None and limit == Decimal(value) else None


def text_of(column: Column) -> str:
    """Return SQL for a column's value as text."""
    if column.kind == "number":
        return _number_text(column.sql)
    return f"cast({column.sql} as varchar)" if column.kind == "boolean" else column.sql


def _number_text(value: str) -> str:
    return f"rtrim(rtrim(cast({value} as varchar), '0'), '.')"
