"""What the runs since the last publication touched, and why: kept in the warehouse for the ledger of changes.

The models hold the touched sets of the newest run only. A run that commits and does not publish, or that crashes behind
its first mart, changed what the next publication shows: `keep_touched` saves its sets before the next run replaces
them. The sets may hold more than what changed, never less; what really changed is found in `publish/changes.py`.
"""

from pathlib import Path

import duckdb

from orchestration.home.engine import open_database
from orchestration.transform.seal import writing

_SCHEMA = """
create schema if not exists state;
create table if not exists state.touched (kind varchar, entity_key bigint, reason varchar);
-- The build that was published last, and the number of runs that began since.
create table if not exists state.published (build_id varchar, runs_since integer);
"""
_SETS = """
select count(*) from duckdb_tables()
where database_name = current_database() and schema_name = 'intermediate'
    and table_name in ('int_touched_conversations', 'int_touched_entities')
"""


def newest_touched(catalog: str = "") -> str:
    """SQL for what the newest run touched: conversations with its reasons, entities with what may have changed them.

    `catalog` is empty, or the name of an attached warehouse with a dot behind.
    """
    return f"""
        select 'conversation' as kind, conversation_key as entity_key, reason
        from {catalog}intermediate.int_touched_conversations
        union all
        select touched.kind, touched.entity_key, if(changed.entity_key is null, 'attribute', 'identity')
        from {catalog}intermediate.int_touched_entities as touched
        left join {catalog}inputs.changed_entities as changed
            on touched.kind = changed.kind and touched.entity_key = changed.entity_key
    """


def keep_touched(connection: duckdb.DuckDBPyConnection) -> None:
    """Save what the run before this one touched, unless it was published. Call it before its inputs are replaced."""
    connection.execute(_SCHEMA)
    has_sets = connection.execute(_SETS).fetchone() == (2,)
    is_settled = connection.execute("select 1 from state.published where runs_since = 0").fetchone() is not None
    connection.begin()
    if has_sets and not is_settled:
        connection.execute(f"insert into state.touched ({newest_touched()}) except select * from state.touched")
    connection.execute("update state.published set runs_since = runs_since + 1")
    connection.commit()


def touched_since(connection: duckdb.DuckDBPyConnection, published_build: str | None) -> bool:
    """Make the temporary table `touched` (kind, entity_key, reason) from an attached `warehouse`.

    Returns whether it holds everything that was touched since `published_build`; if not, anything may have changed.
    """
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'state'"
    ).fetchall()
    is_kept = {("touched",), ("published",)} <= set(tables)
    kept = " union select * from warehouse.state.touched" if is_kept else ""
    connection.execute(f"create temp table touched as select distinct * from ({newest_touched('warehouse.')}){kept}")
    if not is_kept or published_build is None:
        return False
    return connection.execute("select build_id from warehouse.state.published").fetchone() == (published_build,)


def mark_published(warehouse: Path, build_id: str) -> None:
    """Note that consumers see this build: what was touched until now is settled."""
    with writing(warehouse, build_id), open_database(warehouse) as connection:
        connection.execute(_SCHEMA)
        connection.begin()
        connection.execute("delete from state.touched")
        connection.execute("delete from state.published")
        connection.execute("insert into state.published values (?, 0)", [build_id])
        connection.commit()
