"""What page, API and exports accept for any table, checked: which part of a result, in which order, which columns.

Which rows a result has is asked in `query`.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from serving.tables.columns import Table
from serving.tables.parameters import BadQuery, problem, read_parameters

PAGE_LIMIT = 20


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


def _problems(error: ValidationError) -> Iterable[dict[str, Any]]:
    for detail in error.errors(include_url=False, include_context=False):
        name = str(detail["loc"][0]) if detail["loc"] else {"two_ranges": "range"}.get(detail["type"], "first_day")
        unknown = detail["type"] == "extra_forbidden"
        yield problem(name, detail["type"], f"Unknown parameter: {name}" if unknown else detail["msg"])
