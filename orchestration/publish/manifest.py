"""The machine-readable description of a snapshot: what it holds and what every column means."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from orchestration.publish.meanings import Column


@dataclass(frozen=True)
class Relation:
    """A table, view or macro of the snapshot: its rows are counted where it is a table."""

    kind: str
    meaning: str | None
    columns: list[Column]
    rows: int | None = None


def write_manifest(
    path: Path,
    *,
    snapshot_id: str,
    built_at: str,
    data_through: str | None,
    source: str,
    relations: dict[str, Relation],
    checks: list[str],
    file: dict[str, object],
) -> None:
    """Write `manifest.json`: instants are ISO 8601 in UTC; `rows` is given for stored tables only.

    `file` is what `carrying.py` wants to know of the DuckDB file when the next snapshot is made.
    """
    tables = {
        name: {"kind": one.kind, "meaning": one.meaning}
        | ({} if one.rows is None else {"rows": one.rows})
        | {"columns": one.columns}
        for name, one in relations.items()
    }
    content = {
        "snapshot_id": snapshot_id,
        "built_at": built_at,
        "data_through": data_through,
        "source": source,
        "tables": tables,
        "file": file,
        "checks": [{"name": name, "passed": True} for name in checks],
    }
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_manifest(published: Path) -> dict[str, Any] | None:
    """The current snapshot's manifest; None where nothing is published."""
    path = published / "current" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
