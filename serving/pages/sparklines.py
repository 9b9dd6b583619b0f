"""What is drawn of each row in a column of its own: conversations and sentiment over the range, with words for it.

The figures are read for the rows of a page alone, in one statement; charts with scales and a table are in `charts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from serving.pages import formats
from serving.pages.asked import Asked
from serving.tables.columns import TRENDS
from serving.tables.ranges import Days
from serving.tables.series import read_series, step_of

WIDTH, HEIGHT, MARGIN = 120, 24, 2
# Two months by day, a year by week, longer ranges by month.
MOST_BUCKETS = 62
# No message is older; and what has not come yet is not drawn as if nothing had happened.
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True)
class Drawing:
    """The path of bars of a width, or of a line with dots around an axis in the middle, and the same in words."""

    about: str
    path: str
    bar_width: str | None = None
    dots: str = ""

    @property
    def has_axis(self) -> bool:
        """Return whether the middle is 0."""
        return self.bar_width is None


def sparklines(asked: Asked, names: Sequence[str], row_ids: list[str]) -> dict[str, dict[str, Drawing]]:
    """Return the drawings of some columns by row; a row has none in a column where there is nothing to draw."""
    figures = {column.name: figure for figure, column in TRENDS.items() if column.name in names}
    days = asked.closed_days()
    if not figures or not row_ids or days.first is None or days.last is None:
        return {}
    drawn = Days(max(days.first, EARLIEST), min(days.last, max(asked.today, asked.covered or asked.today)))
    by = step_of(drawn, None, MOST_BUCKETS)
    series = read_series(asked.snapshot, asked.query, asked.chatbot, row_ids, drawn, by)
    draw = {"conversations": _bars, "sentiment": _line}
    found = {
        row_id: {name: draw[figure](buckets, by) for name, figure in figures.items()}
        for row_id, buckets in series.items()
    }
    return {row_id: {name: one for name, one in row.items() if one is not None} for row_id, row in found.items()}


def _bars(series: list[dict[str, Any]], by: str) -> Drawing | None:
    most = max((bucket["conversations"] for bucket in series), default=0)
    if not most:
        return None
    room = WIDTH / len(series)
    bars = [
        f"M{(place + 0.5) * room:.1f} {HEIGHT}V{HEIGHT - (HEIGHT - MARGIN) * bucket['conversations'] / most:.1f}"
        for place, bucket in enumerate(series)
        if bucket["conversations"]
    ]
    highest = next(bucket for bucket in series if bucket["conversations"] == most)
    about = f"Conversations by {by}, at most {formats.count(most)} ({_when(highest)})"
    return Drawing(about, "".join(bars), f"{max(1, min(room * 0.75, 12)):.1f}")


def _line(series: list[dict[str, Any]], by: str) -> Drawing | None:
    scored = [bucket for bucket in series if bucket["sentiment"] is not None]
    if not scored:
        return None
    room = WIDTH / len(series)
    lines, dots = [], []
    for has_values, run in groupby(enumerate(series), lambda numbered: numbered[1]["sentiment"] is not None):
        if has_values:
            points = [f"{(place + 0.5) * room:.1f} {_height(bucket['sentiment']):.1f}" for place, bucket in run]
            lines += [f"M{'L'.join(points)}"] if len(points) > 1 else []
            dots += [f"M{point}h0" for point in points]
    low, high = min(bucket["sentiment"] for bucket in scored), max(bucket["sentiment"] for bucket in scored)
    about = f"Sentiment by {by}, from {_signed(low)} to {_signed(high)}, last {_signed(scored[-1]['sentiment'])}"
    return Drawing(f"{about} ({_when(scored[-1])})", "".join(lines), dots="".join(dots))


def _height(sentiment: float) -> float:
    return MARGIN + (HEIGHT - 2 * MARGIN) * (1 - sentiment) / 2


def _signed(sentiment: float) -> str:
    return formats.sentiment(sentiment)["text"]


def _when(bucket: dict[str, Any]) -> str:
    return formats.days(bucket["first_day"], bucket["last_day"])
