"""The messages of many requests -> columns, as `records/messages.py` reads those of one."""

from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from orchestration.extract.bulk.columns import Instants, Places, ids, instants, microseconds_of, texts, timestamps
from orchestration.extract.bulk.gather import Records, Requests
from orchestration.extract.records.faults import FieldWarning
from orchestration.extract.records.instants import EARLIEST, LONGEST_AHEAD
from orchestration.extract.records.messages import ROLES, text_of

_EARLIEST = microseconds_of(EARLIEST)
_LONGEST_AHEAD = LONGEST_AHEAD // timedelta(microseconds=1)


class Span(NamedTuple):
    """Of each message its record and its position in it, and of each record its first message."""

    record: Places
    position: Places
    first: Places


class Messages(NamedTuple):
    """The columns of messages, the event time of each request, and the odd messages."""

    ids: pa.Array
    roles: pa.Array
    contents: pa.Array
    sent_at: pa.Array
    event_at: Places
    odd: list[int]


def span_of(records: Records) -> Span:
    """Which message is of which record; each has one at least."""
    counts = np.array(records.messages, np.int64)
    first = np.cumsum(counts) - counts
    record = np.repeat(np.arange(len(counts)), counts)
    return Span(record, np.arange(len(record)) - first[record], first)


def read_messages(requests: Requests, span: Span, received: Places) -> Messages:
    """Read the messages of requests that arrived at these moments."""
    odd: list[int] = []
    times = instants(requests.times, odd)
    impossible = (times.microseconds < _EARLIEST) | (times.microseconds - received[span.record] > _LONGEST_AHEAD)
    odd += np.flatnonzero(times.known & impossible).tolist()
    sent_at, event_at = _filled(span, times, received)
    return Messages(
        ids(requests.message_ids, odd),
        lower_roles(requests.roles, odd),
        _contents(requests.contents, odd),
        timestamps(sent_at),
        event_at,
        odd,
    )


def lower_roles(values: list[Any], odd: list[int]) -> pa.Array:
    """Roles in lower case; the places of what is none are added to `odd`."""
    column = texts(values, lambda _, place: None)
    if ROLES.issuperset(column.unique().to_pylist()):
        return column
    lower = [value and value.casefold() for value in values]
    odd += [place for place, role in enumerate(lower) if role not in ROLES]
    return pa.array(lower, pa.string())


def _contents(values: list[Any], odd: list[int]) -> pa.Array:
    def read(content: Any, place: int) -> str | None:
        warnings: list[FieldWarning] = []
        text = text_of(content, "", warnings)
        if warnings:
            odd.append(place)
        return text

    return texts(values, read)


def _filled(span: Span, times: Instants, received: Places) -> tuple[Places, Places]:
    """The time of every message, also of those without one, and the last one of each request."""
    if times.known.all():
        return times.microseconds, np.maximum.reduceat(times.microseconds, span.first)
    places = np.arange(len(times.known))
    before = np.maximum.accumulate(np.where(times.known, places, -1))
    first = np.minimum.reduceat(np.where(times.known, places, len(places)), span.first)
    is_dated = first < np.append(span.first[1:], len(places))
    beside = np.where(before >= span.first[span.record], before, first[span.record])
    dated = is_dated[span.record]
    sent_at = np.where(dated, times.microseconds[np.where(dated, beside, 0)], received[span.record])
    latest = np.maximum.reduceat(np.where(times.known, times.microseconds, np.iinfo(np.int64).min), span.first)
    return sent_at, np.where(is_dated, latest, received)
