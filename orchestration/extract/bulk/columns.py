"""Raw values of one field, one for each line or message -> a typed column, and the places of the odd values.

Each function proves with a few passes over a whole column what `records/` would say of nearly all its values, and asks
`records/` for the rest. An odd value is null in the column. Which fields there are is no business of this module.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.extract.records.attributes import LONGEST_ID, id_text
from orchestration.extract.records.faults import ExactNumbersNeeded
from orchestration.extract.records.instants import parse_instant

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BLANK, _LAST_VISIBLE, _LOWER_CASE = ord(" "), ord("~"), 0x20
_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)
# `2026-11-22T10:15:00Z`, without a fraction and with one of up to six digits: of these lengths, Arrow reads no other.
_SHORTEST_INSTANT, _LONGEST_INSTANT = 20, 27
_UTC = ord("Z")
_YEAR_1 = (datetime.min - _EPOCH) // _MICROSECOND


class Instants(NamedTuple):
    """Microseconds since 1970 in UTC; where `known` is false there is no time."""

    microseconds: Places
    known: Flags


def texts(values: list[Any], read: Callable[[Any, int], str | None]) -> pa.Array:
    """Texts as they are; whatever is neither text nor null is what `read` makes of it, given its place."""
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:
        for place, value in enumerate(values):
            if value is not None and type(value) is not str:
                values[place] = read(value, place)
        return pa.array(values, pa.string())


def replaced(column: pa.Array, values: list[Any], flags: Flags, read: Callable[[Any, int], str | None]) -> pa.Array:
    """The column of these values with the flagged ones as they are read, also in `values`."""
    places = np.flatnonzero(flags).tolist()
    for place in places:
        values[place] = read(values[place], place)
    return pa.array(values, pa.string()) if places else column


def ids(values: list[Any], odd: list[int]) -> pa.Array:
    """Ids as `id_text` reads them, also in `values`; the places of those that it refuses are added to `odd`."""

    def read(value: Any, place: int) -> str | None:
        try:
            return id_text(value)
        except (ValueError, ExactNumbersNeeded):
            odd.append(place)
            return None

    column = texts(values, read)
    return replaced(column, values, doubtful(column, LONGEST_ID), read)


def instants(values: list[Any], odd: list[int]) -> Instants:
    """Times as `parse_instant` reads them; the places of values that are no times are added to `odd`."""

    def refuse(_: Any, place: int) -> None:
        odd.append(place)

    column = texts(values, refuse)
    usual = _is_usual_instant(column)
    others = np.flatnonzero(~usual & known(column))
    microseconds = _cast_instants(column, usual, without=len(others) > 0)
    if microseconds is None:
        others = np.flatnonzero(known(column))
        microseconds = np.zeros(len(column), np.int64)
    is_known = known(column).copy()
    for place in others.tolist():
        if (instant := parse_instant(values[place])) is None:
            odd.append(place)
            is_known[place] = False
        else:
            microseconds[place] = microseconds_of(instant)
    return Instants(microseconds, is_known)


def microseconds_of(instant: datetime) -> int:
    """A naive UTC instant as microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def timestamps(microseconds: Places) -> pa.Array:
    """A column of naive UTC instants."""
    return pa.array(microseconds).view(pa.timestamp("us"))


def doubtful(column: pa.Array, longest: int, blanks: bool = False) -> Flags:
    """Where a text may be read as another than itself.

    It is itself where it has 1 to `longest` visible ASCII characters, also with `blanks` between them, and is no null.
    """
    offsets, letters, lengths = _offsets(column), _bytes(column), _lengths(column)
    flags = (lengths == 0) | (lengths > longest)
    least = _BLANK if blanks else _BLANK + 1
    if len(letters) and (letters.min() < least or letters.max() > _LAST_VISIBLE):
        others = np.flatnonzero((letters < least) | (letters > _LAST_VISIBLE))
        flags[np.searchsorted(offsets, others, side="right") - 1] = True
    some = np.flatnonzero(lengths)
    first, last = letters[offsets[some]], letters[offsets[some + 1] - 1]
    may_be_null = (lengths[some] == len("null")) & (first | _LOWER_CASE == ord("n"))
    flags[some[may_be_null | (first == _BLANK) | (last == _BLANK)]] = True
    return flags & known(column)


def decimals(units: Places, kind: pa.Decimal128Type) -> pa.Array:
    """Decimals from units of the last place: 128 bits, of which the upper half only carries the sign."""
    words = np.stack((units, units >> 63), axis=1)
    return pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(words)])


def _is_usual_instant(column: pa.Array) -> Flags:
    lengths = _lengths(column)
    usual = (lengths >= _SHORTEST_INSTANT) & (lengths <= _LONGEST_INSTANT)
    last = _offsets(column)[1:][usual] - 1
    usual[usual] = _bytes(column)[last] == _UTC
    return usual


def _cast_instants(column: pa.Array, usual: Flags, without: bool) -> Places | None:
    """The usual ones as numbers, anything for the others; none where one of them is no time to Arrow."""
    if without:
        column = pc.if_else(pa.array(usual), column, None)
    try:
        microseconds = np.array(column.cast(pa.timestamp("us", "UTC")).view(pa.int64()).fill_null(0))
    except pa.ArrowInvalid:
        return None
    return microseconds if microseconds.min(initial=0) >= _YEAR_1 else None  # Arrow knows a year 0


def known(column: pa.Array) -> Flags:
    """Where a column is not null."""
    return flags_of(column.is_valid())


def flags_of(column: pa.Array) -> Flags:
    """A column of booleans without nulls."""
    return column.to_numpy(zero_copy_only=False)


def _offsets(column: pa.Array) -> npt.NDArray[np.int32]:
    return np.frombuffer(column.buffers()[1], np.int32, len(column) + 1) if len(column) else np.zeros(1, np.int32)


def _lengths(column: pa.Array) -> npt.NDArray[np.int32]:
    return np.diff(_offsets(column))


def _bytes(column: pa.Array) -> npt.NDArray[np.uint8]:
    data = column.buffers()[2]
    return np.frombuffer(data, np.uint8)[: _offsets(column)[-1]] if data else np.zeros(0, np.uint8)
