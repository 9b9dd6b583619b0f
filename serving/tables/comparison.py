"""A row beside the period before: the SQL of its changes, of its status, and of the rows that a range left behind.

Which days the period before has is the business of `query` and `periods`; the columns are declared in `columns`.
"""

from typing import Any

from serving.snapshot import Chatbot
from serving.tables.columns import DORMANT, Table
from serving.tables.query import TableQuery
from serving.tables.ranges import Days, start_of
from serving.tables.statement import Statement

# Beside each row: its figures of the period before, when the range begins, and whether there is a period before.
BESIDE = """
    left join (
        select {entity} as entity_before, conversations as conversations_before, sentiment as sentiment_before
        from {before}
    ) on entity_before = {entity}
    cross join (select cast(? as timestamp) as range_began_at, cast(? as boolean) as has_before)
"""
# The rows of a range, and those that were active before it alone: as the range's end knows them, with nothing in it.
WITH_DORMANT = """
    (
        with active as {materialized} (select * from {active})
        from active
        union all by name
        from {dormant} where {entity} not in (select {entity} from active)
    )
"""
DORMANT_ROWS = "(select {shown}, {nothing} from {known})"
# What a row without activity has of each kind of figure.
NOTHING: dict[str, str] = {
    "count": "cast(0 as bigint)",
    "sentiment": "cast(null as double)",
    "share": "cast(null as double)",
    "instant": "cast(null as timestamp)",
}


def lists_dormant(query: TableQuery) -> bool:
    """Return whether a query asks for rows without activity in the range, which no table lists unasked."""
    return any(column.chooses_dormant and DORMANT in query.values(column) for column in query.table.columns)


def lists_nothing_else(query: TableQuery) -> bool:
    """Return whether a query asks for rows without activity in the range alone."""
    return any(column.chooses_dormant and set(query.values(column)) == {DORMANT} for column in query.table.columns)


def with_dormant(active: Statement, known: Statement, table: Table) -> Statement:
    """Return SQL for the active rows and the dormant ones: those known by the range's end that have no active row.

    All are what stands behind `from`, the second given of the days of `known_until`. Rows that are kept are read where
    they stand; others are made once.
    """
    asleep = dormant(known, table)
    sql = WITH_DORMANT.format(
        active=active.sql,
        materialized="not materialized" if active.holds else "materialized",
        dormant=asleep.sql,
        entity=table.id_column,
    )
    return Statement(sql, [*active.parameters, *asleep.parameters], (*active.holds, *asleep.holds))


def dormant(known: Statement, table: Table) -> Statement:
    """Return SQL for known rows with nothing in the range, as what stands behind `from`, as they do."""
    own = [column for column in table.columns if column.name in table.own_columns and column.kind != "trend"]
    figures = [column for column in own if column.kind in NOTHING and column.name != "first_seen_at"]
    sql = DORMANT_ROWS.format(
        known=known.sql,
        shown=", ".join(column.name for column in own if column not in figures),
        nothing=", ".join(f"{NOTHING[column.kind]} as {column.name}" for column in figures),
    )
    return known.around(sql)


def needs_figures_before(query: TableQuery) -> bool:
    """Return whether a query needs more of the period before than who was active in it."""
    return any(column.is_compared and column.kind != "text" for column in query.derived_columns())


def known_until(days: Days) -> Days:
    """Return the days up to a range's end."""
    return Days(None, days.last)


def beside_before(before: str, query: TableQuery) -> str:
    """Return SQL that joins the figures of the period before; it takes their parameters, then the following."""
    return BESIDE.format(before=before, entity=query.table.id_column)


def before_parameters(chatbot: Chatbot, days: Days, before: Days | None) -> list[Any]:
    """Return when a range begins, None for an open one, and whether there is a period before."""
    return [start_of(days.first, chatbot) if days.first else None, before is not None]
