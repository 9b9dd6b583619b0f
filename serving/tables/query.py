"""The one query of both tables: what page, API and exports accept, checked.

How the text of a query string becomes parameters is in `parameters`, how a query reads the snapshot in `results`;
nothing here opens one.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from serving.snapshot import Chatbot, CustomField
from serving.tables.columns import TABLES, Column, Table
from serving.tables.custom import PREFIX, STEP, CustomFilter, read_filters, with_fields
from serving.tables.parameters import BadQuery, problem, read_parameters
from serving.tables.periods import previous_period
from serving.tables.ranges import DEFAULT_PRESET, Days, Preset, days_of, today_of

Attributes = Literal["range_end", "now"]
Excluded = Literal["leave_out", "include"]
PAGE_LIMIT = 20
# Bounds that fit the decimals compared with them, whatever is asked.
Money = Annotated[Decimal, Field(ge=-(10**18), le=10**18, allow_inf_nan=False)]


def _iso_day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise PydanticCustomError("day", "Should be a day like 2026-11-22")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]


class Crossed(BadQuery):
    """A query that no row can pass, as a least value lies above the greatest. `query` is what it asks."""

    def __init__(self, query: "TableQuery", columns: list[Column]) -> None:
        self.query = query
        super().__init__(
            [problem(low, "crossed", f"Lies above {high}") for low, high in (column.limits for column in columns)]
        )


class PageQuery(BaseModel):
    """Which part of a result is asked for, in which order, with which columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    table: ClassVar[Table]

    sort: str = Field(description="A column; `-` in front for descending. Nulls come last.")
    limit: int | None = Field(default=None, ge=1, le=1000, description=f"Rows: {PAGE_LIMIT} in JSON, all in an export.")
    offset: int = Field(default=0, ge=0, le=2**31 - 1, description="Rows to leave out at the beginning.")
    columns: list[str] = Field(
        default=[],
        description="The columns wanted, in this order; if none is given, all but the chatbot's own fields.",
    )

    @field_validator("sort")
    @classmethod
    def _sorts_by_a_column(cls, value: str) -> str:
        cls._known_column(value.removeprefix("-"))
        if cls.table.column(value.removeprefix("-")).kind == "trend":
            raise PydanticCustomError(
                "no_order", "Rows have no order by what is drawn of them: {name}", {"name": value}
            )
        return value

    @field_validator("columns")
    @classmethod
    def _names_columns_once(cls, value: list[str]) -> list[str]:
        for name in value:
            cls._known_column(name)
            if value.count(name) > 1:
                raise PydanticCustomError("column_twice", "Column given twice: {name}", {"name": name})
        return value

    @classmethod
    def _known_column(cls, name: str) -> None:
        if name not in cls.table.column_names:
            raise PydanticCustomError("unknown_column", "Unknown column: {name}", {"name": name})

    @classmethod
    def parse(cls, query_string: str) -> Self:
        """Return the query that a query string asks; BadQuery if it asks anything else."""
        return cls.read(read_parameters(query_string))

    @classmethod
    def read(cls, given: dict[str, list[str]], **more: Any) -> Self:
        """Return the query that parameters ask, and what else it holds; BadQuery names every fault of them."""
        if twice := cls.given_twice(given):
            raise BadQuery(twice)
        try:
            values = {name: values if name in cls.repeatable() else values[0] for name, values in given.items()}
            return cls.model_validate({**values, **more})
        except ValidationError as error:
            raise BadQuery(list(_problems(error))) from None

    @classmethod
    def given_twice(cls, given: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return a problem for each parameter that may be given only once and is given more often."""
        repeated = (name for name, values in given.items() if len(values) > 1 and name not in cls.repeatable())
        return [problem(name, "given_twice", "May be given only once") for name in repeated]

    @classmethod
    def repeatable(cls) -> frozenset[str]:
        """Return the parameters that may be given more than once."""
        fields = cls.model_fields.items()
        return frozenset(name for name, field in fields if get_origin(field.annotation) is list)

    def question(self) -> tuple[str, ...]:
        """Return what is asked, as texts: equal where the same is asked of the same table."""
        fields = type(self).model_fields
        given = ((name, getattr(self, name), fields[name].default) for name in fields)
        return (self.table.name, *(f"{name}={value!r}" for name, value, default in given if value != default))

    def unordered(self) -> Self:
        """Return the query for the same rows, all of them, in whatever order and with whatever columns."""
        return self.model_copy(update={"sort": self.table.id_column, "limit": None, "offset": 0, "columns": []})

    def chosen_columns(self) -> tuple[str, ...]:
        """Return the columns to deliver, in order."""
        return tuple(self.columns) or self.table.own_columns


class TableQuery(PageQuery):
    """What may be asked of either table, beside the filters of its columns. Everything given combines with AND."""

    range: Preset | None = Field(
        default=None, description=f"A named range of days; {DEFAULT_PRESET} if no range is given."
    )
    first_day: Day | None = Field(
        default=None, description="First day, in the chatbot's zone. Without one the range is open."
    )
    last_day: Day | None = Field(default=None, description="Last day, inclusive. Without one the range is open.")
    search: str = Field(
        default="", max_length=256, description="Case-insensitive text anywhere in a name, an id or an e-mail."
    )
    sort: str = Field(
        default="-last_activity_at", description="A column; `-` in front for descending. Nulls come last."
    )
    attributes: Attributes = Field(default="range_end", description="Attributes as of the range's end, or as of now.")
    excluded: Excluded = Field(
        default="leave_out",
        description="Whether conversations of one's own accounts, which `exclude.csv` names, count.",
    )
    # Under a name that no parameter has: a field's name is never empty.
    custom: SkipJsonSchema[tuple[CustomFilter, ...]] = Field(default=(), validation_alias=PREFIX)

    @model_validator(mode="after")
    def _gives_one_range(self) -> Self:
        if self.range is not None and (self.first_day or self.last_day):
            raise PydanticCustomError("two_ranges", "Give either range, or first_day and last_day")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise PydanticCustomError("range_backwards", "first_day lies after last_day")
        return self

    @classmethod
    def read(cls, given: dict[str, list[str]], **more: Any) -> Self:
        """Return the query that parameters ask; BadQuery names every fault of them."""
        named = {name: values for name, values in given.items() if not name.startswith(PREFIX)}
        own = {name: values for name, values in given.items() if name.startswith(PREFIX)}
        filters, problems = read_filters(cls.table, own)
        if problems:
            raise BadQuery([*cls.given_twice(named), *(problem(*one) for one in problems)])
        query = super().read(named, **{PREFIX: filters}, **more)
        if crossed := query.crossed():
            raise Crossed(query, crossed)
        return query

    def values(self, column: Column) -> tuple[str, ...]:
        """Return the values of a column that the rows may have; none if any will do."""
        if column.field is not None:
            return self._own(column).values
        return tuple(getattr(self, column.chosen)) if column.chosen else ()

    def unwanted(self, column: Column) -> tuple[str, ...]:
        """Return the values of a column that the rows may not have."""
        if column.field is not None:
            return self._own(column).unwanted
        return tuple(getattr(self, column.refused)) if column.refused else ()

    def bounds(self, column: Column) -> tuple[Any, Any]:
        """Return the least and the greatest value of a column that the rows may have; None where any will do."""
        if column.field is not None:
            return self._own(column).lowest, self._own(column).highest
        low, high = (getattr(self, name) for name in column.limits) if column.limits else (None, None)
        return low, high

    def _own(self, column: Column) -> CustomFilter:
        return next((wanted for wanted in self.custom if wanted.column.name == column.name), CustomFilter(column))

    def filters(self, column: Column) -> bool:
        """Return whether rows are chosen by a column."""
        return bool(self.values(column) or self.unwanted(column)) or self.bounds(column) != (None, None)

    def crossed(self) -> list[Column]:
        """Return the columns whose least value lies above the greatest, so that no row can pass."""
        limited = ((column, *self.bounds(column)) for column in self.table.columns if column.limits)
        return [column for column, low, high in limited if is_crossed(column, low, high)]

    def without(self, column: Column) -> Self:
        """Return the query without the filter by a column."""
        if column.field is not None:
            kept = tuple(wanted for wanted in self.custom if wanted.column.name != column.name)
            return self.model_copy(update={"custom": kept})
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name in column.parameters})

    def keeps_every_row(self) -> bool:
        """Return whether neither search nor filters leave out any row of those whose conversations count."""
        choosing = (column for column in self.table.columns if not column.filtered_by("conversations"))
        return not self.search.strip() and not any(map(self.filters, choosing))

    def counted_organizations(self) -> tuple[str, ...]:
        """Return the organizations whose conversations alone count; none if all do."""
        limiting = (column for column in self.table.columns if column.filtered_by("conversations"))
        return next((self.values(column) for column in limiting), ())

    def counts_excluded(self, chatbot: Chatbot) -> bool:
        """Return whether conversations count that are left out unasked; where none are, it makes no difference."""
        return self.excluded == "include" and chatbot.has_exclusions

    def preset(self) -> Preset | None:
        """Return the named range that applies; None if the reader gave days of their own."""
        return self.range or (None if self.first_day or self.last_day else DEFAULT_PRESET)

    def days(self, chatbot: Chatbot, now: datetime) -> Days:
        """Return the days asked for, in the chatbot's zone."""
        preset = self.preset()
        if preset is None:
            return Days(self.first_day, self.last_day)
        return days_of(preset, today_of(chatbot, now), chatbot.week_start)

    def days_before(self, chatbot: Chatbot, days: Days) -> Days | None:
        """Return the days that a range of this query is compared with; None if there are none to compare."""
        covered = chatbot.data_through and today_of(chatbot, chatbot.data_through)
        return previous_period(self.preset(), days, covered) if covered else None

    def custom_columns(self) -> list[Column]:
        """Return the chatbot's own fields that the answer depends on."""
        return [column for column in self.table.columns if column.field is not None and self._needs(column)]

    def derived_columns(self) -> list[Column]:
        """Return the columns that the answer depends on and the snapshot does not have."""
        return [column for column in self.table.columns if column.derived and self._needs(column)]

    def _needs(self, column: Column) -> bool:
        return column.name in (*self.columns, self.sort.removeprefix("-")) or self.filters(column)


def is_crossed(column: Column, low: Any, high: Any) -> bool:
    """Return whether a least value lies above the greatest; own numbers are both kept to nine places, inwards."""
    if low is None or high is None:
        return False
    return low - high > STEP if column.field is not None else low > high


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


def _problems(error: ValidationError) -> Iterable[dict[str, Any]]:
    for detail in error.errors(include_url=False, include_context=False):
        name = str(detail["loc"][0]) if detail["loc"] else {"two_ranges": "range"}.get(detail["type"], "first_day")
        unknown = detail["type"] == "extra_forbidden"
        yield problem(name, detail["type"], f"Unknown parameter: {name}" if unknown else detail["msg"])
