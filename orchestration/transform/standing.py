"""What stands of the history from the runs before, handed to the models that carry it on.

A model reads it through `inputs`, because a mart that it leads to cannot be its source: each mart is built behind the
models that read it here, so what they see is never of their own run. Which part of it a run keeps is decided in the
models (`int_touched_attributes`, `dim_custom_values`).
"""

import duckdb

_VERSIONS = {
    "kind": "varchar",
    "entity_key": "bigint",
    "entity_id": "varchar",
    "chatbot_id": "varchar",
    "name": "varchar",
    "email": "varchar",
    "plan": "varchar",
    "industry": "varchar",
    "mrr": "decimal(18, 4)",
    "valid_from": "timestamp",
}
_CUSTOM_VALUES = {
    "kind": "varchar",
    "entity_key": "bigint",
    "entity_id": "varchar",
    "chatbot_id": "varchar",
    "field": "varchar",
    "value_type": "varchar",
    "text_value": "varchar",
    "number_value": "decimal(38, 9)",
    "boolean_value": "boolean",
    "valid_from": "timestamp",
}
_USERS = """
select 'user' as kind, user_key as entity_key, user_id as entity_id, chatbot_id, user_name as name, email, plan,
    industry, mrr, valid_from
from marts.dim_users
"""
_ORGANIZATIONS = """
select 'organization', organization_key, organization_id, chatbot_id, organization_name, null, plan, industry, mrr,
    valid_from
from marts.dim_organizations
"""


def hand_out_standing(connection: duckdb.DuckDBPyConnection) -> None:
    """Point the two views in `inputs` at the marts; each is empty where its marts are not built yet."""
    rows = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    built = {table for (table,) in rows}
    has_versions = {"dim_users", "dim_organizations"} <= built
    versions = f"{_USERS} union all {_ORGANIZATIONS}" if has_versions else _nothing(_VERSIONS)
    has_values = "dim_custom_values" in built
    values = (
        f"select {', '.join(_CUSTOM_VALUES)} from marts.dim_custom_values" if has_values else _nothing(_CUSTOM_VALUES)
    )
    connection.execute(f"create or replace view inputs.standing_versions as {versions}")
    connection.execute(f"create or replace view inputs.standing_custom_values as {values}")


def _nothing(columns: dict[str, str]) -> str:
    named = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
    return f"select {named} where false"
