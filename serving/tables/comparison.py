"""A row beside the period before: the SQL of its changes, of its status, and of the rows that a range left behind.

Which days the period before has is the business of `query` and `periods`; the columns are declared in `columns`.
"""

from typing import Any

from serving.snapshot import Chatbot
from serving.tables.columns import DORMANT, Table
from serving.tables.query import TableQuery
from serving.tables.ranges import Days, start_of

# Beside each row: its figures of the period before, when the range begins, and whether there is a period before.
BESIDE = """
    left join (
        select {entity} as entity_before, conversations as conversations_before, sentiment as sentiment_before
        from {macro}
    ) on entity_before = {entity}
    cross join (select cast(? as timestamp) as range_began_at, cast(? as boolean) as has_before)
"""
# The rows of a range, and those that were active before it alone: as the range's end knows them, with nothing in it.
WITH_DORMANT = """
    (
        with active as materialized (select * from {macro})
        from active
        union all by name
        select * replace ({nothing}) from {macro} where {entity} not in (select {entity} from active)
    )
"""
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


def with_dormant(macro: str, table: Table) -> str:
    """Return SQL for the rows of a macro's call and the dormant ones; it takes the call's parameters twice.

    The second time the days are those of `known_until`: who is known by then and has no row in the range is dormant.
    """
    figures = [column for column in table.columns if column.name in table.own_columns and column.kind in NOTHING]
    nothing = ", ".join(
        f"{NOTHING[column.kind]} as {column.name}" for column in figures if column.name != "first_seen_at"
    )
    return WITH_DORMANT.format(macro=macro, entity=table.id_column, nothing=nothing)


def known_until(days: Days) -> Days:
    """Return the days up to a range's end."""
    return Days(None, days.last)


def beside_before(macro: str, query: TableQuery) -> str:
    """Return SQL that joins the figures of the period before; it takes what `before_parameters` gives."""
    return BESIDE.format(macro=macro, entity=query.table.id_column)


def before_parameters(query: TableQuery, chatbot: Chatbot, days: Days, call: list[Any]) -> list[Any]:
    """Return the parameters of `beside_before`; `call` are those that follow the days in the macro's call.

    Nobody has figures where there is no period before.
    """
    before = query.days_before(chatbot, days)
    asked = [chatbot.chatbot_id if before else None, *(before or Days(None, None)), *call]
    began_at = start_of(days.first, chatbot) if days.first else None
    return [*asked, began_at, before is not None]
