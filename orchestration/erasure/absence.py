"""The proof of an erasure: looks for what is left of anyone erased, in everything that the data home holds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.erasure.inbox import erased_lines
from orchestration.erasure.names import ErasedNames
from orchestration.erasure.tombstones import KINDS, REMOVED, Tombstones, read_tombstones
from orchestration.extract.landing.ledger import committed_files, states
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.extract.scoring import score_file_of

KEYS = {"user_key": "user", "organization_key": "organization", "conversation_key": REMOVED}


def traces(home: Path, warehouse: Path, published: Path, looking_at: Callable[[str], None] | None = None) -> list[str]:
    """A sentence for each place that still holds something of anyone erased; empty when the absence is proved."""
    erased = read_tombstones(home)
    if not erased:
        return []
    tell = looking_at or (lambda _: None)
    found: list[str] = []
    for where, look in (
        ("raw", lambda: _in_raw(home, erased)),
        ("quarantine", lambda: _in_quarantine(home, erased)),
        ("the inbox", lambda: _in_inbox(home, erased)),
        ("the warehouse", lambda: in_database(warehouse, erased)),
        ("published snapshots", lambda: in_snapshots(published, erased)),
    ):
        tell(where)
        found += look()
    return found


def in_snapshots(published: Path, erased: Tombstones) -> list[str]:
    """What every kept snapshot still shows: their DuckDB and Parquet files hold the same rows."""
    files = sorted((published / "snapshots").glob("*/clientele.duckdb"))
    return [trace for file in files for trace in in_database(file, erased)]


def in_database(file: Path, erased: Tombstones) -> list[str]:
    """Tables of a DuckDB file in which a key of someone erased stands."""
    if not file.exists():
        return []
    found = []
    keys = {column: _array(_keys(erased, column)) for column in (*KEYS, "entity_key")}
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " semi join duckdb_tables() using (database_name, schema_name, table_name)"
            " where database_name = current_database() and column_name in (select unnest(?)) order by all",
            [list(keys)],
        ).fetchall()
        for schema, table, column in columns:
            connection.register("erased_keys", pa.table({"key": keys[column]}))
            query = f'select count(*) from "{schema}"."{table}" where {column} in (select key from erased_keys)'
            (rows,) = connection.execute(query).fetchall()[0]
            if rows:
                found.append(f"{file}: {rows:,} rows of {schema}.{table} have the {column} of someone erased.")
    return found


def _in_raw(home: Path, erased: Tombstones) -> Iterator[str]:
    counted = _array(erased.conversation_keys - erased.conversations[REMOVED])
    for table in RAW_TABLES:
        for file in committed_files(home, table):
            path = home / file.path
            scores = [score_file_of(home, path)] if table == "messages" else []
            for one in (path, *(score_file for score_file in scores if score_file.exists())):
                rows = pq.read_table(one, columns=[name for name in pq.read_schema(one).names if name in KEYS])
                for column in rows.column_names:
                    count = pc.sum(pc.is_in(rows[column], _array(_keys(erased, column)))).as_py()
                    if count:
                        yield f"{one}: {count:,} rows have the {column} of someone erased."
            if table == "messages":
                texts = pq.read_table(path, columns=["conversation_key", "content"])
                count = pc.sum(pc.and_(pc.is_in(texts["conversation_key"], counted), pc.is_valid(texts["content"])))
                if count.as_py():
                    yield f"{path}: {count.as_py():,} messages of a conversation kept as a count still have their text."


def _in_quarantine(home: Path, erased: Tombstones) -> Iterator[str]:
    names = ErasedNames(erased)
    for file in committed_files(home, "quarantine"):
        for row in pq.read_table(home / file.path, columns=["source_file", "source_line", "line"]).to_pylist():
            if names.are_in(row["line"]):
                place = f"{row['source_file']}:{row['source_line']}"
                yield f"{home / file.path}: the quarantined line {place} is about someone erased."


def _in_inbox(home: Path, erased: Tombstones) -> Iterator[str]:
    names = ErasedNames(erased)
    for source_file in sorted(state.read_as for state in states(home).values()):
        if lines := erased_lines(home, source_file, 1, names):
            yield f"inbox/{source_file}: {len(lines):,} lines are about someone erased, the first is line {min(lines)}."


def _keys(erased: Tombstones, column: str) -> frozenset[int]:
    if column == "conversation_key":
        return erased.conversations[REMOVED]
    if column == "entity_key":
        return frozenset().union(*(erased.entities[kind] for kind in KINDS))
    return frozenset(erased.entities[KEYS[column]])


def _array(keys: frozenset[int]) -> pa.Array:
    return pa.array(sorted(keys), pa.int64())
