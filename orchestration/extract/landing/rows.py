"""The rows of a segment in the order of its lines, from those read at once (`bulk/`) and the odd ones (`records/`)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from orchestration.extract.bulk.tables import DROPPED, Part, Read
from orchestration.extract.landing.schemas import BARE_TABLES, RAW_TABLES
from orchestration.extract.records.keys import DIGEST_BYTES
from orchestration.extract.records.records import Record

RECORD_KEY_BYTES = 8
_DAY = timedelta(days=1) // timedelta(microseconds=1)
_FIRST_DAY = date(1970, 1, 1)


class Odd(NamedTuple):
    """A line that was read on its own and accepted: its place among the lines, its number in the file, its record."""

    place: int
    number: int
    record: Record


class SegmentRows:
    """The rows of a segment by table, without the columns that are the same in all of them."""

    def __init__(self) -> None:
        self.warnings = 0
        self._tables: dict[str, list[pa.Table]] = defaultdict(list)
        self._keys: dict[date, list[bytes]] = defaultdict(list)

    @property
    def record_keys(self) -> dict[date, bytes]:
        """The beginnings of the ids of the records, by arrival day."""
        return {day: b"".join(keys) for day, keys in self._keys.items()}

    def tables(self) -> dict[str, pa.Table]:
        """Every table that has rows."""
        return {table: pa.concat_tables(parts) for table, parts in sorted(self._tables.items())}

    def add(self, read: Read, odd: Sequence[Odd]) -> None:
        """Add what came of the next lines."""
        self.warnings += sum(len(one.record.warnings) for one in odd)
        self._add_keys(read, odd)
        apart = _parts_of(odd)
        for table in RAW_TABLES:
            parts = [parts[table] for parts in (read.parts, apart) if table in parts]
            if parts:
                self._tables[table].append(_in_order(parts))

    def _add_keys(self, read: Read, odd: Sequence[Odd]) -> None:
        places = [one.places for one in read.accepted] + [np.array([one.place for one in odd], np.int64)]
        days = [one.received // _DAY for one in read.accepted]
        days.append(np.array([(one.record.received_at.date() - _FIRST_DAY).days for one in odd], np.int64))
        digests = [digest for one in read.accepted for digest in one.digests]
        digests += [bytes.fromhex(one.record.record_id) for one in odd]
        order = np.argsort(np.concatenate(places), kind="stable")
        keys = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)[order, :RECORD_KEY_BYTES]
        ordered_days = np.concatenate(days)[order]
        for day in np.unique(ordered_days).tolist():
            self._keys[_FIRST_DAY + timedelta(days=day)].append(keys[ordered_days == day].tobytes())


def table_of(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Rows as a table."""
    columns = zip(zip(*rows, strict=True), schema.types, strict=True)
    return pa.Table.from_arrays([pa.array(values, kind) for values, kind in columns], schema=schema)


def _parts_of(odd: Sequence[Odd]) -> dict[str, Part]:
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for one in odd:
        for table, added in _rows_of(one.number, one.record).items():
            rows[table] += added
            places[table] += [one.place] * len(added)
    return {
        table: Part(table_of(rows[table], BARE_TABLES[table]), np.array(places[table])) for table in rows if rows[table]
    }


def _rows_of(number: int, record: Record) -> dict[str, list[tuple[Any, ...]]]:
    place = (number, record.record_id)
    arrival = (*place, record.received_at, record.chatbot_id)
    return {
        "requests": [] if record.request is None else [place + record.request],
        "messages": [place + row for row in record.messages],
        "analyses": [place + row for row in record.analyses],
        "custom_fields": [place + row for row in record.custom_fields],
        "warnings": [arrival + row for row in record.warnings],
    }


def _in_order(parts: list[Part]) -> pa.Table:
    places = np.concatenate([part.places for part in parts])
    dropped = np.count_nonzero(places == DROPPED)
    if len(parts) == 1 and not dropped:
        return parts[0].rows
    order = np.argsort(places, kind="stable")[dropped:]
    return pa.concat_tables([part.rows for part in parts]).take(pa.array(order))
