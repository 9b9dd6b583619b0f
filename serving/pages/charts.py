"""Charts of a series, as shapes in a box of fixed size, with their values in words: each is also shown as a table.

Shapes are stretched to the room that there is; what is written beside them is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any

from serving.pages import formats
from serving.tables.columns import BANDS

WIDTH, HEIGHT = 1000, 100
GAP = 0.18  # of a bar's room


@dataclass(frozen=True)
class Bar:
    """A bucket's bar, or a part of it in a tone, and what it says."""

    x: str
    y: str
    width: str
    height: str
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Key:
    """What a tone of a chart's bars stands for."""

    tone: str
    text: str


@dataclass(frozen=True)
class Dot:
    """A bucket's value on a line, and what it says."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Chart:
    """Bars from 0, or dots joined by `lines` where none is missing between them, around the middle at 0.

    `top` and `bottom` are the values at the edges, `first` and `last` the days at them, `about` the whole in words.
    """

    label: str
    about: str
    top: str
    bottom: str
    first: str
    last: str
    bars: list[Bar]
    dots: list[Dot]
    lines: list[str]
    keys: list[Key] = field(default_factory=list)


@dataclass(frozen=True)
class Trend:
    """The charts of a series, and the same as a table: `headings`, then a row for each bucket."""

    title: str
    charts: list[Chart]
    headings: list[str]
    rows: list[list[str]]


def trend(series: Sequence[dict[str, Any]], by: str) -> Trend | None:
    """Return the charts of conversations and sentiment; None for a series without a conversation."""
    if not any(bucket["conversations"] for bucket in series):
        return None
    has_users = "users" in series[0]
    rows = [
        [
            formats.days(bucket["first_day"], bucket["last_day"]),
            formats.count(bucket["conversations"]),
            *([formats.count(bucket["users"])] if has_users else []),
            formats.MISSING if bucket["sentiment"] is None else formats.sentiment(bucket["sentiment"])["text"],
        ]
        for bucket in series
    ]
    headings = [by.capitalize(), "Conversations", *(["Users"] if has_users else []), "Sentiment"]
    return Trend("Trend", [_bars(series, by), *_line(series, by)], headings, rows)


def satisfaction(series: Sequence[dict[str, Any]], by: str) -> Trend | None:
    """Return the chart of satisfied, neutral and dissatisfied conversations; None where none is scored."""
    most = max((sum(bucket[band] for band in BANDS) for bucket in series), default=0)
    if not most:
        return None
    room = WIDTH / len(series)
    bars = []
    for place, bucket in enumerate(series):
        top = float(HEIGHT)
        for band in BANDS:
            height = HEIGHT * bucket[band] / most
            top -= height
            if bucket[band]:
                where = _at((place + GAP / 2) * room), _at(top), _at(room * (1 - GAP)), _at(height)
                bars.append(Bar(*where, f"{_when(bucket)}: {formats.count(bucket[band])} {band}", band))
    about = f"Scored conversations by {by}, at most {formats.count(most)}, in three bands"
    chart = _chart("Scored conversations", about, formats.count(most), "0", series, bars=bars)
    rows = [
        [
            _when(bucket),
            *(formats.count(bucket[band]) for band in BANDS),
            formats.MISSING if bucket["sentiment"] is None else formats.sentiment(bucket["sentiment"])["text"],
        ]
        for bucket in series
    ]
    headings = [by.capitalize(), *(band.capitalize() for band in BANDS), "Sentiment"]
    keyed = replace(chart, keys=[Key(band, band.capitalize()) for band in BANDS])
    return Trend("Satisfaction over time", [keyed], headings, rows)


def _bars(series: Sequence[dict[str, Any]], by: str) -> Chart:
    most = max(bucket["conversations"] for bucket in series)
    room = WIDTH / len(series)

    def bar(place: int, bucket: dict[str, Any]) -> Bar:
        height = HEIGHT * bucket["conversations"] / most
        text = f"{_when(bucket)}: {formats.count(bucket['conversations'])}"
        return Bar(_at((place + GAP / 2) * room), _at(HEIGHT - height), _at(room * (1 - GAP)), _at(height), text)

    bars = [bar(place, bucket) for place, bucket in enumerate(series) if bucket["conversations"]]
    about = f"Conversations by {by}, at most {formats.count(most)}"
    return _chart("Conversations", about, formats.count(most), "0", series, bars=bars)


def _line(series: Sequence[dict[str, Any]], by: str) -> list[Chart]:
    scored = [bucket["sentiment"] for bucket in series if bucket["sentiment"] is not None]
    if not scored:
        return []
    room = WIDTH / len(series)

    def dot(place: int, bucket: dict[str, Any]) -> Dot:
        text = f"{_when(bucket)}: {formats.sentiment(bucket['sentiment'])['text']}"
        return Dot(_at((place + 0.5) * room), _at(HEIGHT * (1 - bucket["sentiment"]) / 2), text)

    lines, dots = [], []
    for has_values, part in groupby(enumerate(series), lambda numbered: numbered[1]["sentiment"] is not None):
        if has_values:
            joined = [dot(*one) for one in part]
            dots += joined
            lines += [" ".join(f"{one.x},{one.y}" for one in joined)] if len(joined) > 1 else []
    low, high = (formats.sentiment(value)["text"] for value in (min(scored), max(scored)))
    about = f"Sentiment by {by}, from {low} to {high}"
    return [_chart("Sentiment", about, "+1", "-1", series, dots=dots, lines=lines)]


def _chart(
    label: str,
    about: str,
    top: str,
    bottom: str,
    series: Sequence[dict[str, Any]],
    bars: Sequence[Bar] = (),
    dots: Sequence[Dot] = (),
    lines: Sequence[str] = (),
) -> Chart:
    first: date = series[0]["first_day"]
    last: date = series[-1]["last_day"]
    ends = formats.day(first), "" if first == last else formats.day(last)
    return Chart(label, about, top, bottom, *ends, list(bars), list(dots), list(lines))


def _when(bucket: dict[str, Any]) -> str:
    return formats.days(bucket["first_day"], bucket["last_day"])


def _at(value: float) -> str:
    return f"{value:.2f}"
