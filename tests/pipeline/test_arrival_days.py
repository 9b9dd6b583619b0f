"""What a refresh costs follows its lines and not the days over which they arrived; raw of older versions is read."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.erasure.tombstones import NOBODY
from orchestration.extract.landing.ledger import committed_files, ledger_path, look_of
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.refresh.plan import fingerprint_of
from orchestration.settings import DBT_PROJECT
from tests.support.pipeline import Pipeline, refresh
from tests.support.requests import Line, capture, deliver, said

FIRST = date(2024, 1, 1)


def lines(days_between: int) -> list[Line]:
    """Six conversations of two users, each on the day of its number."""
    days = [FIRST + timedelta(days=number * days_between) for number in range(6)]
    return [
        capture(f"c{number}", said("m1", f"{day}T10:00:00Z"), user={"id": f"u{number % 2}", "plan": "pro"})
        for number, day in enumerate(days)
    ]


def test_trap_67_six_lines_over_two_years_write_as_many_files_and_events_as_six_lines_on_one_day(
    tmp_path: Path,
) -> None:
    written = []
    for days_between in (0, 146):
        home = tmp_path / f"{days_between} days between"
        deliver(home, *lines(days_between))
        done = refresh(home)
        assert done.returncode == 0, done.stdout + done.stderr
        raw = list((home / "raw").rglob("*.parquet"))
        (run,) = [path for path in (home / "dagster" / "history" / "runs").glob("*.db") if path.stem != "index"]
        with closing(sqlite3.connect(run)) as events:
            kinds = events.execute(
                "select dagster_event_type, count(*) from event_logs where dagster_event_type is not null"
                " and dagster_event_type not in ('LOGS_CAPTURED') group by 1 order by 1"
            ).fetchall()
        written.append((len(raw), dict(kinds)))
    assert written[0] == written[1]
    assert written[0][1]["ASSET_MATERIALIZATION"] > 20


def test_raw_files_that_lie_by_arrival_day_as_earlier_versions_wrote_them_are_read(pipeline: Pipeline) -> None:
    pipeline.run(*lines(0))
    before = pipeline.query("from fct_conversation_days order by all")
    assert len(before) == 6
    with closing(sqlite3.connect(ledger_path(pipeline.home))) as ledger, ledger:
        ledger.execute("alter table segment_files add column arrival_date text")
        for table in RAW_TABLES:
            for file in committed_files(pipeline.home, table):
                older = pipeline.home / "raw" / table / f"arrival_date={FIRST}" / f"{file.segment_id}.parquet"
                older.parent.mkdir()
                (pipeline.home / file.path).rename(older)
                path = older.relative_to(pipeline.home).as_posix()
                ledger.execute("update segment_files set path = ? where path = ?", [path, file.path])
    pipeline.refresh(full=True)
    assert pipeline.query("from fct_conversation_days order by all") == before
    pipeline.run(capture("c9", said("m1", "2024-01-05T10:00:00Z")), file="more.jsonl")
    assert len(pipeline.query("from fct_conversation_days")) == 7


def test_raw_files_whose_columns_had_other_types_are_read_with_those_of_today(tmp_path: Path) -> None:
    deliver(tmp_path, capture("c1", said("m1", "2024-01-01T10:00:00Z"), user={"id": "u1", "mrr": 1.5}))
    assert refresh(tmp_path).returncode == 0
    (file,) = committed_files(tmp_path, "requests")
    path = tmp_path / file.path
    table = pq.read_table(path)
    for column in ("user_mrr", "organization_mrr"):
        position = table.schema.get_field_index(column)
        table = table.set_column(position, column, table[column].cast(pa.decimal128(20, 6)))
    pq.write_table(table.drop_columns(["has_device", "has_country"]), path)
    with closing(sqlite3.connect(ledger_path(tmp_path))) as ledger, ledger:
        ledger.execute("update segment_files set size = ?, checksum = ? where path = ?", (*look_of(path), file.path))
    assert refresh(tmp_path, "--full").returncode == 0
    deliver(
        tmp_path, capture("c2", said("m1", "2024-01-02T10:00:00Z"), user={"id": "u2", "mrr": 0.123456789}), file="2.log"
    )
    done = refresh(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str((tmp_path / "published" / "current.duckdb").resolve()), read_only=True) as snapshot:
        rows = snapshot.execute("select user_id, cast(mrr as text) from dim_users order by all").fetchall()
    assert rows == [("u1", "1.5000"), ("u2", "0.1235")]


def test_a_warehouse_is_rebuilt_where_the_columns_of_raw_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint_of(DBT_PROJECT, "off", NOBODY)
    monkeypatch.setitem(RAW_TABLES, "requests", RAW_TABLES["requests"].append(pa.field("channel", pa.string())))
    assert fingerprint_of(DBT_PROJECT, "off", NOBODY) != before
