"""Reads how new one chatbot's data is; the snapshot's own time is that of the newest chatbot."""

from datetime import UTC, datetime

from serving.snapshot import Chatbot, Snapshot
from serving.tables.statement import Statement


def read_newest_message(snapshot: Snapshot, chatbot: Chatbot) -> datetime | None:
    """Read when the chatbot's newest message that counts was sent, in UTC; None if there is none."""
    sql = "select max(last_message_at) from fct_conversation_days where chatbot_id = ?"
    newest = Statement(sql, [chatbot.chatbot_id]).read(snapshot)[0][0]
    return newest and newest.replace(tzinfo=UTC)
