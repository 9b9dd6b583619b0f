"""Lines -> rows of the raw tables, without the columns that are the same in a whole segment. Odd lines are left out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from orchestration.extract.bulk.columns import Places
from orchestration.extract.bulk.drafts import Drafts, draft_analyses, draft_requests
from orchestration.extract.bulk.gather import Records, gather

DROPPED = -1  # in the place of a place


class Part(NamedTuple):
    """Rows of a raw table in the order of their lines, with the place of the line of each: none for odd lines."""

    rows: pa.Table
    places: Places


class Accepted(NamedTuple):
    """The places of accepted lines, when each arrived (microseconds since 1970), and the digest of its record."""

    places: Places
    received: Places
    digests: list[bytes]


class Read(NamedTuple):
    """The accepted lines, kind by kind, the rows that they make, and the places of the odd lines in their order."""

    accepted: list[Accepted]
    parts: dict[str, Part]
    odd: list[int]


_Records = TypeVar("_Records", bound=Records)


def read_lines(lines: Sequence[bytes | None], numbers: Places) -> Read:
    """Read the lines, which have these numbers in their file; none stands for one that is odd already."""
    read = Read([], {}, [])
    requests, analyses = gather(lines)
    _add(read, requests, draft_requests, numbers)
    _add(read, analyses, draft_analyses, numbers)
    is_odd = np.ones(len(lines), dtype=bool)
    for accepted in read.accepted:
        is_odd[accepted.places] = False
    return read._replace(odd=np.flatnonzero(is_odd).tolist())


def read_nothing(lines: Sequence[bytes | None], numbers: Places) -> Read:
    """Leave all lines to be read one by one."""
    return Read([], {}, list(range(len(lines))))


def _add(read: Read, records: _Records, draft: Callable[[_Records, Places], Drafts], numbers: Places) -> None:
    if not records.places:
        return
    places = np.array(records.places, np.int64)
    drafts = draft(records, numbers[places])
    plain = np.ones(len(places), dtype=bool)
    plain[drafts.odd] = False
    digests = [digest for digest, is_plain in zip(records.digests, plain.tolist(), strict=True) if is_plain]
    read.accepted.append(Accepted(places[plain], drafts.received[plain], digests))
    for table, (rows, record) in drafts.tables.items():
        kept = plain[record]
        if kept.any():
            read.parts[table] = Part(rows, np.where(kept, places[record], DROPPED))
