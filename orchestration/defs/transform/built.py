"""What the catalog learns of each model that a run built: its rows, and which columns each column is made of.

dagster-dbt's own way asks an adapter, which needs the warehouse to itself for each model; here one statement behind
the run of dbt tells both. Column lineage is that library's: it takes seconds and changes with the models alone, so it
is kept beside the manifest.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata
from dagster_dbt.dbt_manifest import validate_manifest

from orchestration.transform.warehouse import connect

Columns = dict[str, dict[str, dict[str, str]]]  # by relation and column: what dagster-dbt calls column metadata
Lineage = dict[str, dict[str, list[tuple[list[str], str]]]]  # by model and column: the parents' asset keys and columns
LINEAGE = "column_lineage.json"


def described(
    events: list[Any],
    warehouse: Path,
    manifest: Path,
    compiled: Path,
    fingerprint: str,
    translator: DagsterDbtTranslator,
) -> Iterator[Any]:
    """The events of a run of dbt, those of models with row count and column lineage as metadata.

    `compiled` is the target folder of the run; `fingerprint` is of the models' SQL.
    """
    nodes = validate_manifest(manifest)
    rows, columns = _look(warehouse)
    built = {
        event.output_name: nodes["nodes"][event.metadata["unique_id"].value]
        for event in events
        if isinstance(event, dg.Output)
    }
    lineage = _kept_lineage(manifest.with_name(LINEAGE), fingerprint)
    missing = [node for node in built.values() if node["unique_id"] not in lineage]
    for node in missing:
        lineage[node["unique_id"]] = _lineage_of(node, nodes, columns, compiled, translator)
    if missing:
        draft = manifest.with_name(f".{LINEAGE}.{os.getpid()}")
        draft.write_text(json.dumps({"fingerprint": fingerprint, "models": lineage}), encoding="utf-8")
        os.replace(draft, manifest.with_name(LINEAGE))
    for event in events:
        if not isinstance(event, dg.Output):
            yield event
            continue
        node = built[event.output_name]
        deps = {
            column: [dg.TableColumnDep(dg.AssetKey(key), name) for key, name in made_of]
            for column, made_of in lineage[node["unique_id"]].items()
        }
        count = rows.get(node["relation_name"])  # views have none
        counted = {} if count is None else {"dagster/row_count": count}
        yield event.with_metadata(
            {**event.metadata, **counted, "dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}
        )


def _look(warehouse: Path) -> tuple[dict[str, int], Columns]:
    """Rows of every table, and the columns of every table and view, by the name that dbt gives a relation."""
    with connect(warehouse, read_only=True) as connection:
        relation = (
            "concat_ws('.', '\"' || table_catalog || '\"', '\"' || table_schema || '\"', '\"' || table_name || '\"')"
        )
        columns: Columns = {}
        for name, column, data_type in connection.execute(
            f"select {relation}, column_name, data_type from information_schema.columns"
        ).fetchall():
            columns.setdefault(name, {})[column] = {"data_type": data_type}
        tables = connection.execute(
            f"select {relation} from information_schema.tables where table_type = 'BASE TABLE'"
        ).fetchall()
        counts = " union all ".join(f"select '{name}', count(*) from {name}" for (name,) in tables)
        return dict(connection.execute(counts).fetchall()), columns


def _kept_lineage(path: Path, fingerprint: str) -> Lineage:
    """What is known of these models; nothing where the file is of others, or is none."""
    try:
        known = json.loads(path.read_bytes())
        return known["models"] if known["fingerprint"] == fingerprint else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _lineage_of(
    node: Mapping[str, Any],
    nodes: Mapping[str, Any],
    columns: Columns,
    compiled: Path,
    translator: DagsterDbtTranslator,
) -> dict[str, list[tuple[list[str], str]]]:
    parents = [(nodes["nodes"] | nodes["sources"])[name]["relation_name"] for name in node["depends_on"]["nodes"]]
    history = EventHistoryMetadata(
        columns=columns.get(node["relation_name"], {}), parents={name: columns.get(name, {}) for name in parents}
    )
    metadata = _build_column_lineage_metadata(history, dict(node), nodes, translator, compiled, None)
    found = metadata.get("dagster/column_lineage")
    deps = found.deps_by_column if found else {}
    return {
        column: sorted((list(dep.asset_key.path), dep.column_name) for dep in made_of)
        for column, made_of in deps.items()
    }
