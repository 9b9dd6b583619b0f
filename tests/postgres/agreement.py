"""Whether PostgreSQL says what the published snapshot says: digit for digit, as multisets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publish.snapshot import TABLES
from tests.support.postgres import Database, plain


def snapshot_rows(published: Path, sql: str, *values: Any) -> list[tuple]:
    """Rows of the current snapshot, as `plain` writes them."""
    with duckdb.connect(str((published / "current.duckdb").resolve()), read_only=True) as connection:
        return [plain(row) for row in connection.execute(sql, values).fetchall()]


def assert_same_tables(database: Database, published: Path, schema: str = "clientele") -> int:
    """Every table has the same columns and rows; returns how many rows there are."""
    count = 0
    for table in TABLES:
        wanted = snapshot_rows(published, f"from {table}")
        assert_same_rows(wanted, database.query(f'select * from "{schema}".{table}'), table)
        count += len(wanted)
    return count


def assert_same_rows(wanted: Sequence[tuple], found: Sequence[tuple], what: object = None) -> None:
    """Equal as multisets: text for text, digit for digit, and the same doubles."""
    assert sorted(map(repr, found)) == sorted(map(repr, wanted)), what
