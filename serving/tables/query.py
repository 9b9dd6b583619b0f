"""The one query of both tables: what page, API and exports accept, checked.

The parameters of its columns' filters are made in `query_models`. How the text of a query string becomes parameters is
in `parameters`, how a query reads the snapshot in `results`; nothing here opens one.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from serving.snapshot import Chatbot
from serving.tables.columns import Column
from serving.tables.custom import PREFIX, STEP, CustomFilter, read_filters
from serving.tables.page_query import PageQuery
from serving.tables.parameters import BadQuery, problem
from serving.tables.periods import previous_period
from serving.tables.ranges import DEFAULT_PRESET, Days, Preset, days_of, today_of

Attributes = Literal["range_end", "now"]
Excluded = Literal["leave_out", "include"]
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
