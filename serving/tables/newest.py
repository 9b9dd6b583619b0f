"""Finds who was active last in a large range, without the rows of all the others: what most readers look at first.

How their rows are made is the business of `results`.
"""

from serving.kept import MANY_ROWS
from serving.snapshot import Chatbot, Snapshot
from serving.tables.figures import kept_figures
from serving.tables.keys import key_of
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.statement import Statement

# All who were active as late as the last one of a page: their order among each other is that of their rows.
NEWEST = """
    with lives as (
        select {key}, max(last_activity_at) as last_activity_at from {figures} where {key} is not null group by {key}
    )
    select {key} from lives
    where last_activity_at >= coalesce(
        (select last_activity_at from lives order by last_activity_at desc limit 1 offset ?), timestamp '0001-01-01'
    )
"""
MOST = 1_000


def has_newest(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement | None:
    """Return SQL for the condition that a conversation is of somebody whose row is on a page of all rows, or before it.

    None where the order is another one, or where the rows of all are made as quickly.
    """
    wanted = query.offset + (query.limit or MOST)
    if query.sort != "-last_activity_at" or wanted > MOST:
        return None
    figures, key = kept_figures(query, chatbot, days, snapshot), key_of(query.table)
    if sum(one.rows for one in figures.holds) < MANY_ROWS:
        return None
    found = figures.around(NEWEST.format(key=key, figures=figures.sql), after=[wanted - 1]).read(snapshot)
    return Statement(f"{key} in (select unnest(?))", [[row[0] for row in found]])


def count_all(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> int:
    """Return how many rows a range has: one for each entity with a conversation in it."""
    figures = kept_figures(query, chatbot, days, snapshot)
    sql = f"select count(distinct {key_of(query.table)}) from {figures.sql}"
    return int(figures.around(sql).read(snapshot)[0][0])
