"""Counts the conversations of a range that are in no row of a table: they name no organization, or no user."""

from serving.snapshot import Chatbot, Snapshot
from serving.tables.figures import kept_figures
from serving.tables.query import TableQuery
from serving.tables.ranges import Days

OWNERS = {"organizations": "organization_key", "users": "user_key"}


def read_unassigned(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> int:
    """Read how many conversations of a range belong to no row of the table, whatever search and filters keep."""
    owner = OWNERS[query.table.name]
    for column in query.table.columns:
        query = query.without(column) if column.filtered_by("conversations") else query
    kept = kept_figures(query, chatbot, days, snapshot)
    ((count,),) = kept.around(f"select count(*) from {kept.sql} where {owner} is null").read(snapshot)
    return int(count)
