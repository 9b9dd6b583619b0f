"""A finished snapshot is opened anew and checked before the pointer moves."""

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.snapshot import DATABASE, TABLES
from orchestration.publish.verify import failures
from tests.support.pipeline import Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import capture, said


@pytest.fixture
def published(pipeline: Pipeline) -> tuple[Path, dict[str, int]]:
    """The folder of a snapshot, and the rows of its tables."""
    publisher = Publisher(pipeline).run(
        capture("c1", said("m1", "2026-03-10T10:00:00Z"), user={"id": "ann"}, organization={"id": "acme"})
    )
    rows = {table: publisher.query(f"select count(*) as n from {table}")[0]["n"] for table in TABLES}
    return (publisher.folder / "current").resolve(), rows


def test_a_whole_snapshot_has_no_fault(published: tuple[Path, dict[str, int]]) -> None:
    assert failures(*published) == []


def test_a_file_that_is_still_open_for_writing_is_a_fault(published: tuple[Path, dict[str, int]]) -> None:
    folder, rows = published
    with duckdb.connect(str(folder / DATABASE)):
        (fault,) = failures(folder, rows)
    assert fault.startswith("it cannot be read: ")


def test_a_cut_file_is_a_fault(published: tuple[Path, dict[str, int]]) -> None:
    folder, rows = published
    (folder / DATABASE).write_bytes((folder / DATABASE).read_bytes()[:5000])
    (fault,) = failures(folder, rows)
    assert fault.startswith("it cannot be read: ")


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        ("delete from fct_user_days", "fct_user_days has 0 rows and its Parquet file 1, but 1 were written"),
        ("drop view periods", "the view organizations_"),
        ("update fct_conversation_days set organization_key = 7", "not true: organizations count every conversation"),
        ("insert into data_quality from data_quality", "not true: data quality has one row for each chatbot"),
        ("update fct_user_days set sentiment = 2", "not true: no sentiment is NaN or outside -1 to 1"),
    ],
)
def test_every_fault_is_said(published: tuple[Path, dict[str, int]], change: str, said_of_it: str) -> None:
    folder, rows = published
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute(change)
    assert any(fault.startswith(said_of_it) for fault in failures(folder, rows)), failures(folder, rows)


def test_a_lost_parquet_row_is_said(published: tuple[Path, dict[str, int]]) -> None:
    folder, rows = published
    shutil.copy(folder / "data_quality.parquet", folder / "fct_user_days.parquet")
    written = rows["fct_user_days"]
    exported = duckdb.sql(f"select count(*) from '{folder}/data_quality.parquet'").fetchall()[0][0]
    assert failures(folder, rows) == [
        f"fct_user_days has {written} rows and its Parquet file {exported}, but {written} were written"
    ]
