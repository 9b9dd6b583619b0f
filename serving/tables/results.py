"""Reads a query's answer from a snapshot: its rows, in order.

One parameterised statement over the rows of the snapshot's table macro serves page, API and exports; what a row means
is the macro's business, and what may be asked is `query`'s.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables import comparison, custom, known
from serving.tables.columns import Column
from serving.tables.keys import chosen_ids, has_id, of_these_alone
from serving.tables.masking import without_addresses
from serving.tables.newest import count_all, has_newest
from serving.tables.page_query import PAGE_LIMIT, PageQuery
from serving.tables.query import TableQuery
from serving.tables.ranges import Days, end_of, start_of
from serving.tables.statement import Statement, counting, folded, searchable


@dataclass(frozen=True)
class Page:
    """Some rows of a result, in order, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


def rows_of(
    query: TableQuery,
    chatbot: Chatbot,
    days: Days,
    snapshot: Snapshot | None = None,
    alone: Statement | None = None,
) -> Statement:
    """Return the statement for every row that the query keeps, with all columns, in no order.

    With a snapshot it reads the rows that are kept of it, in place of calling the table's macro; where rows are chosen
    by id, it makes these alone, and so it does with those whose conversations alone meet a condition.
    """
    source = _source(query, chatbot, days, snapshot, alone)
    joins, beside, holds = "", [], list(source.holds)
    for column in query.custom_columns():
        joins += custom.join(column, query.table, counting(query, chatbot))
        beside += [chatbot.chatbot_id, days.last, query.attributes, column.field]
    if any(column.is_compared for column in query.derived_columns()):
        before = query.days_before(chatbot, days)
        if before and known.is_plain(query, chatbot) and not comparison.needs_figures_before(query):
            other = known.active(query, chatbot, before)
        else:
            other = _called(query, chatbot if before else None, before or Days(None, None), snapshot, alone)
        holds += other.holds
        joins += comparison.beside_before(other.sql, query)
        beside += [*other.parameters, *comparison.before_parameters(chatbot, days, before)]
    clauses, parameters = conditions(query, chatbot)
    where = " and ".join(f"({clause})" for clause in clauses) or "true"
    seen = without_addresses(f"{source.sql} {joins}", query.table, chatbot)
    if derived := query.derived_columns():
        seen = f"(select *, {', '.join(f'{column.derived} as {column.sql}' for column in derived)} from {seen})"
    return Statement(f"select * from {seen} where {where}", [*source.parameters, *beside, *parameters], tuple(holds))


def _source(
    query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot | None, alone: Statement | None
) -> Statement:
    """Return SQL for the rows of a range as what stands behind `from`, with the dormant ones if they are asked for."""
    if not comparison.lists_dormant(query):
        return _called(query, chatbot, days, snapshot, alone)
    if not known.is_plain(query, chatbot):
        others = _called(query, chatbot, comparison.known_until(days), snapshot)
    else:
        others = known.left_behind(query, chatbot, days)
        if comparison.lists_nothing_else(query):
            return comparison.dormant(others, query.table)
    return comparison.with_dormant(_called(query, chatbot, days, snapshot), others, query.table)


def _called(
    query: TableQuery,
    chatbot: Chatbot | None,
    days: Days,
    snapshot: Snapshot | None,
    alone: Statement | None = None,
) -> Statement:
    """Return SQL for the rows of the table's macro as what stands behind `from`; of no chatbot there are none."""
    call = _call(query, chatbot, days)
    chosen = [alone] if alone else []
    if chatbot and (ids := chosen_ids(query)):
        chosen.append(has_id(query.table, ids, query, chatbot))
    if chosen and chatbot:
        # A row is made of its own conversations, so it is the same.
        these = of_these_alone(call.around(f"from {call.sql}"), chosen, query, chatbot)
        return these.around(f"({these.sql})")
    if snapshot is None:
        return call
    rows = snapshot.kept.rows(call.sql, call.parameters, is_large=True)
    return Statement(rows.name, [], (rows,))


def _call(query: TableQuery, chatbot: Chatbot | None, days: Days) -> Statement:
    """Return the call of the table's macro."""
    parameters: list[Any] = [chatbot and chatbot.chatbot_id, *days, query.attributes]
    arguments = "?, ?, ?, attributes := ?"
    if organizations := query.counted_organizations():
        arguments += ", organization_ids := ?"
        parameters.append(organizations)
    return Statement(f"{query.table.name}({arguments}{counting(query, chatbot) if chatbot else ''})", parameters)


def is_kept(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> bool:
    """Return whether all rows of a range are kept, so that the macro need not be called for them."""
    call = _call(query, chatbot, days)
    return snapshot.kept.has(call.sql, call.parameters)


def conditions(query: TableQuery, chatbot: Chatbot) -> tuple[list[str], list[Any]]:
    """Return the conditions of search and filters on rows, and the parameters they take."""
    clauses: list[str] = []
    parameters: list[Any] = []
    if text := query.search.strip():
        clauses.append(" or ".join(f"contains({searchable(name)}, {searchable('?')})" for name in query.table.searched))
        parameters += [text] * len(query.table.searched)
    given = [_condition(query, column, chatbot) for column in query.table.columns]
    given += [custom.condition(wanted, folded) for wanted in query.custom]
    for some, values in given:
        clauses += some
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


def read_ordered_page(snapshot: Snapshot, query: PageQuery, kept: Statement) -> Page:
    """Read one page of rows, with their number in all."""
    columns = query.chosen_columns()
    sql = f"select {selected(query)}, count(*) over () from ({kept.sql}) order by {ordered(query)} limit ? offset ?"
    rows = kept.around(sql, after=[query.limit or PAGE_LIMIT, query.offset]).read(snapshot)
    total = rows[0][-1] if rows else count_rows(snapshot, kept) if query.offset else 0
    return Page([dict(zip(columns, row, strict=False)) for row in rows], total)


def count_rows(snapshot: Snapshot, kept: Statement) -> int:
    """Read how many rows a statement has."""
    ((count,),) = kept.around(f"select count(*) from ({kept.sql})").read(snapshot)
    return int(count)


def result(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Statement:
    """Return the statement for the whole result in order with the chosen columns, or the part that is asked for."""
    return ordered_page(query, rows_of(query, chatbot, query.days(chatbot, now), snapshot))


def read_page(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Page:
    """Read one page of the result, with the total."""
    days = query.days(chatbot, now)
    read = _read_first_rows if query.keeps_every_row() else _read_chosen_rows
    return snapshot.answer(chatbot, ("page", query.question(), days), lambda: read(snapshot, query, chatbot, days))


def _read_chosen_rows(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> Page:
    return read_ordered_page(snapshot, query, rows_of(query, chatbot, days, snapshot))


def _read_first_rows(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> Page:
    """Read a page of all rows. Their number, which does not depend on the page, is read apart: the engine knows it, and
    finds the first rows of an order without putting the others in order.

    The first rows of a large range are made alone where the others are not kept; these are made behind the answer.
    """
    columns, uncut = query.chosen_columns(), query.unordered()
    cut = query.model_copy(update={"limit": query.limit or PAGE_LIMIT})
    alone = None if _is_all_kept(query, chatbot, days, snapshot) else has_newest(cut, chatbot, days, snapshot)
    rows = ordered_page(cut, rows_of(query, chatbot, days, snapshot, alone)).read(snapshot)
    if alone:
        call = _call(query, chatbot, days)
        snapshot.kept.make_later(call.sql, call.parameters)
    total = snapshot.answer(
        chatbot,
        ("total", uncut.question(), days),
        lambda: (
            count_all(uncut, chatbot, days, snapshot)
            if alone
            else count_rows(snapshot, rows_of(uncut, chatbot, days, snapshot))
        ),
    )
    return Page([dict(zip(columns, row, strict=True)) for row in rows], total)


def _is_all_kept(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> bool:
    """Return whether everything that a query reads of its range, and of the period before, is kept."""
    before = query.days_before(chatbot, days) if comparison.needs_figures_before(query) else None
    return all(is_kept(query, chatbot, one, snapshot) for one in (days, before) if one)
