"""The one query of both tables: what page, API and exports accept, checked.

How the text of a query string becomes parameters is in `parameters`, how a query reads the snapshot in `results`;
nothing here opens one.
"""

import re
from collections.abc import Iterable
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
from serving.tables.custom import PREFIX, CustomFilter, read_filters, with_fields
from serving.tables.parameters import BadQuery, problem, read_parameters
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
        return super().read(named, **{PREFIX: filters}, **more)

    def values(self, column: str) -> tuple[str, ...]:
        """Return the values of a column that the rows may have; none if any will do."""
        own = (wanted.values for wanted in self.custom if wanted.column.name == column)
        return next(own, ()) if column.startswith(PREFIX) else tuple(getattr(self, column))

    def bounds(self, column: str) -> tuple[Any, Any]:
        """Return the least and the greatest value of a column that the rows may have; None where any will do."""
        return getattr(self, f"{column}_min"), getattr(self, f"{column}_max")

    def counted_organizations(self) -> tuple[str, ...]:
        """Return the organizations whose conversations alone count; none if all do."""
        limiting = (column.name for column in self.table.columns if column.filtered_by("conversations"))
        return next((self.values(name) for name in limiting), ())

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

    def custom_columns(self) -> list[Column]:
        """Return the chatbot's own fields that the answer depends on."""
        needed = {*self.columns, self.sort.removeprefix("-"), *(wanted.column.name for wanted in self.custom)}
        return [column for column in self.table.columns if column.field is not None and column.name in needed]


def _query_model(table: Table) -> type[TableQuery]:
    fields: dict[str, Any] = {}
    for column in table.columns:
        if column.filtered_by("bounds"):
            number = Money if column.kind == "money" else FiniteFloat
            for bound, comparison in (("min", "At least"), ("max", "At most")):
                text = f"{comparison} this, on the unrounded {column.name}; rows without one are left out."
                fields[f"{column.name}_{bound}"] = (number | None, Field(default=None, description=text))
        elif column.filter is not None:
            text = {
                "values": f"Any of these; an empty one means no {column.name}.",
                "ids": "Any of these; an empty one means none.",
                "conversations": "Only conversations of any of these count; an empty one means those of none.",
            }[column.filter.by]
            fields[column.name] = (list[str], Field(default=[], description=text))
    name = f"{table.name.capitalize()}Query"
    model = create_model(name, __base__=TableQuery, __module__=__name__, **fields)
    model.table = table
    return model


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
