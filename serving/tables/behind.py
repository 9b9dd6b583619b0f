"""The conversations behind a query's rows, each once: what totals and receipts are made of. Not how these are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import USERS
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.statement import IN_RANGE, Statement, counted, counted_days, counting

# What totals are made of: a tenth of what is known of a conversation.
FIGURES = "user_key, organization_key, messages, sentiment, last_activity_at"
# So few conversations are named to the engine, which then groups no others; more are grouped with all of the range.
FEW = 2_000
KEYS = ("conversation_key", "user_key", "organization_key")


@dataclass(frozen=True)
class OfChosen:
    """SQL for conditions that the conversations of chosen rows meet, and the versions of who took part.

    The engine groups and joins nothing else then. Where no row is chosen, or where these have many, all do.
    """

    conversations: str = "true"
    users: str = "true"
    organizations: str = "true"


def conversations_behind(
    query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot, chosen: OfChosen
) -> Statement:
    """Return the statement for the conversations that the rows count, with what was sent of each in the range.

    Its columns are those of the macro `conversations_in_range`.
    """
    rows = rows_of(query, chatbot, days, snapshot)
    called = _in_range(query, chatbot, days)
    return _behind(called.around(f"(from {called.sql} where {chosen.conversations})"), rows, query, chatbot, chosen)


def of_chosen(
    query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot, user_ids: Sequence[str] = ()
) -> OfChosen:
    """Return what is known of the conversations of a range whose rows, or whose users, are chosen by id.

    A conversation has one owner, so any of its days tells whose it is. An empty id stands for none.
    """
    table = query.table
    rows = [value for column in table.columns if column.filtered_by("ids") for value in query.values(column)]
    given = ((shown_id(table, chatbot), rows), (shown_id(USERS, chatbot), user_ids))
    chosen = [(shown, ids) for shown, ids in given if ids]
    if not chosen:
        return OfChosen()
    theirs = " and ".join(f"coalesce({shown}, '') in ({', '.join('?' * len(ids))})" for shown, ids in chosen)
    sql = f"""
        select distinct conversation_key, user_key, organization_key from {counted_days(query, chatbot)}
        where chatbot_id = ? and {IN_RANGE} and {theirs} limit {FEW + 1}
    """
    asked = [chatbot.chatbot_id, *days, *(one for _, ids in chosen for one in ids)]
    found = Statement(sql, asked).read(snapshot)
    if len(found) > FEW:
        return OfChosen()
    columns = zip(*found, strict=True) if found else [(), (), ()]
    return OfChosen(*(_one_of(name, keys) for name, keys in zip(KEYS, columns, strict=True)))


def _one_of(name: str, keys: Iterable[int | None]) -> str:
    """Return SQL for the condition that a key is one of some."""
    known = sorted({key for key in keys if key is not None})
    return f"{name} in ({', '.join(map(str, known))})" if known else "false"


def figures_behind(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot, rows: Statement) -> Statement:
    """Return the statement for the `FIGURES` of the conversations that rows count; those of the range are kept.

    The rows are those that the query keeps.
    """
    return _behind(kept_figures(query, chatbot, days, snapshot), rows, query, chatbot, OfChosen())


def kept_figures(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return SQL for the figures of every conversation of a range as what stands behind `from`."""
    call = _in_range(query, chatbot, days)
    kept = snapshot.kept.rows(f"(select {FIGURES} from {call.sql})", call.parameters)
    return Statement(kept.name, [], (kept,))


def _in_range(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return SQL for every conversation of a range as what stands behind `from`."""
    parameters: list[Any] = [chatbot.chatbot_id, *days]
    arguments = "?, ?, ?"
    if organizations := query.counted_organizations():
        arguments += ", organization_ids := ?"
        parameters.append(organizations)
    return Statement(f"conversations_in_range({arguments}{counting(query, chatbot)})", parameters)


def _behind(
    conversations: Statement, rows: Statement, query: TableQuery, chatbot: Chatbot, chosen: OfChosen
) -> Statement:
    """Return the statement for the conversations of the rows; where the query keeps every row, of whoever has any."""
    table = query.table
    key = f"{table.singular}_key"
    sql, holds = f"select * from {conversations.sql} where {key}", (*conversations.holds, *rows.holds)
    if query.keeps_every_row():
        return Statement(f"{sql} is not null", conversations.parameters, holds)
    entities = counted(f"dim_{table.name}", f"excluded_{table.name}", query, chatbot)
    ids = f"select {table.id_column} from ({rows.sql})"
    theirs = f"chatbot_id = ? and {getattr(chosen, table.name)} and {shown_id(table, chatbot)} in ({ids})"
    sql = f"{sql} in (select {key} from {entities} where {theirs})"
    return Statement(sql, [*conversations.parameters, chatbot.chatbot_id, *rows.parameters], holds)
