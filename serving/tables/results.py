"""Reads a query's answer from a snapshot: its rows, and what the chatbot has in the range.

One parameterised statement over the snapshot's table macro serves page, API and exports; what a row means is the
macro's business, and what may be asked is `query`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import duckdb

from serving.kept import KeptRows
from serving.snapshot import Chatbot, Snapshot
from serving.tables import comparison, custom
from serving.tables.columns import Column
from serving.tables.masking import without_addresses
from serving.tables.query import PAGE_LIMIT, PageQuery, TableQuery
from serving.tables.ranges import Days, end_of, start_of, today_of

Q = TypeVar("Q", bound=PageQuery)


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


@dataclass(frozen=True)
class Page:
    """Some rows of a result, in order, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


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


def rows_of(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot | None = None) -> Statement:
    """Return the statement for every row that the query keeps, with all columns, in no order.

    With a snapshot it reads the rows that are kept of it, in place of calling the table's macro.
    """
    source = _called(query, chatbot, days, snapshot)
    joins, beside, holds = "", [], list(source.holds)
    if comparison.lists_dormant(query):
        known = _called(query, chatbot, comparison.known_until(days), snapshot)
        holds += known.holds
        sql = comparison.with_dormant(source.sql, known.sql, query.table)
        source = Statement(sql, [*source.parameters, *known.parameters])
    for column in query.custom_columns():
        joins += custom.join(column, query.table, counting(query, chatbot))
        beside += [chatbot.chatbot_id, days.last, query.attributes, column.field]
    if any(column.is_compared for column in query.derived_columns()):
        before = query.days_before(chatbot, days)
        other = _called(query, chatbot if before else None, before or Days(None, None), snapshot)
        holds += other.holds
        joins += comparison.beside_before(other.sql, query)
        beside += [*other.parameters, *comparison.before_parameters(chatbot, days, before)]
    clauses, parameters = _conditions(query, chatbot)
    where = " and ".join(f"({clause})" for clause in clauses) or "true"
    seen = without_addresses(f"{source.sql} {joins}", query.table, chatbot)
    if derived := query.derived_columns():
        seen = f"(select *, {', '.join(f'{column.derived} as {column.sql}' for column in derived)} from {seen})"
    return Statement(f"select * from {seen} where {where}", [*source.parameters, *beside, *parameters], tuple(holds))


def _called(query: TableQuery, chatbot: Chatbot | None, days: Days, snapshot: Snapshot | None) -> Statement:
    """Return SQL for the rows of the table's macro as what stands behind `from`; of no chatbot there are none."""
    parameters: list[Any] = [chatbot and chatbot.chatbot_id, *days, query.attributes]
    arguments = "?, ?, ?, attributes := ?"
    if organizations := query.counted_organizations():
        arguments += ", organization_ids := ?"
        parameters.append(organizations)
    call = f"{query.table.name}({arguments}{counting(query, chatbot) if chatbot else ''})"
    if snapshot is None:
        return Statement(call, parameters)
    rows = snapshot.kept.rows(call, parameters)
    return Statement(rows.name, [], (rows,))


def _conditions(query: TableQuery, chatbot: Chatbot) -> tuple[list[str], list[Any]]:
    """Return the conditions of search and filters on rows, and the parameters they take."""
    clauses: list[str] = []
    parameters: list[Any] = []
    if text := query.search.strip():
        clauses.append(" or ".join(f"contains({searchable(name)}, {searchable('?')})" for name in query.table.searched))
        parameters += [text] * len(query.table.searched)
    given = [_condition(query, column, chatbot) for column in query.table.columns]
    given += [custom.condition(wanted, folded) for wanted in query.custom]
    for conditions, values in given:
        clauses += conditions
        parameters += values
    return clauses, parameters


def _condition(query: TableQuery, column: Column, chatbot: Chatbot) -> tuple[list[str], list[Any]]:
    """Return the conditions of a column's filter on rows, and the parameters they take; own fields have theirs."""
    name = column.name
    if column.field is not None or column.filtered_by("conversations"):
        return [], []
    if column.limits:
        clauses, limits = _within(query, column, chatbot)
        if query.values(column):
            clauses = [f"({' and '.join(clauses) or 'false'}) or {name} is null"]
        return clauses, limits
    compared, mark = (folded(name), folded("?")) if column.filtered_by("values") else (name, "?")
    lists = ((query.values(column), "in"), (query.unwanted(column), "not in"))
    given = [(values, comparison) for values, comparison in lists if values]
    clauses = [
        f"coalesce({compared}, '') {comparison} ({', '.join([mark] * len(values))})" for values, comparison in given
    ]
    return clauses, [value for values, _ in given for value in values]


def _within(query: TableQuery, column: Column, chatbot: Chatbot) -> tuple[list[str], list[Any]]:
    """Return the conditions of a column's bounds, both included; of days, those of the chatbot's zone."""
    low, high = query.bounds(column)
    limits = [(low, ">="), (high, "<=")]
    if column.filtered_by("days"):
        limits = [(low and start_of(low, chatbot), ">="), (high and end_of(high, chatbot), "<")]
    given = [(limit, comparison) for limit, comparison in limits if limit is not None]
    return [f"{column.name} {comparison} ?" for _, comparison in given], [limit for limit, _ in given]


def ordered(query: PageQuery) -> str:
    """Return SQL for the query's order: nulls last in both directions, ties by the unique id."""
    column = query.table.column(query.sort.removeprefix("-"))
    direction = "desc" if query.sort.startswith("-") else "asc"
    keys = [column.sql] if column.kind != "text" else [searchable(column.sql), column.sql]
    return ", ".join([*(f"{key} {direction} nulls last" for key in keys), query.table.id_column])


def selected(query: PageQuery) -> str:
    """Return SQL for the columns to deliver, in order."""
    return ", ".join(query.table.column(name).sql for name in query.chosen_columns())


def ordered_page(query: PageQuery, kept: Statement) -> Statement:
    """Return the statement for rows in order with the chosen columns, all or the part that is asked for."""
    sql = f"select {selected(query)} from ({kept.sql}) order by {ordered(query)}"
    if query.limit is None and not query.offset:
        return kept.around(sql)
    return kept.around(f"{sql} limit ? offset ?", after=[query.limit, query.offset])


def read_ordered_page(
    snapshot: Snapshot, query: Q, chatbot: Chatbot, days: Days, kept: Callable[[Q], Statement]
) -> Page:
    """Read one page of the rows that a query of some days keeps; how many there are is the same in any order."""
    columns, uncut = query.chosen_columns(), query.unordered()

    def rows() -> list[dict[str, Any]]:
        cut = query.model_copy(update={"limit": query.limit or PAGE_LIMIT})
        return [dict(zip(columns, row, strict=True)) for row in ordered_page(cut, kept(query)).read(snapshot)]

    def total() -> int:
        every = kept(uncut)
        ((count,),) = every.around(f"select count(*) from ({every.sql})").read(snapshot)
        return int(count)

    return Page(
        snapshot.answer(chatbot, ("rows", query.question(), days), rows),
        snapshot.answer(chatbot, ("total", uncut.question(), days), total),
    )


def result(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Statement:
    """Return the statement for the whole result in order with the chosen columns, or the part that is asked for."""
    return ordered_page(query, rows_of(query, chatbot, query.days(chatbot, now), snapshot))


def read_page(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Page:
    """Read one page of the result, with the total, which is the same for every order and page."""
    days = query.days(chatbot, now)

    def kept(asked: TableQuery) -> Statement:
        return rows_of(asked, chatbot, days, snapshot)

    return read_ordered_page(snapshot, query, chatbot, days, kept)


def read_activity(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot) -> Days:
    """Read the first and last day with any activity of a chatbot that counts; both None if there was none."""
    source = counted_days(query, chatbot)
    sql = f"select min(activity_date), max(activity_date) from {source} where chatbot_id = ?"
    asked = Statement(sql, [chatbot.chatbot_id])
    return snapshot.answer(chatbot, ("activity", source), lambda: Days(*asked.read(snapshot)[0]))


def closed(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Days:
    """Return the days asked for with open ends closed: at the first day of activity, and at today or a newer day of it.

    Asking for these days gives the same rows. Without any activity an open first day stays open.
    """
    days = query.days(chatbot, now)
    if days.first is not None and days.last is not None:
        return days
    activity = read_activity(snapshot, query, chatbot)
    last = days.last or max(filter(None, (today_of(chatbot, now), activity.last, days.first)))
    return Days(days.first or (activity.first and min(activity.first, last)), last)


def read_newest_activity(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot) -> datetime | None:
    """Read when anyone in the query's table was last active, in any range; None if nobody ever was."""
    sql = f"select max(last_activity_at) from {query.table.name}(?, null, null{counting(query, chatbot)})"
    return Statement(sql, [chatbot.chatbot_id]).read(snapshot)[0][0]


def read_excluded(snapshot: Snapshot, chatbot: Chatbot, days: Days) -> int:
    """Read how many conversations of a range `exclude.csv` leaves out, whatever search and filters keep."""
    if not chatbot.has_exclusions:
        return 0
    sql = """
        select count(distinct conversation_key)
        from excluded_conversation_days
        where chatbot_id = ? and activity_date between coalesce(?, date '0001-01-01') and coalesce(?, date '9999-12-31')
    """
    return Statement(sql, [chatbot.chatbot_id, *days]).read(snapshot)[0][0]
