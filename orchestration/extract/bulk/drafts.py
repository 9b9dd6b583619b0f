"""Gathered values -> the rows of each raw table, as `records/records.py` makes them of one line; and which are odd."""

from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.extract.bulk.analyses import read_scores
from orchestration.extract.bulk.columns import Places, ids, instants, microseconds_of, timestamps
from orchestration.extract.bulk.gather import Analyses, Records, Requests
from orchestration.extract.bulk.messages import read_messages, span_of
from orchestration.extract.bulk.senders import entity_columns, session_columns
from orchestration.extract.landing.schemas import BARE_TABLES, CUSTOM_FIELDS
from orchestration.extract.records.attributes import Row
from orchestration.extract.records.instants import EARLIEST, LATEST_ARRIVAL
from orchestration.extract.records.keys import DIGEST_BYTES, key_of
from orchestration.extract.records.records import PROBE_PREFIX

_FIELD = CUSTOM_FIELDS.types[CUSTOM_FIELDS.get_field_index("field") :]
_EARLIEST, _LATEST = microseconds_of(EARLIEST), microseconds_of(LATEST_ARRIVAL)


class Draft(NamedTuple):
    """Rows of a table with the record that each is of."""

    rows: pa.Table
    record: Places


class Drafts(NamedTuple):
    """When each record arrived, the rows of all by table, and which records are odd."""

    received: Places
    tables: dict[str, Draft]
    odd: Places


def draft_requests(requests: Requests, numbers: Places) -> Drafts:
    """The rows of requests from lines with these numbers."""
    odd: list[int] = []
    source, arrival, received = _record_columns(requests, numbers, odd)
    conversation = _conversation(requests, odd)
    is_probe = pc.starts_with(conversation[0], PROBE_PREFIX)
    traffic = pc.if_else(is_probe.fill_null(False), "probe", pa.array(requests.kinds, pa.string()))
    span = span_of(requests)
    messages = read_messages(requests, span, received)
    row = [
        *source,
        *arrival,
        pa.array(requests.shapes, pa.string()),
        traffic,
        *conversation,
        timestamps(messages.event_at),
        *entity_columns(requests.senders, requests.chatbots, odd),
        *session_columns(requests.senders, odd),
    ]
    message_row = [
        *_spread(source, span.record),
        pa.array(span.position, pa.int32()),
        *_spread([*arrival, traffic, *conversation], span.record),
        messages.ids,
        messages.roles,
        messages.contents,
        messages.sent_at,
    ]
    fields = list(chain.from_iterable(requests.custom))
    owner = np.repeat(np.arange(len(requests.custom)), np.array(list(map(len, requests.custom)), np.int64))
    field_row = [*_spread([*source, *arrival], owner), *_columns(fields, _FIELD)]
    tables = {
        "requests": _draft("requests", row, np.arange(len(received))),
        "messages": _draft("messages", message_row, span.record),
        "custom_fields": _draft("custom_fields", field_row, owner),
    }
    return Drafts(received, tables, np.append(span.record[messages.odd], odd).astype(np.int64))


def draft_analyses(analyses: Analyses, numbers: Places) -> Drafts:
    """The rows of analyses from lines with these numbers."""
    odd: list[int] = []
    source, arrival, received = _record_columns(analyses, numbers, odd)
    conversation = _conversation(analyses, odd)
    span, scored = span_of(analyses), read_scores(analyses)
    record = span.record[scored.messages]
    row = [
        *_spread(source, record),
        pa.array(span.position[scored.messages], pa.int32()),
        *_spread([*arrival, *conversation], record),
        scored.ids,
        scored.means,
        scored.chunks,
    ]
    tables = {"analyses": _draft("analyses", row, record)}
    return Drafts(received, tables, np.append(span.record[scored.odd], odd).astype(np.int64))


def _record_columns(records: Records, numbers: Places, odd: list[int]) -> tuple[list[pa.Array], list[pa.Array], Places]:
    """Line and record id; arrival and chatbot; and the arrival as a number."""
    received = instants(records.received, odd)
    possible = (received.microseconds >= _EARLIEST) & (received.microseconds < _LATEST)
    odd += np.flatnonzero(~(received.known & possible)).tolist()
    width = 2 * DIGEST_BYTES
    offsets = np.arange(0, width * len(numbers) + 1, width, dtype=np.int32)
    texts = pa.py_buffer(b"".join(records.digests).hex().encode())
    record_ids = pa.Array.from_buffers(pa.string(), len(numbers), [None, pa.py_buffer(offsets), texts])
    arrival = [timestamps(received.microseconds), pa.array(records.chatbots, pa.string())]
    return [pa.array(numbers), record_ids], arrival, received.microseconds


def _conversation(records: Records, odd: list[int]) -> list[pa.Array]:
    """The ids of the conversations, of which each record must have one, and their keys."""
    values = records.conversation_ids
    column = ids(values, odd)
    odd += [place for place, value in enumerate(values) if value is None]
    pairs = zip(records.chatbots, values, strict=True)
    keys = [None if value is None else key_of(chatbot_id, "conversation", value) for chatbot_id, value in pairs]
    return [column, pa.array(keys, pa.int64())]


def _columns(rows: list[Row], types: list[pa.DataType]) -> list[pa.Array]:
    """The columns of rows, of which many are the same object."""
    different = {id(row): row for row in rows}
    place_of = {key: place for place, key in enumerate(different)}
    places = pa.array([place_of[id(row)] for row in rows], pa.int64())
    columns = zip(*different.values(), strict=True) if different else [()] * len(types)
    return [pa.array(column, kind).take(places) for column, kind in zip(columns, types, strict=True)]


def _spread(columns: list[pa.Array], places: Places) -> list[pa.Array]:
    wanted = pa.array(places)
    return [column.take(wanted) for column in columns]


def _draft(table: str, columns: list[pa.Array], record: Places) -> Draft:
    return Draft(pa.Table.from_arrays(columns, schema=BARE_TABLES[table]), record)
