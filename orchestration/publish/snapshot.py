"""Publishing: marts -> an immutable snapshot -> the pointer that consumers follow. Reads the warehouse, never raw text.

`<published>/snapshots/<id>/` holds the DuckDB file, the Parquet files and the manifest; `current` links to the newest,
and `current.duckdb` leads through `current`, so that one atomic swap moves both.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.erasure.tombstones import NOBODY, Tombstones
from orchestration.errors import PipelineError
from orchestration.identity.exclusions import Exclusion
from orchestration.identity.suggestions import add_normalised
from orchestration.publish.changes import write_changes
from orchestration.publish.leaving_out import LEAVING_OUT, LEFT_OUT, MARTS, write_marts
from orchestration.publish.manifest import column_meanings, describe, read_manifest, write_manifest
from orchestration.publish.pointer import point_at
from orchestration.publish.raw_counts import Expected
from orchestration.publish.reconcile import RECONCILED, Reconciliation, Unreconciled, reconcile
from orchestration.publish.verify import CHECKS
from orchestration.transform.touched import mark_published
from orchestration.transform.warehouse import Build

MACROS = Path(__file__).with_name("table_macros.sql")
QUALITY = Path(__file__).with_name("data_quality.sql")


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot: its id, folder, number of rows by table, size in bytes, and how it agrees with raw."""

    snapshot_id: str
    folder: Path
    rows: dict[str, int]
    size: int
    reconciliation: Reconciliation


def source_of(build: Build, exclusions: Sequence[Exclusion] = ()) -> str:
    """What a snapshot was made from: the build of the warehouse, what is left out, and the SQL of its own tables."""
    digest = blake2b(repr(sorted(map(astuple, exclusions))).encode(), digest_size=6)
    for sql in (MACROS, QUALITY, LEAVING_OUT):
        digest.update(sql.read_bytes())
    return f"{build.build_id}-{digest.hexdigest()}"


def is_published(published: Path, build: Build, exclusions: Sequence[Exclusion] = ()) -> bool:
    """Whether the current snapshot already shows this build, without what is left out."""
    manifest = read_manifest(published)
    return manifest is not None and manifest["source"] == source_of(build, exclusions)


def publish(
    warehouse: Path,
    published: Path,
    receipts: pa.Table,
    input_files: pa.Table,
    build: Build,
    dbt_manifest: Path,
    *,
    expected: Expected,
    keep: int,
    erased: Tombstones = NOBODY,
    exclusions: Sequence[Exclusion] = (),
) -> Snapshot:
    """Write a snapshot, check it in a fresh process, move the pointer to it, and drop all but the newest `keep`.

    Snapshots from before the last erasure are dropped too.

    Raises PipelineError, with the old snapshot still in place, when a check fails, and Unreconciled when it does not
    hold what raw says.
    """
    built_at = datetime.now(UTC)
    snapshot_id = _id_of(built_at)
    snapshots = published / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    for unfinished in snapshots.glob(".*"):
        shutil.rmtree(unfinished)
    draft = snapshots / f".{snapshot_id}"
    draft.mkdir()
    rows, types = _write_tables(
        draft, warehouse, published, receipts, input_files, snapshot_id, built_at, build, erased, exclusions
    )
    _verify(draft, rows)
    previous = published.resolve() / "current" / "clientele.duckdb" if read_manifest(published) else None
    reconciliation = reconcile(draft / "clientele.duckdb", warehouse, previous, expected)
    if reconciliation.faults:
        raise Unreconciled(reconciliation)
    meanings = column_meanings(dbt_manifest)
    write_manifest(
        draft / "manifest.json",
        snapshot_id=snapshot_id,
        built_at=_iso(built_at),
        data_through=f"{build.data_through.replace(' ', 'T')}Z" if build.data_through else None,
        source=source_of(build, exclusions),
        columns={table: describe(LEFT_OUT.get(table, table), columns, meanings) for table, columns in types.items()},
        rows=rows,
        checks=["every table and Parquet file has the rows that were written", *CHECKS, *RECONCILED],
    )
    size = sum(path.stat().st_size for path in draft.iterdir())
    for path in draft.iterdir():
        _sync(path)
    folder = snapshots / snapshot_id
    draft.rename(folder)
    point_at(published, snapshot_id)
    mark_published(warehouse, build.build_id)
    newest = sorted(path.name for path in snapshots.iterdir())[-keep:]
    for old in snapshots.iterdir():
        if old.name not in newest or (erased.erased_at and old.name < _id_of(erased.erased_at)):
            shutil.rmtree(old)
    return Snapshot(snapshot_id, folder, rows, size, reconciliation)


def _write_tables(
    draft: Path,
    warehouse: Path,
    published: Path,
    receipts: pa.Table,
    input_files: pa.Table,
    snapshot_id: str,
    built_at: datetime,
    build: Build,
    erased: Tombstones,
    exclusions: Sequence[Exclusion],
) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
    """Fill the draft; returns the rows by stored table and the column types by table and macro."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
        connection.execute(f"attach '{_quoted(draft / 'clientele.duckdb')}' as snapshot (storage_version 'v1.0.0')")
        add_normalised(connection)
        connection.execute("use snapshot")
        write_marts(connection, "warehouse.marts", exclusions)
        connection.execute("create table snapshot.receipts as select * from receipts")
        connection.execute("create table snapshot.input_files as select * from input_files")
        connection.execute(
            "create table snapshot.snapshot_info as select cast(? as varchar) as snapshot_id,"
            " cast(? as timestamp) as built_at, cast(? as timestamp) as data_through",
            [snapshot_id, built_at.replace(tzinfo=None), build.data_through],
        )
        before = read_manifest(published)
        write_changes(
            connection,
            published.resolve() / "current" / "clientele.duckdb" if before else None,
            previous_build=str(before["source"]).rpartition("-")[0] if before else None,
            run_id=build.build_id,
            published_at=built_at.replace(tzinfo=None),
            erased=erased,
        )
        connection.execute(QUALITY.read_text(encoding="utf-8"))
        connection.execute(MACROS.read_text(encoding="utf-8"))
        tables = [*MARTS, *LEFT_OUT, "data_quality", "refresh_changes", "receipts", "input_files", "snapshot_info"]
        rows = {}
        for table in tables:
            connection.execute(
                f"copy {table} to '{_quoted(draft / f'{table}.parquet')}' (format parquet, compression zstd)"
            )
            rows[table] = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
        shown = {
            "organizations": "organizations('', null, null)",
            "users": "users('', null, null)",
            "custom_values": "custom_values('', 'user', null)",
        }
        types = {
            name: {column: type_ for column, type_, *_ in connection.execute(f"describe from {relation}").fetchall()}
            for name, relation in (shown | {table: table for table in tables}).items()
        }
    return rows, types


def _verify(draft: Path, rows: dict[str, int]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "orchestration.publish.verify", str(draft), json.dumps(rows)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    faults = json.loads(checked.stdout) if checked.returncode == 0 else [checked.stderr.strip().splitlines()[-1]]
    if faults:
        raise PipelineError(
            "The new snapshot failed its checks and was not published; the previous one stays. " + "; ".join(faults)
        )


def _id_of(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%S.%fZ")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
