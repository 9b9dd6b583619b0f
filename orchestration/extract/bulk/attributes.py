"""Attributes of many users, organizations and sessions -> columns, as `records/attributes.py` reads one value.

An attribute is absent, or present with a value or without one. Values that are dropped with a warning are odd.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.extract.bulk.columns import (
    Flags,
    Places,
    decimals,
    doubtful,
    flags_of,
    instants,
    known,
    replaced,
    texts,
    timestamps,
)
from orchestration.extract.landing.schemas import INSTANT, MRR
from orchestration.extract.records.attributes import (
    LONGEST_TEXT,
    Attribute,
    email_attribute,
    mrr_attribute,
    name_attribute,
    text_attribute,
)
from orchestration.extract.records.faults import FieldWarning

_NUMBERS = {int, float}
# Below this, an amount of so many decimals is told from all others by them, and is so many units in 64 bits.
_LARGEST_AMOUNT, _SHIFT = 9e9, 10**3
_UNITS = 10**MRR.scale // _SHIFT
_IS_EMAIL = "^[!-?A-~]+@[!-?A-~]+$"


class Column(NamedTuple):
    """Of each record whether an attribute is present, and its value."""

    has: Flags
    values: pa.Array

    def of(self, records: Places, count: int) -> "Column":
        """This column as one of so many records, of which these have it."""
        has, places = np.zeros(count, np.bool_), np.zeros(count, np.int64)
        has[records], places[records] = self.has, np.arange(len(records))
        known = np.zeros(count, np.bool_)
        known[records] = True
        return Column(has, self.values.take(pa.array(places, mask=~known)))

    def filled(self, wanted: Flags, other: "Column") -> "Column":
        """With what another column has, where this one has nothing and that is wanted."""
        better = wanted & ~self.has & other.has
        if not better.any():
            return self
        return Column(self.has | better, pc.if_else(pa.array(better), other.values, self.values))


def _without_values(count: int, kind: pa.DataType) -> Column:
    return Column(np.zeros(count, np.bool_), pa.nulls(count, kind))


def text_column(values: Sequence[Any], longest: int, odd: list[int]) -> Column:
    """Texts of at most so many characters."""
    read = partial(_value, lambda source, warnings: text_attribute(source, "", "", longest, warnings), odd)
    return _texts(values, read, lambda column: doubtful(column, longest, blanks=True), odd)


def name_column(values: Sequence[Any], odd: list[int]) -> Column:
    """Names."""
    read = partial(_value, lambda source, warnings: name_attribute(source, "", "", warnings), odd)
    return _texts(values, read, lambda column: doubtful(column, LONGEST_TEXT, blanks=True), odd)


def email_column(values: Sequence[Any], odd: list[int]) -> Column:
    """E-mail addresses."""

    def is_doubtful(column: pa.Array) -> Flags:
        is_email = flags_of(pc.match_substring_regex(column, _IS_EMAIL).fill_null(True))
        return doubtful(column, LONGEST_TEXT) | ~is_email

    read = partial(_value, lambda source, warnings: email_attribute(source, "", "", warnings), odd)
    return _texts(values, read, is_doubtful, odd)


def mrr_column(values: Sequence[Any], odd: list[int]) -> Column:
    """Amounts of recurring revenue."""
    has = np.array([value is not None for value in values], np.bool_)
    if values.count(None) == len(values):
        return _without_values(len(values), MRR)
    numbers = [value if type(value) in _NUMBERS else 0 if value is None else np.nan for value in values]
    floats = np.array(numbers, np.float64)
    with np.errstate(over="ignore"):
        shifted = np.rint(floats * _SHIFT)
    plain = (abs(floats) < _LARGEST_AMOUNT) & (shifted / _SHIFT == floats)
    column = decimals(np.where(plain, shifted, 0).astype(np.int64) * _UNITS, MRR)
    if not has.all():
        column = pc.if_else(pa.array(has), column, None)
    if not plain.all():
        read = partial(_value, lambda source, warnings: mrr_attribute(source, "", "", warnings), odd)
        others = [None if is_plain else read(values[place], place) for place, is_plain in enumerate(plain.tolist())]
        column = pc.if_else(pa.array(plain), column, pa.array(others, MRR))
    return Column(has, column)


def time_column(values: Sequence[Any], odd: list[int]) -> Column:
    """Instants of any year."""
    if values.count(None) == len(values):
        return _without_values(len(values), INSTANT)
    times = instants(list(values), odd)
    column = timestamps(times.microseconds)
    return Column(times.known, column if times.known.all() else pc.if_else(pa.array(times.known), column, None))


def _texts(
    values: Sequence[Any], read: Callable[[Any, int], Any], is_doubtful: Callable[[pa.Array], Flags], odd: list[int]
) -> Column:
    if values.count(None) == len(values):
        return _without_values(len(values), pa.string())
    given = list(values)
    column = texts(given, lambda _, place: odd.append(place))
    return Column(known(column), replaced(column, given, is_doubtful(column), read))


def _value(
    read: Callable[[dict[str, Any], list[FieldWarning]], Attribute], odd: list[int], value: Any, place: int
) -> Any:
    """What one value is read as; one that is dropped is odd."""
    warnings: list[FieldWarning] = []
    _, read_as = read({"": value}, warnings)
    if warnings:
        odd.append(place)
    return read_as
