"""What the address of a table's page may ask: the table's query, and what is only seen there.

That is columns which are drawn (no statement of rows and no file has them) and the widths of columns.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, create_model
from pydantic_core import PydanticCustomError

from serving.snapshot import Chatbot
from serving.tables.columns import TRENDS
from serving.tables.query import TableQuery
from serving.tables.query_models import query_of

WIDTH = "width"
LEAST_WIDTH, MOST_WIDTH = 64, 800


def page_query_of(table: str, chatbot: Chatbot) -> type[TableQuery]:
    """Return what may be asked of the page of a chatbot's table."""
    return _page_query(query_of(table, chatbot))


@lru_cache(maxsize=256)
def _page_query(model: type[TableQuery]) -> type[TableQuery]:
    table = replace(model.table, columns=(*model.table.columns, *TRENDS.values()))

    def of_a_column(value: str) -> str:
        name, _, pixels = value.rpartition(":")
        if name not in table.column_names:
            raise PydanticCustomError("unknown_column", "Unknown column: {name}", {"name": name})
        if not (pixels.isascii() and pixels.isdigit() and LEAST_WIDTH <= int(pixels) <= MOST_WIDTH):
            message = "Should be a column and a width from {least} to {most}, like plan:120"
            raise PydanticCustomError("bad_width", message, {"least": LEAST_WIDTH, "most": MOST_WIDTH})
        return value

    found = create_model(
        model.__name__,
        __base__=model,
        __module__=__name__,
        width=(list[Annotated[str, AfterValidator(of_a_column)]], Field(default=[])),
    )
    found.table = table
    return found


def widths_of(query: TableQuery) -> dict[str, int]:
    """Return the width of each column that has one of its own, in pixels."""
    given = (one.rpartition(":") for one in getattr(query, WIDTH, ()))
    return {name: int(pixels) for name, _, pixels in given}
