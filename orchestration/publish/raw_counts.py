"""What raw says must be published: records, conversations and messages by chatbot, counted without the warehouse.

`<home>/raw/counts.sqlite` remembers of each conversation which messages were counted, as 64-bit hashes, so that what
arrives is counted once however often it was sent, and at the cost of what arrived. It can be deleted: then all of raw
is counted anew. Comparing is done in `reconcile.py`.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.extract.landing.ledger import committed_files, outcomes
from orchestration.home.engine import open_memory

SLICES_AT_A_TIME = 500
CONVERSATIONS_AT_A_TIME = 10_000

_TABLES = """
create table if not exists counted (arrival_date text, segment_id text, primary key (arrival_date, segment_id))
    without rowid;
create table if not exists conversations (conversation_key integer primary key, messages blob not null);
create table if not exists totals (
    chatbot_id text primary key, records integer not null, conversations integer not null, messages integer not null
) without rowid;
-- Raw is rewritten by erasures: counts of another generation are of other records.
create table if not exists generation (value text not null);
"""


@dataclass(frozen=True)
class Counts:
    """Of one chatbot: request records (copies included), conversations, and messages."""

    records: int = 0
    conversations: int = 0
    messages: int = 0


@dataclass(frozen=True)
class Expected:
    """Counts by chatbot, and the ledger's sums of lines, accepted, duplicates and quarantined."""

    chatbots: dict[str, Counts]
    lines: tuple[int, ...]


def count_raw(home: Path, processed: Collection[tuple[date, str]], generation: str) -> Expected:
    """Count what is new among the processed slices of raw (arrival day, segment); the totals of all of them.

    `generation` is that of the erasures. Call it while holding the home's lock.
    """
    try:
        counts = _count(home, processed, generation)
    except sqlite3.DatabaseError:
        forget_counts(home)
        counts = _count(home, processed, generation)
    return Expected(counts, outcomes(home))


def forget_counts(home: Path) -> None:
    """Count all of raw anew the next time."""
    path = _path(home)
    for one in (path, path.with_name(path.name + "-journal")):
        one.unlink(missing_ok=True)


def _count(home: Path, processed: Collection[tuple[date, str]], generation: str) -> dict[str, Counts]:
    with closing(sqlite3.connect(_path(home), timeout=60)) as store:
        store.executescript(_TABLES)
        with store:
            if store.execute("select value from generation").fetchall() != [(generation,)]:
                for table in ("counted", "conversations", "totals", "generation"):
                    store.execute(f"delete from {table}")
                store.execute("insert into generation values (?)", (generation,))
            counted = {(date.fromisoformat(day), one) for day, one in store.execute("select * from counted")}
            new = sorted(set(processed) - counted)
            for first in range(0, len(new), SLICES_AT_A_TIME):
                _add(home, store, new[first : first + SLICES_AT_A_TIME])
        rows = store.execute("select chatbot_id, records, conversations, messages from totals").fetchall()
    return {chatbot_id: Counts(*counts) for chatbot_id, *counts in rows}


def _add(home: Path, store: sqlite3.Connection, slices: Collection[tuple[date, str]]) -> None:
    added: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with open_memory(home / "warehouse") as connection:
        days, segments = zip(*slices, strict=True)
        connection.register("slices", pa.table({"arrival_date": days, "segment_id": segments}))
        for batch in _read(connection, home, "requests", set(segments), "chatbot_id, count(*)", "chatbot_id"):
            for chatbot_id, records in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                added[chatbot_id][0] += records
        identity = "coalesce('id:' || message_id, 'at:' || record_id || ':' || cast(position as varchar))"
        hashes = f"list_sort(list(distinct md5_number_lower({identity})))"
        keys = "conversation_key, chatbot_id"
        is_first = store.execute("select 1 from conversations limit 1").fetchone() is None
        for batch in _read(connection, home, "messages", set(segments), f"{keys}, {hashes}", keys):
            _add_conversations(store, batch, added, is_first=is_first)
    store.executemany(
        "insert into totals values (?, ?, ?, ?) on conflict (chatbot_id) do update set"
        " records = records + excluded.records, conversations = conversations + excluded.conversations,"
        " messages = messages + excluded.messages",
        [(chatbot_id, *counts) for chatbot_id, counts in added.items()],
    )
    store.executemany("insert into counted values (?, ?)", [(day.isoformat(), segment) for day, segment in slices])


def _add_conversations(
    store: sqlite3.Connection, batch: pa.RecordBatch, added: dict[str, list[int]], *, is_first: bool
) -> None:
    """Remember what is new of a batch of conversations: their key, their chatbot, and hashes in ascending order."""
    keys, chatbots = (column.to_pylist() for column in batch.columns[:2])
    ends = batch.columns[2].offsets.to_pylist()
    hashes = batch.columns[2].values.to_numpy().astype("<u8", copy=False)
    known = {} if is_first else _known(store, keys)
    changed = []
    for chatbot_id, key, first, end in zip(chatbots, keys, ends[:-1], ends[1:], strict=True):
        arrived = hashes[first:end]
        before = known.get(key)
        if before is not None:
            held = np.frombuffer(before, dtype="<u8")
            arrived = np.union1d(held, arrived)
        grown = len(arrived) - len(before or b"") // hashes.itemsize
        if grown or before is None:
            changed.append((key, arrived.tobytes()))
        added[chatbot_id][1] += before is None
        added[chatbot_id][2] += grown
    store.executemany("insert or replace into conversations values (?, ?)", changed)


def _known(store: sqlite3.Connection, keys: list[int]) -> dict[int, bytes]:
    """What was counted before of these conversations."""
    asked = "conversation_key in (select value from json_each(?))"
    rows = store.execute(f"select conversation_key, messages from conversations where {asked}", (json.dumps(keys),))
    return dict(rows.fetchall())


def _read(
    connection: duckdb.DuckDBPyConnection, home: Path, table: str, segments: set[str], columns: str, keys: str
) -> Iterator[pa.RecordBatch]:
    """Grouped rows of the organic traffic in the slices, in the order of their keys, in which they are stored."""
    files = [str(home / file.path) for file in committed_files(home, table) if file.segment_id in segments]
    if not files:
        return
    found = connection.execute(
        f"""
        select {columns} from read_parquet(?, hive_partitioning = false, union_by_name = true) as raw
        semi join slices
            on raw.segment_id = slices.segment_id and cast(raw.received_at as date) = slices.arrival_date
        where raw.traffic = 'organic'
        group by {keys}
        order by {keys}
        """,
        [files],
    )
    yield from found.to_arrow_reader(CONVERSATIONS_AT_A_TIME)


def _path(home: Path) -> Path:
    return home / "raw" / "counts.sqlite"
