"""What every published table, view, macro and column means: in words of the dbt project, which are quoted everywhere.

A model is described in its YAML, and every column and whatever is no model in the project's doc blocks.
"""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.publish.leaving_out import LEFT_OUT
from orchestration.publish.views import MONTHS, RISK_DAYS, TABLES, VIEWED

_UNIT = re.compile(r"\n\s*Unit: (?P<unit>.+?)\s*$", re.DOTALL)
# Whose columns' meanings a relation shares.
_COLUMNS_OF = (
    LEFT_OUT
    | {f"{table}_{period}": table for table in TABLES for period in VIEWED}
    | {view: table for table, view in MONTHS.items()}
    | {RISK_DAYS: "organization_risk"}
)


@dataclass(frozen=True)
class Column:
    """A published column: its SQL type, its meaning in words, and its unit where it has one."""

    name: str
    type: str
    meaning: str | None
    unit: str | None

    @property
    def comment(self) -> str | None:
        """Meaning and unit in one text."""
        return f"{self.meaning} Unit: {self.unit}." if self.meaning and self.unit else self.meaning


class Meanings:
    """The descriptions in a dbt manifest."""

    def __init__(self, dbt_manifest: Path) -> None:
        content = json.loads(dbt_manifest.read_text(encoding="utf-8"))
        own = [block for block in content["docs"].values() if block["package_name"] == "clientele"]
        self._blocks = {block["name"]: block["block_contents"].strip() for block in own}
        models = [node for node in content["nodes"].values() if node["resource_type"] == "model"]
        self._models = {model["name"]: _one_line(model["description"]) for model in models}

    def of_relation(self, name: str) -> str | None:
        """What a table, view or macro holds, and what may not be summed in it; None where nothing is said of it."""
        if name in LEFT_OUT and name != LEFT_OUT[name]:
            return f"{_one_line(self._blocks['left_out'])} {self.of_relation(LEFT_OUT[name])}"
        if (table := _COLUMNS_OF.get(name)) in TABLES and name not in MONTHS.values():
            period = name.removeprefix(f"{table}_")
            return " ".join(_one_line(self._blocks[block]) for block in (f"view__{table}", f"period__{period}"))
        block = self._blocks.get(f"relation__{name}")
        return _one_line(block) if block else self._models.get(name)

    def columns(self, relation: str, types: dict[str, str]) -> list[Column]:
        """A relation's columns; a block named table__column wins over one named after the column alone."""
        table = _COLUMNS_OF.get(relation, relation)
        columns = []
        for name, type_ in types.items():
            text = self._blocks.get(f"{table}__{name}") or self._blocks.get(name)
            unit = _UNIT.search(text) if text else None
            meaning = _one_line(_UNIT.sub("", text)) if text else None
            columns.append(Column(name, type_, meaning, unit["unit"] if unit else None))
        return columns


def write_comments(
    connection: duckdb.DuckDBPyConnection, meanings: Meanings, described: dict[str, list[Column]]
) -> None:
    """Comment on all tables, views and macros of the database in use; `described` has the columns of the former."""
    relations = connection.execute(
        """
        select 'table', table_name from duckdb_tables() where database_name = current_database() and not temporary
        union all
        select 'view', view_name from duckdb_views()
        where database_name = current_database() and not internal and not temporary
        union all
        select distinct if(function_type = 'macro', 'macro', 'macro table'), function_name from duckdb_functions()
        where database_name = current_database() and not internal
        """
    ).fetchall()
    connection.begin()
    for kind, name in relations:
        connection.execute(f"comment on {kind} {name} is {_literal(meanings.of_relation(name))}")
        for column in described[name] if kind in ("table", "view") else ():
            connection.execute(f'comment on column {name}."{column.name}" is {_literal(column.comment)}')
    connection.commit()


def parquet_metadata(
    connection: duckdb.DuckDBPyConnection, table: str, meaning: str | None, columns: list[Column]
) -> str:
    """The Arrow schema that a Parquet file of the table carries, as base64: every field with its `comment`."""
    schema = connection.execute(f"from {table} limit 0").to_arrow_table().schema
    comments = {column.name: {"comment": column.comment or ""} for column in columns}
    for number, field in enumerate(schema):
        schema = schema.set(number, field.with_metadata(comments[field.name]))
    schema = schema.with_metadata({"comment": meaning or ""})
    return base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _literal(text: str | None) -> str:
    return "null" if text is None else "'{}'".format(text.replace("'", "''"))
