"""What stands in the schema of PostgreSQL: tables, keys, views, functions, policies and comments, as SQL.

Columns and comments are those of the snapshot. Which rows are written is in `differences.py`; what is computed of them,
in `functions.sql` and `organization_risk.sql`; who reads them, in `access.sql`.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import duckdb

from orchestration.publish.postgres.connection import literal, quoted
from orchestration.publish.snapshot import TABLES
from orchestration.publish.views import MONTHS, RISK_DAYS, VIEWED
from orchestration.publish.views import TABLES as VIEWED_TABLES

FUNCTIONS_SQL = tuple(Path(__file__).with_name(name) for name in ("functions.sql", "organization_risk.sql"))
ACCESS_SQL = Path(__file__).with_name("access.sql")
READER = "clientele_reader"
# What is not made anew with the rest.
LASTING = ("access", "publication")
# The beginning of the names of tables that are being filled beside those that readers see.
DRAFT = "new_"

_FACT = ("chatbot_id", "activity_date")
_CUSTOM_VALUE = ("chatbot_id", "kind", "entity_key", "field", "valid_from")
# What tells the rows of a table apart. Keys in place of ids: an entry of an index holds no three long texts.
KEYS = {
    "fct_conversation_days": (*_FACT, "conversation_key"),
    "excluded_conversation_days": (*_FACT, "conversation_key"),
    "fct_user_days": (*_FACT, "user_key"),
    "fct_organization_days": (*_FACT, "organization_key"),
    "dim_users": ("chatbot_id", "user_key", "valid_from"),
    "excluded_users": ("chatbot_id", "user_key", "valid_from"),
    "dim_organizations": ("chatbot_id", "organization_key", "valid_from"),
    "excluded_organizations": ("chatbot_id", "organization_key", "valid_from"),
    "dim_custom_values": _CUSTOM_VALUE,
    "excluded_custom_values": _CUSTOM_VALUE,
    "custom_fields": ("chatbot_id", "field"),
    "chatbots": ("chatbot_id",),
    "exclusions": ("chatbot_id", "kind", "value"),
    "data_quality": ("chatbot_id", "organization_id"),
    "refresh_changes": ("chatbot_id", "activity_date", "published_at", "run_id", "reason"),
    "receipts": ("run_id", "source_file"),
    "input_files": ("source_file",),
    "snapshot_info": ("snapshot_id",),
    "zone_offsets": ("chatbot_id", "valid_from"),
}
# Columns of keys that are null in one row for each value of the others.
NULLABLE = {"data_quality": "organization_id", "zone_offsets": "valid_from"}
# Paths and values of settings files have no length that an entry of an index is sure to hold.
_WITHOUT_CONSTRAINT = ("receipts", "input_files", "exclusions")
_TYPES = {"VARCHAR": 'text collate "C"', "DOUBLE": "double precision", "TIMESTAMP": "timestamptz"}
# Tables of all chatbots together are for those who see all; which snapshot this is, is for everyone.
_SEES_ALL = "exists (select from clientele.access as own where own.chatbot_id is null)"
_POLICIES = {"receipts": _SEES_ALL, "input_files": _SEES_ALL, "snapshot_info": "true"}
_POLICY = f"chatbot_id in (select own.chatbot_id from clientele.access as own) or {_SEES_ALL}"


@dataclass(frozen=True)
class Column:
    """A column of a table or view: its type in DuckDB, and its meaning."""

    name: str
    type: str
    comment: str | None


@dataclass(frozen=True)
class Definition:
    """What a snapshot's tables are, and the meanings of all that it holds: by name, and by name and column."""

    tables: dict[str, list[Column]]
    comments: dict[str, str | None]
    view_columns: dict[str, list[Column]]

    @property
    def fingerprint(self) -> str:
        """Another one means that everything is made anew."""
        script = self.tables_sql("clientele") + self.rest_sql("clientele")
        return blake2b(script.encode(), digest_size=16).hexdigest()

    def tables_sql(self, schema: str) -> str:
        """Statements that make the tables under the names of drafts, behind `access.sql`."""
        made = [ACCESS_SQL.read_text(encoding="utf-8")]
        for table, columns in self.tables.items():
            typed = ", ".join(f"{quoted(one.name)} {_type(one.type)}" for one in columns)
            policy = _POLICIES.get(table, _POLICY)
            made.append(
                f"create table clientele.{DRAFT}{table} ({typed});"
                f" alter table clientele.{DRAFT}{table} enable row level security;"
                f" create policy own_chatbots on clientele.{DRAFT}{table} for select using ({policy});"
                f" grant select on clientele.{DRAFT}{table} to {READER};"
            )
        return _in_schema("\n".join(made), schema)

    def keys_sql(self, schema: str) -> str:
        """Statements that give the drafts their keys, once they are filled."""
        made = []
        for table in self.tables:
            kind = "unique nulls not distinct" if table in NULLABLE else "primary key"
            if table not in _WITHOUT_CONSTRAINT:
                columns = ", ".join(KEYS[table])
                made.append(
                    f"alter table clientele.{DRAFT}{table} add constraint {DRAFT}{table}_key {kind} ({columns});"
                )
        return _in_schema("\n".join([*made, *(f"analyze clientele.{DRAFT}{table};" for table in self.tables)]), schema)

    def names_sql(self, schema: str) -> str:
        """Statements that give the drafts their names, once nothing else has them."""
        made = []
        for table in self.tables:
            made.append(f"alter table clientele.{DRAFT}{table} rename to {table};")
            if table not in _WITHOUT_CONSTRAINT:
                made.append(f"alter index clientele.{DRAFT}{table}_key rename to {table}_key;")
        return _in_schema("\n".join(made), schema)

    def rest_sql(self, schema: str) -> str:
        """Statements that make functions, views and comments, behind the tables."""
        views = _views()
        made = [
            *(functions.read_text(encoding="utf-8") for functions in FUNCTIONS_SQL),
            *(f"create view clientele.{name} with (security_invoker) as {sql};" for name, sql in views.items()),
            *(f"grant select on clientele.{name} to {READER};" for name in views),
            "revoke execute on all functions in schema clientele from public;",
            f"grant execute on all functions in schema clientele to {READER};",
            "comment on schema clientele is 'The published snapshot of Clientele, which owns all of this schema.';",
        ]
        for name, comment in self.comments.items():
            kind = "table" if name in self.tables else "view" if name in views else "function"
            made.append(f"comment on {kind} clientele.{name} is {literal(comment)};")
        for name, columns in (self.tables | self.view_columns).items():
            made += [
                f"comment on column clientele.{name}.{quoted(one.name)} is {literal(one.comment)};" for one in columns
            ]
        return _in_schema("\n".join(made), schema)


def define(snapshot: duckdb.DuckDBPyConnection, catalog: str) -> Definition:
    """What stands in a snapshot, which is attached under the name of a catalog."""
    rows = snapshot.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = ? and not internal order by table_name, column_index",
        [catalog],
    ).fetchall()
    columns: dict[str, list[Column]] = {}
    for table, *column in rows:
        columns.setdefault(table, []).append(Column(*column))
    comments = snapshot.execute(
        """
        select table_name, comment from duckdb_tables() where database_name = $1
        union
        select view_name, comment from duckdb_views() where database_name = $1 and not internal
        union
        select function_name, comment from duckdb_functions() where database_name = $1 and not internal
        order by all
        """,
        [catalog],
    ).fetchall()
    return Definition(
        {name: columns[name] for name in TABLES},
        dict(comments),
        {name: own for name, own in columns.items() if name not in TABLES},
    )


def is_temporal(column: Column) -> bool:
    """Whether the column holds instants."""
    return column.type == "TIMESTAMP"


def _views() -> dict[str, str]:
    """The views of the snapshot, which are joins of days with the functions: `publish/views.py` says which days."""
    views = {"periods": "select now_.* from clientele.periods_at(now()) as now_"}
    for table in VIEWED_TABLES:
        shown = f"cross join lateral clientele.{table}(asked.chatbot_id, asked.first_day, asked.last_day) as shown"
        for period in VIEWED:
            views[f"{table}_{period}"] = (
                f"select asked.chatbot_id, shown.* from clientele.periods as asked {shown}"
                f" where asked.period = '{period}'"
            )
        views[MONTHS[table]] = (
            "select asked.chatbot_id, asked.first_day as month, shown.* from ("
            " select months.chatbot_id, months.first_day,"
            " cast(months.first_day + interval '1 month' as date) - 1 as last_day from ("
            " select distinct days.chatbot_id,"
            " cast(date_trunc('month', cast(days.activity_date as timestamp)) as date) as first_day"
            f" from clientele.fct_conversation_days as days) as months) as asked {shown}"
        )
    views[RISK_DAYS] = (
        "select known.chatbot_id, shown.* from clientele.chatbots as known"
        " cross join lateral clientele.organization_risk(known.chatbot_id, null, null) as shown"
    )
    return views


def _type(type_: str) -> str:
    return _TYPES.get(type_) or re.sub(r"^DECIMAL", "numeric", type_).lower()


def _in_schema(sql: str, schema: str) -> str:
    """The same SQL for a schema of another name."""
    return re.sub(r"(?<=\bschema )clientele\b|\bclientele(?=\.)", lambda _: quoted(schema), sql)
