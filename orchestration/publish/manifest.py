"""The machine-readable description of a snapshot: what it holds and what every column means."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

_UNIT = re.compile(r"\n\s*Unit: (?P<unit>.+?)\s*$", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """A published column: its SQL type, its meaning in words, and its unit where it has one."""

    name: str
    type: str
    meaning: str | None
    unit: str | None


def column_meanings(dbt_manifest: Path) -> dict[str, tuple[str, str | None]]:
    """Meaning and unit by doc block name, read from the dbt manifest of this project."""
    docs = json.loads(dbt_manifest.read_text(encoding="utf-8"))["docs"]
    meanings = {}
    for block in docs.values():
        if block["package_name"] == "clientele":
            text = block["block_contents"].strip()
            unit = _UNIT.search(text)
            meaning = " ".join(_UNIT.sub("", text).split())
            meanings[block["name"]] = (meaning, unit["unit"] if unit else None)
    return meanings


def describe(table: str, types: dict[str, str], meanings: dict[str, tuple[str, str | None]]) -> list[Column]:
    """The columns of a table; a block named table__column wins over one named after the column alone."""
    columns = []
    for name, type_ in types.items():
        meaning, unit = meanings.get(f"{table}__{name}") or meanings.get(name) or (None, None)
        columns.append(Column(name, type_, meaning, unit))
    return columns


def write_manifest(
    path: Path,
    *,
    snapshot_id: str,
    built_at: str,
    data_through: str | None,
    source: str,
    columns: dict[str, list[Column]],
    rows: dict[str, int],
    checks: list[str],
) -> None:
    """Write `manifest.json`: instants are ISO 8601 in UTC; `rows` is given for stored tables only."""
    tables = {
        table: ({"rows": rows[table]} if table in rows else {}) | {"columns": [asdict(one) for one in described]}
        for table, described in columns.items()
    }
    content = {
        "snapshot_id": snapshot_id,
        "built_at": built_at,
        "data_through": data_through,
        "source": source,
        "tables": tables,
        "checks": [{"name": name, "passed": True} for name in checks],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(published: Path) -> dict[str, object] | None:
    """The current snapshot's manifest; None where nothing is published."""
    path = published / "current" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
