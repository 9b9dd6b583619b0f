"""What stands around every page of a chatbot: its address and words, the header's navigation, and the range."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.pages.asked import Asked
from serving.pages.navigation import Link, chatbots, tabs
from serving.pages.notices import Freshness, freshness
from serving.pages.period import Period, period
from serving.pages.quality import Quality, quality
from serving.snapshot import Chatbot


@dataclass(frozen=True)
class Frame:
    """The frame of a page. `summary` is its state in words."""

    title: str
    heading: str
    path: str
    summary: str
    snapshot_id: str
    chatbot: Chatbot
    chatbots: list[Link]
    tabs: list[Link]
    freshness: Freshness
    quality: Quality | None
    period: Period


def frame(asked: Asked, visible: Sequence[Chatbot], *, heading: str, path: str, summary: str) -> Frame:
    """Return the frame of a state; `visible` are the chatbots that the reader may see."""
    return Frame(
        title=f"{heading} · {asked.chatbot.name}",
        heading=heading,
        path=path,
        summary=summary,
        snapshot_id=asked.snapshot.snapshot_id,
        chatbot=asked.chatbot,
        chatbots=chatbots(asked, visible),
        tabs=tabs(asked),
        freshness=freshness(asked),
        quality=quality(asked),
        period=period(asked),
    )
