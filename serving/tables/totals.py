"""Totals of a query's whole result, and how they changed since the period before.

They are computed from the conversations behind the rows, never from the rows: a user of two organizations, and a
conversation over several days, counts once. MRR is that of the rows, each once.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.activity import read_excluded
from serving.tables.behind import figures_behind
from serving.tables.masking import without_addresses
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import conditions, is_kept, rows_of
from serving.tables.statement import IN_RANGE, Statement, counted, counted_days
from serving.tables.versions import SHOWN, shown_at

TOTALS = {
    "conversations": "count(*)",
    "users": "count(distinct user_key)",
    "organizations": "count(distinct organization_key)",
    "messages": "cast(coalesce(sum(messages), 0) as bigint)",
    "scored_conversations": "count(sentiment)",
    # Decimals until the one division, as everywhere.
    "sentiment": "cast(sum(sentiment) as double) / nullif(count(sentiment), 0)",
    "last_activity_at": "max(last_activity_at)",
    # An attribute of the rows: each of them once, whatever their conversations.
    "mrr": "(select sum(mrr) from kept)",
}
# Attributes of a row as the table macros show them, by the names that rows have them under.
ATTRIBUTES = {
    "organizations": {
        "organization_id": "organization_id",
        "organization_name": "coalesce(organization_name, organization_id)",
        "plan": "plan",
        "industry": "industry",
        "mrr": "mrr",
    },
    "users": {
        "user_id": "user_id",
        "user_name": "coalesce(user_name, email, user_id)",
        "email": "email",
        "plan": "plan",
        "industry": "industry",
        "mrr": "mrr",
    },
}
COUNTS = ("conversations", "users", "organizations", "messages", "scored_conversations")


@dataclass(frozen=True)
class Totals:
    """Totals by name for the range and the period before, and the change between the two.

    `mrr` is in whole currency, None where no row has one. Without a period before, `previous` and `change` are None.
    The change of a count and of the MRR is relative, and None where there
    was nothing before; that of the sentiment is the difference. `left_out` conversations of the range are in none.
    """

    totals: dict[str, Any]
    previous_days: Days | None
    previous: dict[str, Any] | None
    change: dict[str, float | None] | None
    left_out: int = 0


def read_totals(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Totals:
    """Read the totals of everything that the query keeps, and of what it keeps in as much of the period before.

    The snapshot covers the days up to the one, in the chatbot's zone, that its data runs through.
    """
    asked, days = query.unordered(), query.days(chatbot, now)
    return snapshot.answer(
        chatbot, ("totals", asked.question(), days), lambda: _read_totals(snapshot, asked, chatbot, days)
    )


def _read_totals(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> Totals:
    # All rows need not be made for the MRR alone.
    is_made = is_kept(query, chatbot, days, snapshot) or not query.keeps_every_row() or query.counted_organizations()
    rows = rows_of(query, chatbot, days, snapshot) if is_made else paying_rows(query, chatbot, days)
    totals = _totals(snapshot, query, chatbot, days, rows)
    left_out = 0 if query.counts_excluded(chatbot) else read_excluded(snapshot, chatbot, days)
    before = query.days_before(chatbot, days)
    if before is None:
        return Totals(totals, None, None, None, left_out)
    previous = _totals(snapshot, query, chatbot, before, paying_rows(query, chatbot, before))
    change = {name: _relative(totals[name], previous[name]) for name in (*COUNTS, "mrr")}
    change["sentiment"] = _difference(totals["sentiment"], previous["sentiment"])
    return Totals(totals, before, previous, change, left_out)


def paying_rows(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return the statement for the ids and the MRR of the rows of a period, none of which are kept.

    Where the query chooses by attributes alone these rows need no figures, most of what they cost: they are the
    versions of those days of whoever was active in them.
    """
    table, clock = query.table, shown_at(days, query.attributes)
    chosen_by = (column for column in table.columns if query.filters(column))
    if query.counted_organizations() or any(column.name not in ATTRIBUTES[table.name] for column in chosen_by):
        return rows_of(query, chatbot, days)
    key, shown = f"{table.singular}_key", [f"{sql} as {name}" for name, sql in ATTRIBUTES[table.name].items()]
    versions = f"""(
        select {", ".join(shown)}
        from {counted(f"dim_{table.name}", f"excluded_{table.name}", query, chatbot)}
        where chatbot_id = ? and {SHOWN} and {key} in (
            select {key} from {counted_days(query, chatbot)} where chatbot_id = ? and {IN_RANGE}
        )
    )"""
    clauses, parameters = conditions(query, chatbot)
    where = " and ".join(f"({clause})" for clause in clauses) or "true"
    sql = f"select {table.id_column}, mrr from {without_addresses(versions, table, chatbot)} where {where}"
    return Statement(sql, [chatbot.chatbot_id, clock, clock, chatbot.chatbot_id, *days, *parameters])


def _totals(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days, rows: Statement) -> dict[str, Any]:
    behind = figures_behind(query, chatbot, days, snapshot, Statement("from kept", []))
    chooses = "" if query.keeps_every_row() else f"{query.table.id_column}, "
    sql = f"""
        with kept as materialized (select {chooses}mrr from ({rows.sql}))
        select {", ".join(TOTALS.values())} from ({behind.sql})
    """
    (row,) = Statement(sql, [*rows.parameters, *behind.parameters], (*rows.holds, *behind.holds)).read(snapshot)
    return dict(zip(TOTALS, row, strict=True))


def _relative(now: int | Decimal | None, before: int | Decimal | None) -> float | None:
    return float(now - before) / float(before) if now is not None and before else None


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
