"""What a page says about its data: how new it is, what is wrong with the range, and what is left out.

Nothing is said where nothing is wrong.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.navigation import Link
from serving.snapshot import Chatbot, Snapshot
from serving.tables.activity import read_excluded
from serving.tables.freshness import read_newest_message

STALE_AFTER = timedelta(hours=24)
# A chatbot whose newest message is older than the data by more than this says when that was.
QUIET_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Freshness:
    """The time that the data runs through, when the chatbot's newest message was sent, and what is wrong with both."""

    through: str
    newest: str | None = None
    stale: str | None = None


@dataclass(frozen=True)
class Notice:
    """A sentence about the rows, with a way to other ones or more about it; `is_warning` where something is wrong."""

    text: str
    link: Link | None = None
    about: str | None = None
    is_warning: bool = False


def freshness(asked: Asked) -> Freshness:
    """Return how new the data of a page is."""
    newest = asked.of_chatbot("newest message", lambda: read_newest_message(asked.snapshot, asked.chatbot))
    return freshness_of(asked.snapshot, asked.chatbot, asked.now, newest)


def freshness_of(snapshot: Snapshot, chatbot: Chatbot, now: datetime, newest: datetime | None) -> Freshness:
    """Return how new the data of a chatbot is, which received its newest message at an instant, if any."""
    through = snapshot.data_through
    if through is None:
        return Freshness("No data yet")
    text = f"Data through {formats.instant(through, chatbot.time_zone, with_zone=True)}"
    quiet = newest is not None and through - newest > QUIET_AFTER
    shown = f"Newest message {formats.instant(newest, chatbot.time_zone)}" if newest and quiet else None
    if now - through <= STALE_AFTER:
        return Freshness(text, shown)
    days = (now - through).days
    return Freshness(text, shown, f"The newest data is {days} day{'s' if days > 1 else ''} old")


def notices(asked: Asked) -> list[Notice]:
    """Return what is to be said of the range and of what it leaves out."""
    return [*beyond(asked), *_own_accounts(asked)]


def beyond(asked: Asked) -> list[Notice]:
    """Return what is to be said of a range that ends behind the data.

    It is a warning where the range lies behind the data or the data is stale. That today's data is not all there yet is
    so every day, and through when the data runs is said beside it.
    """
    through, covered, days = asked.snapshot.data_through, asked.covered, asked.closed_days()
    if through is None or covered is None or days.last is None or days.last <= covered:
        return []
    lies_behind = days.first is not None and days.first > covered
    is_warning = lies_behind or asked.now - through > STALE_AFTER
    if not is_warning and days.last <= asked.today:
        return []
    text = "The data ends before this range" if lies_behind else "Range reaches beyond the data"
    ends = formats.instant(through, asked.chatbot.time_zone)
    return [Notice(text, about=f"Data ends {ends}", is_warning=is_warning)]


def _own_accounts(asked: Asked) -> list[Notice]:
    """Return the sentence on conversations that `exclude.csv` names, with a link to the other way of counting."""
    conversations = asked.remembered(
        "left out", lambda: read_excluded(asked.snapshot, asked.chatbot, asked.query.days(asked.chatbot, asked.now))
    )
    if not conversations:
        return []
    one = conversations == 1
    what = f"{conversations:,} conversation{'' if one else 's'} of your own accounts {'is' if one else 'are'}"
    if asked.query.excluded == "include":
        href = links.changed(asked.search, excluded=None)
        return [Notice(f"{what} counted", Link(f"Leave {'it' if one else 'them'} out", href))]
    href = links.changed(asked.search, excluded="include")
    return [Notice(f"{what} left out", Link(f"Show {'it' if one else 'them'}", href))]
