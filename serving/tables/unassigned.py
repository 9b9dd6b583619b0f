"""Counts the conversations of a range that are in no row of a table: they name no organization, or no user."""

from serving.snapshot import Chatbot, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.statement import Statement, counting

OWNERS = {"organizations": "organization_key", "users": "user_key"}


def read_unassigned(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> int:
    """Read how many conversations of a range belong to no row of the table, whatever search and filters keep."""
    owner = OWNERS[query.table.name]
    sql = f"select count(*) from conversations_in_range(?, ?, ?{counting(query, chatbot)}) where {owner} is null"
    return Statement(sql, [chatbot.chatbot_id, *days]).read(snapshot)[0][0]
