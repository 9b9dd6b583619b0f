"""The figures of every conversation of a range, kept: what totals and the order of the newest are found from."""

from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.statement import Statement, counting

# A tenth of what is known of a conversation.
FIGURES = "user_key, organization_key, messages, sentiment, last_activity_at"


def kept_figures(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return SQL for the figures of every conversation of a range as what stands behind `from`."""
    call = in_range(query, chatbot, days)
    kept = snapshot.kept.rows(f"(select {FIGURES} from {call.sql})", call.parameters)
    return Statement(kept.name, [], (kept,))


def in_range(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return SQL for every conversation of a range as what stands behind `from`."""
    parameters: list[Any] = [chatbot.chatbot_id, *days]
    arguments = "?, ?, ?"
    if organizations := query.counted_organizations():
        arguments += ", organization_ids := ?"
        parameters.append(organizations)
    return Statement(f"conversations_in_range({arguments}{counting(query, chatbot)})", parameters)
