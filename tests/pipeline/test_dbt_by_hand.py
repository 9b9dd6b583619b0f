"""dbt started by hand, and programs that change the warehouse: neither reaches what is published."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import DBT_PROJECT
from orchestration.transform.dbt_manifest import ensure_manifest
from orchestration.transform.seal import CHANGED, MISSING, seal_path
from orchestration.transform.warehouse import Window, commit, prepare, read_build
from tests.support.commands import environment_of
from tests.support.pipeline import FINGERPRINT, Pipeline, refresh
from tests.support.publishing import Publisher, Snapshot
from tests.support.requests import Line, capture, deliver, said


def visit(number: int) -> Line:
    day = f"2026-03-{10 + number:02}T10:00:00Z"
    return capture(f"c{number}", said(f"m{number}", day), user={"id": "ann"}, organization={"id": "acme"})


def dbt(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A dbt command as a person starts it in the project's folder, with its own places for what it writes.

    The models are parsed there already, as in every checkout in which something ran.
    """
    command = [str(Path(sys.executable).with_name("dbt")), *arguments]
    target = home.parent / "target"
    parsed = ensure_manifest(DBT_PROJECT).with_name("partial_parse.msgpack")
    if parsed.exists() and not target.exists():
        target.mkdir()
        shutil.copy(parsed, target)
    places = ["--target-path", str(target), "--log-path", str(home.parent / "logs")]
    return subprocess.run(
        [*command, *places], cwd=DBT_PROJECT, env=environment_of(home) | environment, capture_output=True, text=True
    )


def conversations(home: Path) -> list[str]:
    rows = Snapshot(home).query("select conversation_id from fct_conversation_days order by all")
    return [row["conversation_id"] for row in rows]


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of three conversations that was refreshed once; tests work on copies."""
    home = tmp_path_factory.mktemp("by hand") / "home"
    deliver(home, *map(visit, range(3)))
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(refreshed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(refreshed, tmp_path / "home", symlinks=True))


def test_trap_57_a_full_refresh_of_dbt_by_hand_and_then_one_new_line_publish_everything(home: Path) -> None:
    warehouse = home / "warehouse" / "warehouse.duckdb"
    before = warehouse.read_bytes()
    built = dbt(home, "build", "--full-refresh")
    assert built.returncode == 0, built.stdout
    refused = dbt(home, "run", "--full-refresh", CLIENTELE_WAREHOUSE=str(warehouse))
    assert refused.returncode != 0
    assert "Only a refresh writes" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert warehouse.read_bytes() == before
    deliver(home, visit(3), file="more.jsonl")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert "rebuilt" not in done.stdout
    assert conversations(home) == ["c0", "c1", "c2", "c3"]


def test_trap_57_a_mart_that_another_program_changed_is_rebuilt_from_raw_and_said(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("delete from marts.fct_conversation_days where conversation_id != 'c1'")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert f"rebuilt from raw, because {CHANGED}" in done.stdout
    assert conversations(home) == ["c0", "c1", "c2"]


def test_trap_57_dbt_by_hand_sees_the_tables_of_the_last_refresh_and_its_parts_build_on_them(home: Path) -> None:
    for arguments in (["test", "--select", "mart_rows_have_a_grain"], ["run", "--select", "fct_user_days"]):
        done = dbt(home, *arguments)
        assert done.returncode == 0, done.stdout
    assert conversations(home) == ["c0", "c1", "c2"]


def test_trap_57_dbt_by_hand_without_a_home_says_what_it_needs_and_makes_its_documentation(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for arguments in (["test"], ["run", "--select", "fct_user_days"]):
        done = dbt(home, *arguments)
        assert done.returncode != 0
        assert "There are no tables yet" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
    done = dbt(home, "docs", "generate", "--static")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "target" / "static_index.html").exists()


def test_a_seal_tells_a_change_a_lost_seal_and_a_damaged_file_from_a_run_that_was_killed(pipeline: Pipeline) -> None:
    pipeline.run(visit(0)).close()
    warehouse = pipeline.warehouse

    def rebuilt() -> str | None:
        return prepare(pipeline.home, warehouse, FINGERPRINT + " 0").rebuild

    assert rebuilt() is None
    assert rebuilt() is None  # killed behind `prepare`
    commit(warehouse, FINGERPRINT + " 0", "run")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from marts.fct_conversation_days")
    assert read_build(warehouse) is None
    assert rebuilt() == CHANGED
    seal_path(warehouse).unlink()
    assert rebuilt() == MISSING
    os.truncate(warehouse, 5000)
    assert rebuilt() == "its file is damaged"


def test_a_warehouse_that_was_deleted_is_rebuilt_whole_whatever_the_window(pipeline: Pipeline) -> None:
    publisher = Publisher(pipeline)
    publisher.run(*map(visit, range(3)))
    pipeline.warehouse.unlink()
    work = prepare(pipeline.home, pipeline.warehouse, FINGERPRINT + " 0", Window(last=date(2026, 3, 10)))
    assert (work.rebuild, work.segments) == ("it was deleted", 3)


def test_a_second_row_of_a_grain_is_found_in_every_model(home: Path) -> None:
    tests = {layer: f"{layer}_rows_have_a_grain" for layer in ("staged", "touched", "mart")}
    compiled = dbt(home, "compile", "--select", *tests.values())
    assert compiled.returncode == 0, compiled.stdout
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb")) as connection:

        def found() -> set[str]:
            folder = home.parent / "target" / "compiled" / "clientele" / "tests"
            sql = [(folder / f"{name}.sql").read_text(encoding="utf-8") for name in tests.values()]
            return {relation for one in sql for (relation, *_) in connection.execute(one).fetchall()}

        assert found() == set()
        filled = set()
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name in ('staging', 'intermediate', 'marts')"
            " or (schema_name, table_name) = ('inputs', 'chatbots')"
        ).fetchall():
            connection.execute(f"insert into {schema}.{table} select * from {schema}.{table} limit 1")
            if connection.execute(f"select count(*) from {schema}.{table}").fetchone() != (0,):
                filled.add("stg_chatbots" if schema == "inputs" else table)
        assert {"fct_user_days", "int_touched_messages", "stg_requests", "stg_chatbots"} <= filled
        assert found() == filled
