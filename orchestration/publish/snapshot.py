"""Publishing: marts -> an immutable snapshot -> the pointer that consumers follow. Reads the warehouse, never raw text.

`<published>/snapshots/<id>/` holds the DuckDB file, the Parquet files and the manifest; `current` links to the newest,
and `current.duckdb` leads through `current`, so that one atomic swap moves both.
"""

import shutil
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.erasure.tombstones import NOBODY, Tombstones
from orchestration.errors import PipelineError
from orchestration.home.clock import snapshot_name, time_behind
from orchestration.home.durable import make_durable
from orchestration.home.engine import open_memory
from orchestration.home.labels import Label
from orchestration.identity.exclusions import Exclusion
from orchestration.identity.suggestions import add_normalised
from orchestration.publish.carrying import ORDERS, can_carry, carried_on, carry_on, written_whole
from orchestration.publish.changes import write_changes
from orchestration.publish.labelling import write_labels
from orchestration.publish.leaving_out import LEAVING_OUT, LEFT_OUT, MARTS, write_marts
from orchestration.publish.manifest import Relation, read_manifest, write_manifest
from orchestration.publish.meanings import Meanings, parquet_metadata, write_comments
from orchestration.publish.pointer import point_at
from orchestration.publish.raw_counts import Expected
from orchestration.publish.reconcile import RECONCILED, Reconciliation, Unreconciled, reconcile
from orchestration.publish.verify import CHECKS, failures
from orchestration.publish.views import PERIODS_SQL, RISK_SQL, views, write_views
from orchestration.publish.zone_offsets import write_zone_offsets
from orchestration.transform.touched import mark_published, touched_since
from orchestration.transform.warehouse import Build

DATABASE = "clientele.duckdb"
MACROS = Path(__file__).with_name("table_macros.sql")
QUALITY = Path(__file__).with_name("data_quality.sql")
TABLES = (
    *MARTS,
    *LEFT_OUT,
    "data_quality",
    "refresh_changes",
    "receipts",
    "input_files",
    "snapshot_info",
    "zone_offsets",
)
# A call of each macro that is listed, to learn its columns.
CALLS = {
    "organizations": "organizations(null, null, null)",
    "users": "users(null, null, null)",
    "custom_values": "custom_values(null, 'user', null)",
    "conversations_in_range": "conversations_in_range(null, null, null)",
    "organization_risk": "organization_risk(null, null, null)",
}


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot: its id, folder, number of rows by table, size in bytes, and how it agrees with raw."""

    snapshot_id: str
    folder: Path
    rows: dict[str, int]
    size: int
    reconciliation: Reconciliation


def source_of(build: Build, exclusions: Sequence[Exclusion] = (), labels: Sequence[Label] = ()) -> str:
    """What a snapshot was made from: the build of the warehouse, what people decided, and the SQL of its own tables."""
    digest = blake2b(digest_size=6)
    for decided in (exclusions, labels):
        digest.update(repr(sorted(map(astuple, decided))).encode())
    for sql in (MACROS, QUALITY, LEAVING_OUT, PERIODS_SQL, RISK_SQL):
        digest.update(sql.read_bytes())
    digest.update("".join(views().values()).encode())
    return f"{build.build_id}-{digest.hexdigest()}"


def is_published(
    published: Path, build: Build, exclusions: Sequence[Exclusion] = (), labels: Sequence[Label] = ()
) -> bool:
    """Whether the current snapshot already shows this build, without what is left out, and with these labels."""
    manifest = read_manifest(published)
    return manifest is not None and manifest["source"] == source_of(build, exclusions, labels)


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
    labels: Sequence[Label] = (),
) -> Snapshot:
    """Write a snapshot, open it anew and check it, move the pointer to it, and drop all but the newest `keep`.

    Snapshots from before the last erasure are dropped too.

    Raises PipelineError, with the old snapshot still in place, when a check fails, and Unreconciled when it does not
    hold what raw says.
    """
    snapshots = published / "snapshots"
    built_at = time_behind(snapshots)
    snapshot_id = snapshot_name(built_at)
    snapshots.mkdir(parents=True, exist_ok=True)
    for unfinished in snapshots.glob(".*"):
        shutil.rmtree(unfinished)
    draft = snapshots / f".{snapshot_id}"
    draft.mkdir()
    relations, file = _write_tables(
        draft,
        warehouse,
        published,
        receipts,
        input_files,
        snapshot_id,
        built_at,
        build,
        erased,
        exclusions,
        labels,
        Meanings(dbt_manifest),
    )
    rows = {name: one.rows for name, one in relations.items() if one.rows is not None}
    if faults := failures(draft, rows):
        raise PipelineError(
            "The new snapshot failed its checks and was not published; the previous one stays. " + "; ".join(faults)
        )
    previous = published.resolve() / "current" / DATABASE if read_manifest(published) else None
    reconciliation = reconcile(draft / DATABASE, warehouse, previous, expected)
    if reconciliation.faults:
        raise Unreconciled(reconciliation)
    write_manifest(
        draft / "manifest.json",
        snapshot_id=snapshot_id,
        built_at=_iso(built_at),
        data_through=f"{build.data_through.replace(' ', 'T')}Z" if build.data_through else None,
        source=source_of(build, exclusions, labels),
        relations=relations,
        checks=[
            "every table and Parquet file has the rows that were written",
            "every view can be read",
            *CHECKS,
            *RECONCILED,
        ],
        file=file,
    )
    size = sum(path.stat().st_size for path in draft.iterdir())
    for path in draft.iterdir():
        make_durable(path)
    folder = snapshots / snapshot_id
    draft.rename(folder)
    point_at(published, snapshot_id)
    mark_published(warehouse, build.build_id)
    newest = sorted(path.name for path in snapshots.iterdir())[-keep:]
    for old in snapshots.iterdir():
        if old.name not in newest or (erased.erased_at and old.name < snapshot_name(erased.erased_at)):
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
    labels: Sequence[Label],
    meanings: Meanings,
) -> tuple[dict[str, Relation], dict[str, Any]]:
    """Fill the draft; returns what it holds by name, and what the manifest keeps of its DuckDB file."""
    file = draft / DATABASE
    before = read_manifest(published) or {}
    previous = published.resolve() / "current" / DATABASE
    previous_build, _, previous_decisions = before.get("source", "").rpartition("-")
    with open_memory(warehouse.parent) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
        add_normalised(connection)
        only_touched = touched_since(connection, previous_build or None)
        same_decisions = previous_decisions == source_of(build, exclusions, labels).rpartition("-")[2]
        is_carried = (
            only_touched
            and same_decisions
            and not exclusions
            and can_carry(previous, before.get("file"))
            and carry_on(connection, previous, file, "warehouse.marts")
        )
        if not is_carried:
            connection.execute(f"attach '{_quoted(file)}' as snapshot (storage_version 'v1.0.0')")
            connection.execute("use snapshot")
            write_marts(connection, "warehouse.marts", exclusions)
        write_labels(connection, labels)
        connection.execute("create table snapshot.receipts as select * from receipts")
        connection.execute("create table snapshot.input_files as select * from input_files")
        connection.execute(
            "create table snapshot.snapshot_info as select cast(? as varchar) as snapshot_id,"
            " cast(? as timestamp) as built_at, cast(? as timestamp) as data_through",
            [snapshot_id, built_at.replace(tzinfo=None), build.data_through],
        )
        write_changes(
            connection,
            previous if before else None,
            only_touched=only_touched,
            run_id=build.build_id,
            published_at=built_at.replace(tzinfo=None),
            erased=erased,
        )
        connection.execute(QUALITY.read_text(encoding="utf-8"))
        through = datetime.fromisoformat(f"{build.data_through}Z") if build.data_through else None
        write_zone_offsets(connection, built_at, through)
        connection.execute(MACROS.read_text(encoding="utf-8"))
        write_views(connection)
        relations = _described(connection, meanings)
        write_comments(connection, meanings, {name: one.columns for name, one in relations.items()})
        for table in TABLES:
            fields = parquet_metadata(connection, table, relations[table].meaning, relations[table].columns)
            ordered = f"from {table} order by {ORDERS[table]}" if is_carried and table in ORDERS else f"from {table}"
            connection.execute(
                f"copy ({ordered}) to '{_quoted(draft / f'{table}.parquet')}'"
                f" (format parquet, compression zstd, kv_metadata {{'ARROW:schema': '{fields}'}})"
            )
    return relations, carried_on(file, before["file"]) if is_carried else written_whole(file)


def _described(connection: duckdb.DuckDBPyConnection, meanings: Meanings) -> dict[str, Relation]:
    """What the snapshot in use holds: macros, views and tables, with their columns, and the rows of the tables."""
    relations = {}
    kinds = (
        dict.fromkeys(CALLS, "macro") | dict.fromkeys(("periods", *views()), "view") | dict.fromkeys(TABLES, "table")
    )
    for name, kind in kinds.items():
        described = connection.execute(f"describe from {CALLS.get(name, name)}").fetchall()
        columns = meanings.columns(name, {column: type_ for column, type_, *_ in described})
        rows = connection.execute(f"select count(*) from {name}").fetchall()[0][0] if kind == "table" else None
        relations[name] = Relation(kind, meanings.of_relation(name), columns, rows)
    return relations


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
