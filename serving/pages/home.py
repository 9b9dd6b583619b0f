"""The list of chatbots that a reader may see, each with the time of its newest data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.pages import links
from serving.pages.navigation import Link
from serving.pages.notices import Freshness, freshness_of
from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import TABLES
from serving.tables.freshness import read_newest_message


@dataclass(frozen=True)
class Card:
    """A chatbot, with the ways to its pages."""

    name: str
    chatbot_id: str
    time_zone: str
    freshness: Freshness
    pages: list[Link]


def cards(snapshot: Snapshot, visible: Sequence[Chatbot], now: datetime) -> list[Card]:
    """Return a card for each chatbot, in their order."""
    return [
        Card(
            chatbot.name,
            chatbot.chatbot_id,
            chatbot.time_zone,
            freshness_of(snapshot, chatbot, now, _newest(snapshot, chatbot)),
            [Link(name.capitalize(), links.page_path(chatbot.chatbot_id, name)) for name in (*TABLES, links.OVERVIEW)],
        )
        for chatbot in visible
    ]


def _newest(snapshot: Snapshot, chatbot: Chatbot) -> datetime | None:
    return snapshot.answer(chatbot, "newest message", lambda: read_newest_message(snapshot, chatbot))
