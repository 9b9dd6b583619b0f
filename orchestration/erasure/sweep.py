"""`sweep`: takes what is erased out of raw and quarantine, then out of the inbox. Safe to kill and to do again.

It runs in every refresh behind landing, before anything is scored or modelled. Looked at is what arrived since the last
sweep; after a new request to erase, everything. A conversation is of the user and the organization whom its newest
request names (as in the models): the conversations of those who are erased are removed whole, or kept as counts; in the
conversations of others only the records that name them lose that name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.erasure.inbox import blank_lines, erased_lines
from orchestration.erasure.names import ErasedNames
from orchestration.erasure.rewriting import Rewriting, columns_of, key_array
from orchestration.erasure.tombstones import (
    KINDS,
    REMOVED,
    Tombstones,
    begin_sweep,
    end_sweep,
    inbox_files_to_clean,
    note_clean,
    read_tombstones,
    swept_segments,
)
from orchestration.extract.landing.ledger import SegmentFile, committed_files, segments
from orchestration.home.engine import open_memory


@dataclass(frozen=True)
class Sweep:
    """What a sweep did: conversations that are erased since, lines of the inbox blanked, and files it had to leave."""

    conversations: int = 0
    inbox_lines: int = 0
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conversations or self.inbox_lines or self.left)


def sweep(home: Path, progress: Callable[[int, int], None] | None = None) -> Sweep:
    """Erase what is to be erased; nothing is done where nobody ever asked for it. Call it while holding the lock.

    `progress` is called with the files done and their total.
    """
    erased = read_tombstones(home)
    if not erased:
        return Sweep()
    every = segments(home)
    swept = set() if erased.is_due else swept_segments(home)
    fresh = [one for one in every if one.segment_id not in swept]
    if not (erased.is_due or fresh or inbox_files_to_clean(home)):
        return Sweep()
    found, reaches_back = _newly_erased(home, erased, {one.segment_id for one in fresh})
    everywhere = erased.is_due or reaches_back
    if everywhere:
        fresh = every
    search = [(one.source_file, one.first_line) for one in fresh]
    begin_sweep(home, found, search, changes_the_past=everywhere)
    erased = read_tombstones(home)
    names = ErasedNames(erased)
    lines = {name: erased_lines(home, name, first, names) for name, first in inbox_files_to_clean(home).items()}
    Rewriting(home, erased, names, lines).run({one.segment_id for one in fresh}, progress)
    blanked, left = 0, []
    for source_file, numbers in lines.items():
        if fault := blank_lines(home, source_file, numbers):
            left.append(fault)
        else:
            note_clean(home, source_file)
            blanked += len(numbers)
    end_sweep(home, [one.segment_id for one in fresh])
    return Sweep(len({key for key, _ in found}), blanked, tuple(left))


def _newly_erased(home: Path, erased: Tombstones, fresh: set[str]) -> tuple[list[tuple[int, str]], bool]:
    """Conversations of erased owners that fresh segments name, with the effect; whether older segments have of them."""
    every = committed_files(home, "requests")
    looked_at = [file for file in every if file.segment_id in fresh]
    if not looked_at:
        return [], False
    with _connected(home, erased) as connection:
        connection.execute(
            f"""
            create temp table naming as
            select requests.* from {_read(home, every)} as requests
            where conversation_key in (
                select conversation_key from {_read(home, looked_at)}
                where user_key in (select entity_key from entities where kind = 'user')
                    or organization_key in (select entity_key from entities where kind = 'organization')
            )
            """
        )
        found = connection.execute(
            f"""
            with owners as (
                {" union all ".join(_owners(kind) for kind in KINDS)}
            )
            select owners.conversation_key, if(entities.keeps_counts, owners.kind, '{REMOVED}')
            from owners inner join entities using (kind, entity_key)
            except select conversation_key, effect from conversations
            """
        ).fetchall()
    keys = key_array(key for key, _ in found)
    older = [file for table in ("requests", "analyses") for file in committed_files(home, table)]
    reaches_back = len(keys) > 0 and any(
        pc.any(pc.is_in(columns_of(home / file.path, "conversation_key")["conversation_key"], keys)).as_py()
        for file in older
        if file.segment_id not in fresh
    )
    return found, reaches_back


def _owners(kind: str) -> str:
    return f"""
        select '{kind}' as kind, conversation_key, {kind}_key as entity_key from naming where {kind}_key is not null
        qualify row_number() over (
            partition by conversation_key
            order by traffic = 'organic' desc, event_at desc, received_at desc, source_file desc, source_line desc
        ) = 1
    """


@contextmanager
def _connected(home: Path, erased: Tombstones) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with what is erased as the tables `entities` and `conversations`."""
    entities = [(kind, key, keep) for kind in KINDS for key, keep in erased.entities[kind].items()]
    conversations = [(key, effect) for effect, keys in erased.conversations.items() for key in keys]
    with open_memory(home / "warehouse") as connection:
        for table, columns, rows in (
            ("entities", {"kind": pa.string(), "entity_key": pa.int64(), "keeps_counts": pa.bool_()}, entities),
            ("conversations", {"conversation_key": pa.int64(), "effect": pa.string()}, conversations),
        ):
            arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(columns.values())]
            connection.register(table, pa.Table.from_arrays(arrays, names=list(columns)))
        yield connection


def _read(home: Path, files: list[SegmentFile]) -> str:
    paths = ", ".join("'" + str(home / file.path).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false, union_by_name = true)"
