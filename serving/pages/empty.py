"""What a page says in place of rows: why there are none, and what to do about it."""

from dataclasses import dataclass

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.navigation import Link
from serving.pages.period import PRESET_LABELS
from serving.tables.activity import read_newest_activity
from serving.tables.parameters import BadQuery
from serving.tables.ranges import DEFAULT_PRESET


@dataclass(frozen=True)
class Message:
    """A title, a sentence, and a way on."""

    title: str
    text: str
    action: Link | None = None


def why_broken(error: BadQuery) -> Message:
    """Return what is wrong with a state that makes no sense."""
    reset = Link("Reset the view", links.ranged("", range=DEFAULT_PRESET))
    return Message("This link does not fit this table", str(error), reset)


def why_empty(asked: Asked, total: int) -> Message:
    """Return why a state shows no rows, though the whole result may have some."""
    noun = asked.table.singular
    if total:
        return Message(
            "No rows here", "The result has fewer pages.", Link("Go to the first page", links.changed(asked.search))
        )
    newest = asked.of_chatbot(
        "newest activity",
        lambda: read_newest_activity(asked.snapshot, asked.query, asked.chatbot),
        asked.table.name,
        asked.query.excluded,
    )
    if newest is None:
        text = f"They appear here with the first conversation that names {'an' if noun[0] == 'o' else 'a'} {noun}."
        return Message(f"No {noun}s yet", text)
    if links.unfiltered(asked.search) != links.changed(asked.search):
        text = "Nothing in this range fits the search and filters."
        if columns := asked.query.crossed():
            labels = " and ".join(column.filter_label for column in columns)
            text = f"{labels}: the least value asked for is above the greatest."
        return Message(f"No {noun} matches", text, Link("Clear filters", links.unfiltered(asked.search)))
    preset = asked.query.preset()
    when = PRESET_LABELS[preset].lower() if preset else "in this range"
    newest_day = formats.instant(newest, asked.chatbot.time_zone).rsplit(",", 1)[0]
    show = Link("Show all time", links.ranged(asked.search, range="all_time"))
    return Message(f"No activity {when}", f"The newest activity was {newest_day}.", show)
