"""The range of a page: the named ranges, the days of one's own, and as of when attributes are shown."""

from dataclasses import dataclass

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.navigation import Link
from serving.tables.ranges import DEFAULT_PRESET

PRESET_LABELS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
    "last_year": "Last year",
    "all_time": "All time",
}
CLOCKS = {"range_end": "At range end", "now": "As of now"}


@dataclass(frozen=True)
class Period:
    """What the control of the range shows. The days are ISO texts, empty where an end is open; `state` goes along."""

    label: str
    presets: list[Link]
    first_day: str
    last_day: str
    time_zone: str
    clocks: list[Link]
    state: list[tuple[str, str]]


def range_words(asked: Asked) -> str:
    """Return what the range is called."""
    preset = asked.query.preset()
    return PRESET_LABELS[preset] if preset else formats.days(*asked.days)


def period(asked: Asked) -> Period:
    """Return the control of the range for a state."""
    preset = asked.query.preset()
    days = asked.closed_days()
    return Period(
        label=range_words(asked),
        presets=[
            Link(
                label,
                links.ranged(asked.search) if name == DEFAULT_PRESET else links.ranged(asked.search, range=name),
                name == preset,
            )
            for name, label in PRESET_LABELS.items()
        ],
        first_day=days.first.isoformat() if days.first else "",
        last_day=days.last.isoformat() if days.last else "",
        time_zone=asked.chatbot.time_zone,
        clocks=[
            Link(
                label,
                links.changed(asked.search, attributes=None if name == "range_end" else name),
                name == asked.query.attributes,
            )
            for name, label in CLOCKS.items()
        ],
        state=links.beside(asked.search, links.RANGE),
    )
