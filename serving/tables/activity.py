"""Reads when a chatbot was active, what ends that makes for a range, and how much of a range is left out."""

from datetime import datetime

from serving.snapshot import Chatbot, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import Days, today_of
from serving.tables.statement import IN_RANGE, Statement, counted_days


def read_activity(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot) -> Days:
    """Read the first and last day with any activity of a chatbot that counts; both None if there was none."""
    source = counted_days(query, chatbot)
    sql = f"select min(activity_date), max(activity_date) from {source} where chatbot_id = ?"
    asked = Statement(sql, [chatbot.chatbot_id])
    return snapshot.answer(chatbot, ("activity", source), lambda: Days(*asked.read(snapshot)[0]))


def closed(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Days:
    """Return the days asked for with open ends closed: at the first day of activity, and at today or a newer day of it.

    Asking for these days gives the same rows. Without any activity an open first day stays open.
    """
    days = query.days(chatbot, now)
    if days.first is not None and days.last is not None:
        return days
    activity = read_activity(snapshot, query, chatbot)
    last = days.last or max(filter(None, (today_of(chatbot, now), activity.last, days.first)))
    return Days(days.first or (activity.first and min(activity.first, last)), last)


def read_newest_activity(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot) -> datetime | None:
    """Read when anyone in the query's table was last active, in any range; None if nobody ever was."""
    source, key = counted_days(query, chatbot), f"{query.table.singular}_key"
    sql = f"select max(last_message_at) from {source} where chatbot_id = ? and {key} is not null"
    return Statement(sql, [chatbot.chatbot_id]).read(snapshot)[0][0]


def read_excluded(snapshot: Snapshot, chatbot: Chatbot, days: Days) -> int:
    """Read how many conversations of a range `exclude.csv` leaves out, whatever search and filters keep."""
    if not chatbot.has_exclusions:
        return 0
    sql = f"""
        select count(distinct conversation_key)
        from excluded_conversation_days
        where chatbot_id = ? and {IN_RANGE}
    """
    return Statement(sql, [chatbot.chatbot_id, *days]).read(snapshot)[0][0]
