"""The conversations behind a query's rows, each once: what totals and receipts are made of. Not how these are shown."""

from serving.snapshot import Chatbot, Snapshot
from serving.tables.figures import in_range, kept_figures
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.statement import Statement, counted


def conversations_behind(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return the statement for the conversations that the rows count, with what was sent of each in the range.

    Its columns are those of the macro `conversations_in_range`.
    """
    rows = Statement("", []) if query.keeps_every_row() else rows_of(query, chatbot, days, snapshot)
    return _behind(in_range(query, chatbot, days), rows, query, chatbot)


def figures_behind(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot, rows: Statement) -> Statement:
    """Return the statement for the `FIGURES` of the conversations that rows count; those of the range are kept.

    The rows are those that the query keeps.
    """
    return _behind(kept_figures(query, chatbot, days, snapshot), rows, query, chatbot)


def _behind(conversations: Statement, rows: Statement, query: TableQuery, chatbot: Chatbot) -> Statement:
    """Return the statement for the conversations of the rows; where the query keeps every row, of whoever has any."""
    table = query.table
    key = f"{table.singular}_key"
    sql, holds = f"select * from {conversations.sql} where {key}", (*conversations.holds, *rows.holds)
    if query.keeps_every_row():
        return Statement(f"{sql} is not null", conversations.parameters, holds)
    entities = counted(f"dim_{table.name}", f"excluded_{table.name}", query, chatbot)
    ids = f"select {table.id_column} from ({rows.sql})"
    theirs = f"chatbot_id = ? and {shown_id(table, chatbot)} in ({ids})"
    sql = f"{sql} in (select {key} from {entities} where {theirs})"
    return Statement(sql, [*conversations.parameters, chatbot.chatbot_id, *rows.parameters], holds)
