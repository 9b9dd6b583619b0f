"""The real thing: `clientele refresh` on a few tiny homes. What the numbers are is proven on the fast pipeline.

Every comparison is with the fast pipeline over the same input in a fresh home, which is also the proof that both ways
to run give the same tables.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.extract.landing.inventory import inventory_table
from orchestration.extract.landing.ledger import receipts_table
from orchestration.publish.leaving_out import MARTS
from orchestration.publish.raw_counts import count_raw
from orchestration.publish.snapshot import publish
from orchestration.settings import DBT_PROJECT
from orchestration.transform.dbt_manifest import ensure_manifest
from orchestration.transform.seal import close_seal
from orchestration.transform.warehouse import processed_slices, read_build
from tests.support.commands import command_line, environment_of
from tests.support.pipeline import Pipeline, Project, copy_inbox, refresh
from tests.support.requests import Line, analysis, capture, deliver, flat, said, write_chatbots, write_identity

Tables = dict[str, list[tuple[Any, ...]]]
ODD = "data of d'Artagnan – 東京"


def visit(conversation: str, at: str, user: str, organization: str, message: str = "", **other: Any) -> Line:
    named = {"user": {"id": user, "plan": "free"}, "organization": {"id": organization, "mrr": 4999}}
    return capture(conversation, said(message or at, at), **named, **other)


FIRST = [
    visit("c1", "2026-03-10T10:00:00Z", "ann", "acme", received_at="2026-03-12T00:00:00Z", message="m1"),
    visit("c2", "2026-03-10T11:00:00Z", "bob", "gone"),
    visit("c3", "2026-03-11T03:30:00Z", "ann", "acme"),
    flat({"role": "user"}, received_at="2026-03-13T10:00:00Z", email="Eve@x.example", organization="Bolt"),
    analysis("c3", {"2026-03-11T03:30:00Z": [-0.7, -0.2]}, "2026-03-12T00:00:00Z"),
    b'{"broken": ',
]
# A late row, the only message of 10 March in New York moving to the 9th, an organization that vanishes, a late score.
NEWS = [
    visit("c4", "2026-01-05T10:00:00Z", "bob", "acme", received_at="2026-03-14T00:00:00Z"),
    visit("c1", "2026-03-09T10:00:00Z", "ann", "acme", received_at="2026-03-11T00:00:00Z", message="m1"),
    visit("c2", "2026-03-10T11:00:00Z", "bob", "acme", received_at="2026-03-14T00:00:00Z"),
    analysis("c1", {"m1": [0.4]}, "2026-03-14T00:00:00Z"),
    FIRST[2],
]


def settle(home: Path) -> None:
    """Settings and mapping of every home here."""
    write_chatbots(home, support={"time_zone": "America/New_York", "mrr_unit": "cents"})
    write_identity(home, ("user", "email:eve@x.example", "eve"))


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an odd name that was refreshed once; tests work on copies."""
    home = tmp_path_factory.mktemp("refreshed") / ODD
    settle(home)
    deliver(home, *FIRST)
    assert_succeeds(refresh(home))
    return home


@pytest.fixture
def home(refreshed: Path, tmp_path: Path) -> Path:
    """A copy of the refreshed home, in another place."""
    return Path(shutil.copytree(refreshed, tmp_path / ODD, symlinks=True))


def assert_succeeds(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def published(home: Path) -> Tables:
    """Every published table and both macros, in order."""
    with duckdb.connect(str((home / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        return {
            relation: connection.execute(f"from {relation} order by all").fetchall()
            for relation in [*MARTS, *(f"{macro}('support', null, null)" for macro in ("organizations", "users"))]
        }


def expected(home: Path, project: Project) -> Tables:
    """The same from the fast pipeline, over the input of this home."""
    pipeline = Pipeline(copy_inbox(home, home.parent / f"undisturbed {random.random()}"), project).refresh()
    try:
        return {
            relation: [tuple(row.values()) for row in pipeline.query(f"from {relation} order by all")]
            for relation in [*MARTS, *(f"{macro}('support', null, null)" for macro in ("organizations", "users"))]
        }
    finally:
        pipeline.close()


def snapshot_id(home: Path) -> str:
    return os.readlink(home / "published" / "current")


def test_a_refresh_publishes_the_tables_of_the_fast_pipeline(refreshed: Path, project: Project) -> None:
    assert published(refreshed) == expected(refreshed, project)
    (row,) = [row for row in published(refreshed)["organizations('support', null, null)"] if row[0] == "acme"]
    assert (str(row[4]), row[5], row[7]) == ("49.9900", 2, -0.45)


def test_a_second_refresh_changes_nothing_and_publishes_nothing(home: Path) -> None:
    before = snapshot_id(home), published(home)
    done = refresh(home)
    assert_succeeds(done)
    assert "Nothing new" in done.stdout
    assert (snapshot_id(home), published(home)) == before


def test_late_rows_an_emptied_day_and_a_vanished_organization_reach_the_snapshot(home: Path, project: Project) -> None:
    deliver(home, *NEWS, file="late.jsonl")
    assert_succeeds(refresh(home))
    tables = published(home)
    assert tables == expected(home, project)
    days = [row[:3] for row in tables["fct_organization_days"]]
    assert ("support", date(2026, 1, 5), "acme") in days
    assert not [day for day in days if day[2] == "gone"]
    assert [row[2] for row in tables["fct_conversation_days"] if row[1] == date(2026, 3, 9)] == ["c1"]
    with duckdb.connect(str((home / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        sums = "sum(lines), sum(accepted), sum(duplicates), sum(quarantined)"
        assert connection.execute(f"select {sums} from receipts").fetchall() == [(11, 9, 1, 1)]


def test_a_range_shows_the_union_of_its_days(refreshed: Path) -> None:
    with duckdb.connect(str((refreshed / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        days = connection.execute(
            "select sum(messages), count(distinct conversation_id), count(distinct user_id) from fct_conversation_days"
            " where activity_date between '2026-03-10' and '2026-03-11' and organization_id = 'acme'"
        ).fetchall()
        shown = connection.execute(
            "select messages, conversations, users from organizations('support', '2026-03-10', '2026-03-11')"
            " where organization_id = 'acme'"
        ).fetchall()
    assert days == shown == [(2, 2, 1)]


def test_the_catalog_knows_the_rows_of_every_model_and_what_each_column_is_made_of(refreshed: Path) -> None:
    with dg.DagsterInstance.from_config(str(refreshed / "dagster")) as instance:
        made = {
            key.path[-1]: instance.get_latest_materialization_event(key).asset_materialization.metadata  # type: ignore[union-attr]
            for key in instance.all_asset_keys()
            if key.path[0] in ("staging", "intermediate", "marts")
        }
    published = refreshed / "published" / "current.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        for mart in MARTS:
            ((rows,),) = connection.execute(f"select count(*) from {mart}").fetchall()
            assert made[mart]["dagster/row_count"].value == rows, mart
    assert {path.stem for path in DBT_PROJECT.glob("models/**/*.sql")} == made.keys()
    user_days = made["fct_user_days"]["dagster/column_lineage"].value.deps_by_column
    conversation_days = dg.AssetKey(["marts", "fct_conversation_days"])
    assert dg.TableColumnDep(conversation_days, "score_sum") in user_days["score_sum"]
    without = {name for name, metadata in made.items() if not metadata["dagster/column_lineage"].value.deps_by_column}
    assert not without


def test_a_failing_check_keeps_the_old_snapshot_and_a_deleted_warehouse_comes_back(
    home: Path, project: Project
) -> None:
    before = snapshot_id(home), published(home)
    warehouse = home / "warehouse" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.fct_conversation_days set user_key = 7 where conversation_id = 'c2'")
    close_seal(warehouse)  # as if a model had made it so
    deliver(home, visit("c9", "2026-03-14T10:00:00Z", "ann", "acme"), file="news.jsonl")
    done = refresh(home)
    assert done.returncode == 1
    assert "facts_belong_to_known_entities" in done.stderr
    assert (snapshot_id(home), published(home)) == before
    warehouse.unlink()
    assert_succeeds(refresh(home))
    assert published(home) == expected(home, project)


def test_receipts_that_do_not_add_up_stop_the_run_before_the_models(home: Path) -> None:
    before = snapshot_id(home)
    with closing(sqlite3.connect(home / "raw" / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("update receipts set accepted = accepted + 1")
    deliver(home, visit("c9", "2026-03-14T10:00:00Z", "ann", "acme"), file="news.jsonl")
    done = refresh(home)
    assert done.returncode == 1
    assert "every_line_has_one_outcome" in done.stderr
    assert snapshot_id(home) == before


def test_trap_49_two_windows_at_once_and_then_the_rest_give_the_tables_of_one_refresh(
    home: Path, project: Project
) -> None:
    deliver(home, *NEWS, file="late.jsonl")
    windows = [("--from", day, "--to", day) for day in ("2026-03-14", "2026-03-11")]
    started = [
        subprocess.Popen(
            command_line("refresh", *window),
            env=environment_of(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for window in windows
    ]
    ends = [(process.communicate()[1].decode(), process.returncode) for process in started]
    assert ("", 0) in ends
    # The other one worked too, or was told in a sentence to wait.
    assert all(code == 0 or "is open in another process. Wait" in said_why for said_why, code in ends), ends
    assert_succeeds(refresh(home))
    assert published(home) == expected(home, project)


def test_trap_49_kill_9_at_any_moment_loses_nothing(home: Path, project: Project) -> None:
    deliver(home, *NEWS, file="late.jsonl")
    draws = random.Random()
    for _ in range(3):
        process = subprocess.Popen(
            command_line("refresh"), env=environment_of(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=draws.uniform(1, 12))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    # The dbt of a killed refresh may be at work for a little longer, and is told apart in a sentence.
    while "is open in another process" in (done := refresh(home)).stderr:
        continue
    assert_succeeds(done)
    assert published(home) == expected(home, project)


def test_trap_49_a_reader_during_publishing_sees_the_old_or_the_new_and_never_half(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = tmp_path / "published"
    manifest = ensure_manifest(DBT_PROJECT)

    def publish_state(number: int) -> None:
        lines = [visit(f"c{number}-{one}", "2026-03-10T10:00:00Z", "ann", "acme") for one in range(10)]
        pipeline.run(*lines).close()
        build = read_build(pipeline.warehouse)
        assert build is not None
        expected = count_raw(pipeline.home, processed_slices(pipeline.warehouse), "")
        tables = receipts_table(pipeline.home), inventory_table(pipeline.home)
        publish(pipeline.warehouse, folder, *tables, build, manifest, expected=expected, keep=5)

    publish_state(0)
    seen: list[tuple[int, ...]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            path = (folder / "current.duckdb").resolve()
            with duckdb.connect(str(path), read_only=True) as connection:
                seen.append(
                    connection.execute(
                        "select (select conversations from organizations('support', null, null)),"
                        " (select count(*) from fct_conversation_days), (select sum(accepted) from receipts),"
                        " (select count(*) from read_parquet(?))",
                        [str(path.with_name("fct_conversation_days.parquet"))],
                    ).fetchall()[0]
                )

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in (1, 2):
            publish_state(number)
    finally:
        stop.set()
        reader.join()
    assert {len(set(row)) for row in seen} == {1}
    assert {row[0] for row in seen} <= {10, 20, 30}
    assert seen == sorted(seen)
    assert seen[0][0] == 10
