"""The conversations behind a query's rows, each once: what totals and receipts are made of. Not how these are shown."""

from serving.snapshot import Chatbot, Snapshot
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.statement import Statement, counted, counting


def conversations_behind(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return the statement for the conversations that the rows count, with what was sent of each in the range.

    Its columns are those of the macro `conversations_in_range`.
    """
    return behind_rows(query, chatbot, days, rows_of(query, chatbot, days, snapshot))


def behind_rows(query: TableQuery, chatbot: Chatbot, days: Days, kept: Statement) -> Statement:
    """Return the same for the rows of a statement, which are those that the query keeps.

    Where it keeps every row, these are the conversations that belong to anyone.
    """
    table = query.table
    key = f"{table.singular}_key"
    organizations = query.counted_organizations()
    arguments = (", organization_ids := ?" if organizations else "") + counting(query, chatbot)
    sql = f"select * from conversations_in_range(?, ?, ?{arguments}) where {key}"
    asked = [chatbot.chatbot_id, *days, *([organizations] if organizations else [])]
    if query.keeps_every_row():
        return Statement(f"{sql} is not null", asked, kept.holds)
    entities = counted(f"dim_{table.name}", f"excluded_{table.name}", query, chatbot)
    ids = f"select {table.id_column} from ({kept.sql})"
    sql = f"{sql} in (select {key} from {entities} where chatbot_id = ? and {shown_id(table, chatbot)} in ({ids}))"
    return kept.around(sql, before=[*asked, chatbot.chatbot_id])
