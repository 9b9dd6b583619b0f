"""SQL with its parameters, and the words of it that several statements share. What is asked is not known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from serving.kept import KeptRows
from serving.snapshot import Chatbot, Snapshot
from serving.tables.query import TableQuery

# The days of a range, both included; each parameter that is null is an open end.
IN_RANGE = "activity_date between coalesce(?, date '0001-01-01') and coalesce(?, date '9999-12-31')"


@dataclass(frozen=True)
class Statement:
    """SQL and the parameters it takes."""

    sql: str
    parameters: list[Any]
    # Kept rows that the statement reads: they stay as long as it does.
    holds: tuple[KeptRows, ...] = ()

    def around(self, sql: str, before: Sequence[Any] = (), after: Sequence[Any] = ()) -> "Statement":
        """Return a statement that has this one in it, with the parameters that stand before and after this one's."""
        return Statement(sql, [*before, *self.parameters, *after], self.holds)

    def run(self, snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
        """Run on a cursor of its own and return that; its rows come as they are asked for."""
        return snapshot.run(self.sql, self.parameters)

    def read(self, snapshot: Snapshot) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return snapshot.read(self.sql, self.parameters)


def folded(text: str) -> str:
    """Return SQL for a text as plans and industries are compared: composed, trimmed, in one case."""
    return f"lower(trim(nfc_normalize({text})))"


def searchable(text: str) -> str:
    """Return SQL for a text as it is searched: without case and accents."""
    return f"strip_accents(lower(nfc_normalize({text})))"


def counting(query: TableQuery, chatbot: Chatbot) -> str:
    """Return the table macros' argument for what the query counts; snapshots of older versions know none."""
    return ", excluded := 'include'" if query.counts_excluded(chatbot) else ""


def counted(table: str, left_out: str, query: TableQuery, chatbot: Chatbot) -> str:
    """Return SQL for a stored table, with the rows of the one for what is left out if the query counts these."""
    return f"(from {table} union all by name from {left_out})" if query.counts_excluded(chatbot) else table


def counted_days(query: TableQuery, chatbot: Chatbot) -> str:
    """Return SQL for the days of the conversations that the query counts."""
    return counted("fct_conversation_days", "excluded_conversation_days", query, chatbot)
