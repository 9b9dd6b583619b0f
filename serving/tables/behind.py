"""The conversations behind a query's rows, each once: what totals and receipts are made of. Not how these are shown."""

from serving.snapshot import Chatbot
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import Statement, counted_days, counting, rows_of


def conversations_behind(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return the statement for the conversations that the rows count, with what was sent of each in the range.

    Its columns are those of the macro `conversations_in_range`.
    """
    return behind_rows(query, chatbot, days, rows_of(query, chatbot, days))


def behind_rows(query: TableQuery, chatbot: Chatbot, days: Days, kept: Statement) -> Statement:
    """Return the same for the rows of a statement."""
    entity = query.table.id_column
    counted = query.counted_organizations()
    arguments = (", organization_ids := ?" if counted else "") + counting(query, chatbot)
    sql = f"""
        select * from conversations_in_range(?, ?, ?{arguments})
        where conversation_key in (
            select conversation_key from {counted_days(query, chatbot)}
            where chatbot_id = ? and {shown_id(query.table, chatbot)} in (select {entity} from ({kept.sql}))
        )
    """
    asked = [chatbot.chatbot_id, *days, *([counted] if counted else [])]
    return Statement(sql, [*asked, chatbot.chatbot_id, *kept.parameters])
