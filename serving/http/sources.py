"""What the routes of rows and files answer from: both tables, and the receipt of their figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.http import describe
from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import TABLES, Table
from serving.tables.conversations import CONVERSATIONS, conversations_query, read_conversations, receipt
from serving.tables.page_query import PageQuery
from serving.tables.query import TableQuery
from serving.tables.query_models import QUERIES, query_of
from serving.tables.results import Page, read_page, result
from serving.tables.statement import Statement


@dataclass(frozen=True)
class Source:
    """How a query is read from a query string, its page, its whole result, and the table's query that it holds."""

    table: Table
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    parse: Callable[[str, Chatbot], Any]
    read: Callable[[Snapshot, Any, Chatbot, datetime], Page]
    result: Callable[[Snapshot, Any, Chatbot, datetime], Statement]
    rows_of: Callable[[Any], TableQuery]


def _of_table(table: Table) -> Source:
    return Source(
        table,
        f"One page of the {table.name.capitalize()} table",
        describe.CUSTOM_FIELDS,
        describe.parameters(QUERIES[table.name]),
        lambda text, chatbot: query_of(table.name, chatbot).parse(text),
        read_page,
        result,
        lambda query: query,
    )


RECEIPT = Source(
    CONVERSATIONS,
    "The receipt of a table's figures: the conversations behind its rows",
    describe.RECEIPT,
    describe.conversation_parameters(),
    conversations_query,
    read_conversations,
    receipt,
    lambda query: query.rows,
)
TABLE_SOURCES = tuple(map(_of_table, TABLES.values()))
SOURCES = (*TABLE_SOURCES, RECEIPT)


def columns_of(query: PageQuery) -> list[Any]:
    """Return the columns to deliver, in order."""
    return [query.table.column(name) for name in query.chosen_columns()]
