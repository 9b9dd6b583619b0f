"""Whoever opens a snapshot with a tool reads there what every table, view, macro and column means."""

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.publish.snapshot import TABLES
from orchestration.publish.views import MONTHS, RISK_DAYS, VIEWED
from tests.support.pipeline import Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import capture, said

MONTH_VIEWS = set(MONTHS.values())
VIEWS = {f"{table}_{period}" for table in MONTHS for period in VIEWED} | MONTH_VIEWS | {RISK_DAYS, "periods"}
MACROS = {
    "organizations",
    "users",
    "custom_values",
    "conversations_in_range",
    "days_in_range",
    "has_chatbot",
    "periods_at",
    "organization_risk",
}


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    message = said("m1", "2026-03-02T10:00:00Z")
    return Publisher(pipeline).run(capture("c1", message, user={"id": "ann"}, organization={"id": "acme"}))


def test_every_table_view_macro_and_column_has_a_comment(publisher: Publisher) -> None:
    tables = publisher.query("select table_name as name, comment from duckdb_tables()")
    views = publisher.query("select view_name as name, comment from duckdb_views() where not internal")
    macros = publisher.query("select function_name as name, comment from duckdb_functions() where not internal")
    assert [{row["name"] for row in rows} for rows in (tables, views, macros)] == [set(TABLES), VIEWS, MACROS]
    columns = publisher.query(
        "select table_name as name, column_name, comment from duckdb_columns() where not internal"
    )
    assert {row["name"] for row in columns} == {*TABLES, *VIEWS}
    for row in [*tables, *views, *macros, *columns]:
        assert row["comment"], row


def test_a_comment_is_the_models_own_description_with_the_columns_unit(publisher: Publisher) -> None:
    mrr = "select comment from duckdb_columns() where table_name = ? and column_name = 'mrr'"
    (organizations,) = publisher.query(mrr, "organizations_this_month")
    assert organizations["comment"].startswith("Monthly recurring revenue: an attribute of the organization")
    assert organizations["comment"].endswith("Unit: whole units of the chatbot's currency per month.")
    (users,) = publisher.query(mrr, "users_this_month")
    assert users["comment"].startswith("Monthly recurring revenue of the user")


@pytest.mark.parametrize(
    ("kind", "name", "warning"),
    [
        ("table", "fct_user_days", "do not add them up over days"),
        ("table", "fct_organization_days", "do not add them up over days"),
        ("table", "fct_conversation_days", "count distinct keys"),
        ("table", "dim_organizations", "counts each organization once for every version"),
        ("table", "data_quality", "do not add them up"),
        ("view", "organizations_all_time", "users may not"),
        ("view", "user_months", "Over months only messages may"),
        ("view", "organization_risk_days", "over days nothing may"),
    ],
)
def test_what_may_not_be_summed_says_so(publisher: Publisher, kind: str, name: str, warning: str) -> None:
    (row,) = publisher.query(f"select comment from duckdb_{kind}s() where {kind}_name = ?", name)
    assert warning in row["comment"]


def test_the_parquet_files_carry_the_comments_and_lose_no_type(publisher: Publisher) -> None:
    current = publisher.folder / "current"
    for table in TABLES:
        schema = pq.read_schema(current / f"{table}.parquet")
        rows = publisher.query("select column_name, comment from duckdb_columns() where table_name = ?", table)
        assert {field.name: field.metadata[b"comment"].decode() for field in schema} == {
            row["column_name"]: row["comment"] for row in rows
        }
        assert schema.metadata[b"comment"]
        with duckdb.connect() as connection:
            again = connection.execute("from read_parquet(?)", [str(current / f"{table}.parquet")]).to_arrow_table()
        assert pq.read_table(current / f"{table}.parquet").cast(again.schema).equals(again)


def test_the_manifest_lists_views_and_macros_with_columns_and_meaning(publisher: Publisher) -> None:
    listed = publisher.manifest["tables"]
    assert {name for name, one in listed.items() if one["kind"] == "view"} == VIEWS
    assert {name for name, one in listed.items() if one["kind"] == "table"} == set(TABLES)
    for name, one in listed.items():
        assert one["meaning"], name
        assert all(column["meaning"] for column in one["columns"]), name
        assert ("rows" in one) == (one["kind"] == "table")


def test_the_file_is_of_the_storage_version_that_duckdb_1_1_reads(publisher: Publisher) -> None:
    header = (publisher.folder / "current.duckdb").resolve().read_bytes()[:20]
    assert (header[8:12], int.from_bytes(header[12:20], "little")) == (b"DUCK", 64)
