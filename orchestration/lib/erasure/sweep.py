"""`sweep`: takes what is erased out of raw and quarantine, then out of the inbox. Safe to kill and to do again.

It runs in every refresh behind landing, before anything is scored or modelled. Looked at is what arrived since the last
sweep; after a new request to erase, everything. A conversation is of the user and the organization whom its newest
request names (as in the models): the conversations of those who are erased are removed whole, or kept as counts; in the
conversations of others only the records that name them lose that name.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lib.erasure.inbox import blank_lines, erased_lines
from orchestration.lib.erasure.names import ErasedNames
from orchestration.lib.erasure.tombstones import (
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
from orchestration.lib.request_log.landing import make_durable
from orchestration.lib.request_log.ledger import SegmentFile, committed_files, segments
from orchestration.lib.request_log.schemas import RAW_TABLES
from orchestration.lib.request_log.staging import write_durably
from orchestration.lib.scoring import score_file_of

GONE = "This line was about someone who is erased. Its text is gone, and it cannot be submitted again."
_OWNER_KEYS = ("conversation_key", "user_key", "organization_key")
_SESSION = ("session_id", "page_url", "referrer", "device", "country")


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
    _Rewriting(home, erased, names, lines).run({one.segment_id for one in fresh}, progress)
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
    with _connected(erased) as connection:
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
    keys = _keys_array(key for key, _ in found)
    older = [file for table in ("requests", "analyses") for file in committed_files(home, table)]
    reaches_back = len(keys) > 0 and any(
        pc.any(pc.is_in(_columns(home / file.path, "conversation_key")["conversation_key"], keys)).as_py()
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


class _Rewriting:
    """The Parquet files without what is erased. What others are found by is rewritten last: a crash loses no trail."""

    def __init__(self, home: Path, erased: Tombstones, names: ErasedNames, lines: dict[str, set[int]]) -> None:
        self._home, self._names, self._lines = home, names, lines
        self._erased = erased
        self._removed = _keys_array(erased.conversations[REMOVED])
        self._conversations = _keys_array(erased.conversation_keys)
        self._counted = {kind: _keys_array(erased.conversations[kind]) for kind in KINDS}
        self._entities = {kind: _keys_array(erased.entities[kind]) for kind in KINDS}
        self._records = pa.array([], pa.string())

    def run(self, segment_ids: set[str], progress: Callable[[int, int], None] | None) -> None:
        """Rewrite the affected files of these segments."""
        files = {
            table: [
                self._home / file.path for file in committed_files(self._home, table) if file.segment_id in segment_ids
            ]
            for table in (*RAW_TABLES, "quarantine")
        }
        self._records = self._erased_records(files)
        scores = [path for one in files["messages"] if (path := score_file_of(self._home, one)).exists()]
        work: list[tuple[Callable[[Path], None], Path]] = [
            *((self._rewrite_quarantine, path) for path in files["quarantine"]),
            *((self._rewrite_records, path) for path in files["warnings"] + files["custom_fields"]),
            *((self._rewrite_conversations, path) for path in scores + files["messages"] + files["analyses"]),
            *((self._rewrite_requests, path) for path in files["requests"]),
        ]
        for number, (rewrite, path) in enumerate(work, start=1):
            rewrite(path)
            if progress:
                progress(number, len(work))

    def _erased_records(self, files: dict[str, list[Path]]) -> pa.Array:
        """Ids of the records that are removed or lose a name."""
        found = [pa.array([], pa.string())]
        for path in files["requests"]:
            keys = _columns(path, "record_id", *_OWNER_KEYS)
            found += keys.filter(self._is_erased(keys))["record_id"].chunks
        for path in files["analyses"]:
            keys = _columns(path, "record_id", "conversation_key")
            found += keys.filter(pc.is_in(keys["conversation_key"], self._conversations))["record_id"].chunks
        return pa.concat_arrays(found)

    def _is_erased(self, keys: pa.Table) -> pa.ChunkedArray:
        """Which requests are of a conversation that is erased, or name someone who is."""
        named = [pc.is_in(keys[f"{kind}_key"], self._entities[kind]) for kind in KINDS]
        return pc.or_(pc.is_in(keys["conversation_key"], self._conversations), pc.or_(*named))

    def _rewrite_requests(self, path: Path) -> None:
        if not pc.any(self._is_erased(_columns(path, *_OWNER_KEYS))).as_py():
            return
        rows = _without(_columns(path), "conversation_key", self._removed)
        for kind in KINDS:
            nameless = pc.or_(
                pc.is_in(rows["conversation_key"], self._counted[kind]),
                pc.is_in(rows[f"{kind}_key"], self._entities[kind]),
            )
            for column in (*(name for name in rows.column_names if f"{kind}_" in name), *_SESSION):
                nothing = pa.scalar(False) if column.startswith("has_") else pa.scalar(None, rows[column].type)
                rows = _with(rows, column, pc.if_else(nameless, nothing, rows[column]))
        _replace(path, rows)

    def _rewrite_conversations(self, path: Path) -> None:
        """Rows without those of removed conversations, and messages without the text of counted ones."""
        if not pc.any(pc.is_in(_columns(path, "conversation_key")["conversation_key"], self._conversations)).as_py():
            return
        rows = _without(_columns(path), "conversation_key", self._removed)
        if "content" in rows.column_names:
            counted = pc.is_in(rows["conversation_key"], self._conversations)
            rows = _with(rows, "content", pc.if_else(counted, pa.scalar(None, pa.string()), rows["content"]))
        _replace(path, rows)

    def _rewrite_records(self, path: Path) -> None:
        """Warnings and custom fields without those of the records that are erased."""
        rows = _columns(path)
        numbers = self._lines.get(rows["source_file"][0].as_py() if len(rows) else "", set())
        erased = pc.or_(
            pc.is_in(rows["record_id"], self._records),
            pc.is_in(rows["source_line"], pa.array(sorted(numbers), pa.int64())),
        )
        if pc.any(erased).as_py():
            _replace(path, rows.filter(pc.invert(erased)))

    def _rewrite_quarantine(self, path: Path) -> None:
        """Every line keeps its place and reason; one that is about someone erased loses its text."""
        rows = _columns(path)
        erased = pa.array([self._names.are_in(line) for line in rows["line"].to_pylist()], pa.bool_())
        if pc.any(erased).as_py():
            rows = _with(rows, "line", pc.if_else(erased, pa.scalar(b""), rows["line"]))
            _replace(path, _with(rows, "explanation", pc.if_else(erased, pa.scalar(GONE), rows["explanation"])))


def _columns(path: Path, *names: str) -> pa.Table:
    return pq.read_table(path, columns=list(names) or None, partitioning=None)


def _with(rows: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    place = rows.schema.get_field_index(column)
    return rows.set_column(place, rows.schema.field(place), values)


def _without(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[column], values)))


def _replace(path: Path, rows: pa.Table) -> None:
    """Give a Parquet file new content in one step."""
    draft = path.with_name(f".{path.name}.erasing")  # always this name, so that a crash leaves nothing that stays
    write_durably(draft, rows)
    os.replace(draft, path)
    make_durable(path.parent)


def _keys_array(keys: Iterable[int]) -> pa.Array:
    return pa.array(sorted(keys), pa.int64())


@contextmanager
def _connected(erased: Tombstones) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with what is erased as the tables `entities` and `conversations`."""
    entities = [(kind, key, keep) for kind in KINDS for key, keep in erased.entities[kind].items()]
    conversations = [(key, effect) for effect, keys in erased.conversations.items() for key in keys]
    with duckdb.connect() as connection:
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
