"""The marts of a new snapshot from those of the one before: a copy of its file, in which what was touched is replaced.

So the cost of a publication follows what changed. Where that cannot be known, or more was decided than the warehouse
tells (`exclude.csv`), `leaving_out.py` writes the marts whole. What was touched is kept in `transform/touched.py`; it
may hold more than what changed, never less, and the hashes of all rows say in the end whether that was so.

A carried table holds the rows of a whole one, but not in its order: what was replaced stands at its end.
"""

import shutil
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publish.leaving_out import LEFT_OUT
from orchestration.transform.seal import look

# The order in which a whole mart is stored.
ORDERS = {
    "fct_conversation_days": "chatbot_id, activity_date, conversation_id",
    "fct_user_days": "chatbot_id, activity_date, user_id",
    "fct_organization_days": "chatbot_id, activity_date, organization_id",
    "dim_users": "chatbot_id, user_id, valid_from",
    "dim_organizations": "chatbot_id, organization_id, valid_from",
    "dim_custom_values": "chatbot_id, field, kind, entity_id, valid_from",
}
_WHOLE_ANEW = {"custom_fields": "chatbot_id, field", "chatbots": "chatbot_id"}
# Replaced rows leave gaps: a file that has grown so much since it was written whole is written whole again.
_MOST_GROWTH = 1.25

_CONVERSATIONS = "conversation_key in (select entity_key from touched where kind = 'conversation')"
_TOUCHED_ROWS = {
    "fct_conversation_days": _CONVERSATIONS,
    "fct_user_days": "(user_key, activity_date) in (select (user_key, activity_date) from touched_days)",
    "fct_organization_days": (
        "(organization_key, activity_date) in (select (organization_key, activity_date) from touched_days)"
    ),
    "dim_users": "user_key in (select entity_key from touched where kind = 'user')",
    "dim_organizations": "organization_key in (select entity_key from touched where kind = 'organization')",
    "dim_custom_values": "(kind, entity_key) in (select (kind, entity_key) from touched)",
}


def written_whole(file: Path) -> dict[str, Any]:
    """What the manifest keeps of a DuckDB file whose marts were written whole."""
    return {"look": look(file), "whole_size": file.stat().st_size}


def carried_on(file: Path, before: dict[str, Any]) -> dict[str, Any]:
    """What the manifest keeps of a file whose marts were carried on; `before` is what it kept of the one before."""
    return {"look": look(file), "whole_size": before["whole_size"]}


def can_carry(previous: Path, kept: object) -> bool:
    """Whether a previous snapshot's DuckDB file is as it was published, and not much larger than when written whole."""
    if not isinstance(kept, dict) or not previous.exists() or kept.get("look") != look(previous):
        return False
    return previous.stat().st_size <= _MOST_GROWTH * float(kept["whole_size"])


def carry_on(connection: duckdb.DuckDBPyConnection, previous: Path, file: Path, marts: str) -> bool:
    """Make `file` from a copy of the previous snapshot's, attached as `snapshot` and in use; without success, nothing.

    `marts` is the schema of the newest marts, as SQL.
    """
    shutil.copyfile(previous, file)
    connection.execute("attach '{}' as snapshot (storage_version 'v1.0.0')".format(str(file).replace("'", "''")))
    connection.execute("use snapshot")
    if carry_marts(connection, marts):
        return True
    connection.execute("use memory")
    connection.execute("detach snapshot")
    file.unlink()
    return False


def carry_marts(connection: duckdb.DuckDBPyConnection, marts: str) -> bool:
    """Replace what is `touched` (a temporary table) in the copy in use; whether it then holds the rows of the marts.

    Of the copy, the marts and the empty tables of what is left out stay. All else is dropped, to be made anew.
    """
    connection.begin()
    _drop_all_but(connection, {*ORDERS, *LEFT_OUT})
    connection.execute(
        f"""
        create or replace temp table touched_days as
        select distinct activity_date, user_key, organization_key
        from (
            from fct_conversation_days where {_CONVERSATIONS}
            union all by name
            from {marts}.fct_conversation_days where {_CONVERSATIONS}
        )
        """
    )
    for table, is_touched in _TOUCHED_ROWS.items():
        connection.execute(f"delete from {table} where {is_touched}")
        connection.execute(
            f"insert into {table} by name select * from {marts}.{table} where {is_touched} order by {ORDERS[table]}"
        )
    for table, order in _WHOLE_ANEW.items():
        connection.execute(f"create table {table} as select * from {marts}.{table} order by {order}")
    connection.commit()
    return all(_sum_of(connection, table) == _sum_of(connection, f"{marts}.{table}") for table in ORDERS)


def _sum_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """The number of a table's rows and the sum of their hashes, which no order changes."""
    ((rows, hashes),) = connection.execute(
        f"select count(*), sum(cast(hash(one) as hugeint)) from {table} as one"
    ).fetchall()
    return rows, hashes


def _drop_all_but(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    """Drop every macro, view and other table of the database in use."""
    found = connection.execute(
        """
        select distinct if(function_type = 'table_macro', 'macro table', 'macro') as kind, function_name as name
        from duckdb_functions() where database_name = current_database() and not internal
        union all
        select 'view', view_name from duckdb_views() where database_name = current_database() and not internal
        union all
        select 'table', table_name from duckdb_tables() where database_name = current_database() and not internal
        """
    ).fetchall()
    for kind, name in found:
        if name not in tables:
            connection.execute(f'drop {kind} "{name}"')
