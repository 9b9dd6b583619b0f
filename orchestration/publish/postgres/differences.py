"""Which rows of a snapshot's tables go to PostgreSQL: all, or those that are other than in the snapshot that it holds.

Works on snapshots alone. Writing them is in `publication.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.home.engine import open_memory
from orchestration.publish.postgres.connection import quoted
from orchestration.publish.postgres.definition import KEYS, Column, Definition, define, is_temporal

BATCH_ROWS = 65_536
# PostgreSQL has no text with the character NUL. Ids and attributes never hold it; a settings file or a path may.
NUL, INSTEAD = "chr(0)", "chr(65533)"


class Snapshots:
    """The snapshot that is published now, and perhaps the one before, attached side by side."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.definition: Definition = define(connection, "new")

    def count(self, table: str) -> int:
        """How many rows a table has now."""
        return self._number(f"select count(*) from new.{table}")

    def texts_with_nul(self) -> int:
        """How many texts PostgreSQL cannot hold as they are."""
        return sum(
            self._number(f"select {held} from new.{table}")
            for table, columns in self.definition.tables.items()
            if (held := " + ".join(f"count(*) filter (contains({one}, {NUL}))" for one in _texts(columns)))
        )

    def everything(self, table: str) -> pa.RecordBatchReader:
        """All rows of a table, to be read before anything else is asked."""
        columns = self.definition.tables[table]
        rows = self._connection.execute(_select(f"new.{table}", columns)).to_arrow_reader(BATCH_ROWS)
        schema = _in_utc(rows.schema, columns)
        return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in rows))

    def changed(self, table: str) -> tuple[pa.Table, pa.Table]:
        """The keys of rows that are gone or were other, and the rows that are new or other now."""
        columns = self.definition.tables[table]
        return (
            self._only_in("old", "new", table, [one for one in columns if one.name in KEYS[table]]),
            self._only_in("new", "old", table, columns),
        )

    def _only_in(self, side: str, other: str, table: str, columns: list[Column]) -> pa.Table:
        """Rows that one side alone has, told apart by key and hash: comparing every column took five times as long."""
        same = " and ".join(f"this.{name} is not distinct from that.{name}" for name in KEYS[table])
        rows = self._connection.execute(
            f"""
            with this as (select *, hash(one) as row_hash from {side}.{table} as one),
            that as (select {", ".join(KEYS[table])}, hash(one) as row_hash from {other}.{table} as one),
            alone as (select this.* from this anti join that on this.row_hash = that.row_hash and {same})
            {_select("alone", columns)}
            """
        ).to_arrow_table()
        return rows.cast(_in_utc(rows.schema, columns))

    def _number(self, sql: str) -> int:
        ((number,),) = self._connection.execute(sql).fetchall()
        return int(number)


@contextmanager
def opened(new: Path, old: Path | None, spill_in: Path) -> Iterator[Snapshots]:
    """The snapshots in these folders; what does not fit into memory is spilled below another."""
    with open_memory(spill_in) as connection:
        for name, folder in (("new", new), ("old", old)):
            if folder is not None:
                file = str(folder / "clientele.duckdb").replace("'", "''")
                connection.execute(f"attach '{file}' as {name} (read_only)")
        yield Snapshots(connection)


def _texts(columns: list[Column]) -> list[str]:
    return [quoted(one.name) for one in columns if one.type == "VARCHAR"]


def _select(relation: str, columns: list[Column]) -> str:
    texts = set(_texts(columns))
    chosen = (
        f"replace({name}, {NUL}, {INSTEAD}) as {name}" if (name := quoted(one.name)) in texts else name
        for one in columns
    )
    return f"select {', '.join(chosen)} from {relation}"


def _in_utc(schema: pa.Schema, columns: list[Column]) -> pa.Schema:
    """The schema with instants that say that they are UTC."""
    temporal = {one.name for one in columns if is_temporal(one)}
    zoned = pa.timestamp("us", tz="UTC")
    return pa.schema([one.with_type(zoned) if one.name in temporal else one for one in schema])
