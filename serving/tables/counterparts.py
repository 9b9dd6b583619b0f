"""The other side of an entity's conversations: an organization's users, a user's organizations, each with its share.

Counted from the lines of the receipt, so that what a link opens adds up to the figure that it stands at.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import TABLES, Table
from serving.tables.conversations import ConversationsQuery, lines

OTHER = {"organizations": "users", "users": "organizations"}
READ = """
    select
        {other}_id,
        any_value({other}_name),
        count(*) as conversations,
        cast(sum(sentiment) as double) / nullif(count(sentiment), 0) as sentiment,
        max(last_message_at) as last_activity_at,
        count(*) over () as total
    from ({lines})
    where {other}_id is not null
    group by {other}_id
    order by conversations desc, last_activity_at desc, {other}_id
    limit ?
"""


@dataclass(frozen=True)
class Counterpart:
    """A user of an organization or an organization of a user, with the figures of the conversations they share."""

    entity_id: str
    name: str
    conversations: int
    sentiment: float | None
    last_activity_at: datetime


@dataclass(frozen=True)
class Counterparts:
    """Those with the most conversations first, cut at a number, and how many there are in all."""

    table: Table
    first: list[Counterpart]
    total: int


def read_counterparts(
    snapshot: Snapshot, query: ConversationsQuery, chatbot: Chatbot, now: datetime, most: int
) -> Counterparts:
    """Read who is on the other side of the conversations of a receipt."""
    other = TABLES[OTHER[query.of]]
    behind = lines(query, chatbot, query.rows.days(chatbot, now), snapshot)
    sql = READ.format(other=other.singular, lines=behind.sql)
    rows: list[tuple[Any, ...]] = behind.around(sql, after=[most]).read(snapshot)
    return Counterparts(other, [Counterpart(*row[:-1]) for row in rows], rows[0][-1] if rows else 0)
