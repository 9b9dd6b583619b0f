"""Two ways to run the pipeline in a data home of its own.

`Pipeline` is the fast one, for thousands of histories: the pipeline's own landing, `prepare`, compiled models,
`touched` macro, `commit` and table macros, but without Dagster and dbt around them. `refresh` is the real command.
`tests/pipeline/test_refresh_job.py` proves that both give the same tables.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from orchestration.erasure.sweep import sweep
from orchestration.erasure.tombstones import read_tombstones
from orchestration.errors import is_damage
from orchestration.extract.landing.inventory import OUTCOMES, take_inventory
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import receipts_table
from orchestration.extract.scoring import ensure_scores_schema
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.identity.suggestions import add_normalised
from orchestration.publish.leaving_out import write_marts
from orchestration.publish.raw_counts import count_raw
from orchestration.publish.reconcile import Balance, balance
from orchestration.publish.snapshot import MACROS
from orchestration.settings import DBT_PROJECT
from orchestration.transform.seal import distrusted_if_damaged
from orchestration.transform.warehouse import ALWAYS, Window, commit, prepare
from tests.support.commands import clientele
from tests.support.requests import SUPPORT, Line, deliver

Row = dict[str, Any]
FINGERPRINT = "the models of this session"


class Crash(Exception):
    """The run was stopped in the middle, on purpose."""


@dataclass(frozen=True)
class Node:
    """A compiled model or data test."""

    name: str
    relation: str
    sql: str
    materialized: str
    columns: dict[str, str]  # with an enforced contract: type and constraint by column
    meta: dict[str, Any]
    severity: str  # of a data test


@dataclass(frozen=True)
class Project:
    """The dbt project as SQL, models in the order of their dependencies."""

    models: list[Node]
    tests: list[Node]
    relations: dict[str, str]  # by model, or by source.table
    touched: dict[str, str] = field(default_factory=dict)

    def touched_sql(self, model: Node, columns: list[str]) -> str:
        """The statements of the project's own incremental strategy, from its own macro."""
        if model.name not in self.touched:
            source = (DBT_PROJECT / "macros" / "engine" / "touched.sql").read_text(encoding="utf-8")
            known = {
                "config": {"meta": model.meta},
                "ref": self.relations.__getitem__,
                "source": lambda *name: self.relations[".".join(name)],
            }
            arguments = {
                "target_relation": model.relation,
                "temp_relation": "arrived",
                "dest_columns": [{"quoted": column} for column in columns],
            }
            macros: Any = jinja2.Environment().from_string(source, known).module
            self.touched[model.name] = macros.get_incremental_touched_sql(arguments)
        return self.touched[model.name]


def compile_project(folder: Path) -> Project:
    """Compile the dbt project once, as a person would, in an empty home."""
    target = folder / "target"
    command = [
        Path(sys.executable).with_name("dbt"),
        "compile",
        "--quiet",
        "--target-path",
        target,
        "--log-path",
        folder,
    ]
    environment = os.environ | {"CLIENTELE_HOME": str(folder / "home")}
    places = ["--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    subprocess.run([*command, *places], env=environment, check=True)
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return _project(manifest)


def _project(manifest: dict[str, Any]) -> Project:
    nodes, done, models = manifest["nodes"], set(), []
    waiting = [one for one in sorted(nodes) if nodes[one]["resource_type"] == "model"]
    while waiting:
        ready = [one for one in waiting if not _models_before(nodes[one]) - done]
        models += [_node(nodes[one]) for one in ready]
        done |= set(ready)
        waiting = [one for one in waiting if one not in done]
    tests = [_node(nodes[one]) for one in sorted(nodes) if nodes[one]["resource_type"] == "test"]
    sources = manifest["sources"].values()
    relations = {f"{one['source_name']}.{one['name']}": one["relation_name"] for one in sources}
    return Project(models, tests, relations | {model.name: model.relation for model in models})


def _models_before(node: dict[str, Any]) -> set[str]:
    return {one for one in node["depends_on"]["nodes"] if one.startswith("model.")}


def _node(node: dict[str, Any]) -> Node:
    config = node["config"]
    columns = {}
    if config.get("contract", {}).get("enforced"):
        for name, column in node["columns"].items():
            constraints = " ".join(one["type"].replace("_", " ") for one in column["constraints"])
            columns[name] = f"{column['data_type']} {constraints}"
    meta = config.get("meta") or {}
    code, severity = node["compiled_code"], config.get("severity", "").lower()
    return Node(node["name"], node["relation_name"], code, config["materialized"], columns, meta, severity)


class Pipeline:
    """The pipeline of one data home, run fast."""

    def __init__(self, home: Path, project: Project) -> None:
        self.home = home
        self.warehouse = home / "warehouse" / "warehouse.duckdb"
        self.runs = 0
        self.project = project
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._is_published = False
        self._built: set[str] = set()  # tables of the warehouse that is open
        self._fingerprint = ""  # of the build that is open

    def run(self, *lines: Line | bytes, file: str = "log.jsonl") -> "Pipeline":
        """Deliver lines and refresh."""
        deliver(self.home, *lines, file=file)
        return self.refresh()

    def refresh(self, window: Window = ALWAYS, *, full: bool = False, crash_after: int | None = None) -> "Pipeline":
        """Process what arrived. With `crash_after` the run stops behind so many models: -1 is before `prepare`.

        As the command does, a run that meets damage in the warehouse is tried once more, and then rebuilds it.
        """
        self.runs += 1
        try:
            with distrusted_if_damaged(self.warehouse):
                return self._run(window, full, crash_after)
        except duckdb.Error as error:
            self.close()
            if not is_damage(str(error)):
                raise
        return self._run(window, full, crash_after)

    def _run(self, window: Window, full: bool, crash_after: int | None) -> "Pipeline":
        self._is_published = False
        sweep(self.home)
        for receipt in land(self.home, f"run-{self.runs}", workers=1):
            assert receipt.lines == receipt.accepted + receipt.duplicates + receipt.quarantined, receipt
        assert_every_file_is_accounted_for(self.home)
        sweep(self.home)
        ensure_scores_schema(self.home)
        _stop(crash_after, -1)
        fingerprint = f"{FINGERPRINT} {read_tombstones(self.home).generation}"
        if full or fingerprint != self._fingerprint or not self.warehouse.exists():
            self.close()
        else:
            self.connection()
        prepare(self.home, self.warehouse, fingerprint, window, full=full)
        self._fingerprint = fingerprint
        for number, model in enumerate(self.project.models):
            _stop(crash_after, number)
            self._build(self.connection(), model)
        _stop(crash_after, len(self.project.models))
        commit(self.warehouse, fingerprint, f"run-{self.runs}")
        return self

    def broken_tests(self, severity: str = "error") -> list[str]:
        """The dbt data tests of a severity that the tables as they are now do not pass."""
        execute = self.connection().execute
        tests = [test for test in self.project.tests if test.severity == severity]
        return [test.name for test in tests if execute(test.sql).fetchall()]

    def balances(self) -> list[Balance]:
        """What raw says, counted as the runs go by, beside what the facts hold."""
        connection = self.connection()
        slices = connection.execute("select distinct arrival_date, segment_id from warehouse.state.segments").fetchall()
        expected = count_raw(self.home, slices, str(read_tombstones(self.home).generation))
        facts, staging = "warehouse.marts.fct_conversation_days", "warehouse.staging.stg_requests"
        return balance(connection, facts, staging, expected.chatbots)

    def query(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Rows of a query against what would be published."""
        connection = self.connection()
        if not self._is_published:
            self._publish(connection)
            self._is_published = True
        connection.execute("use published")
        cursor = connection.execute(sql, values or [])
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        connection.execute("use warehouse")
        return rows

    def table(self, macro: str, chatbot: str, first: Any, last: Any, clock: str = "range_end") -> list[Row]:
        """All rows of `organizations` or `users`."""
        return self.query(f"from {macro}(?, ?, ?, attributes := ?)", [chatbot, first, last, clock])

    def organizations(
        self, first: Any = None, last: Any = None, clock: str = "range_end", chatbot: str = SUPPORT
    ) -> dict[str, Row]:
        """Rows of Organizations by id."""
        return {row["organization_id"]: row for row in self.table("organizations", chatbot, first, last, clock)}

    def users(
        self, first: Any = None, last: Any = None, clock: str = "range_end", chatbot: str = SUPPORT
    ) -> dict[str, Row]:
        """Rows of Users by id."""
        return {row["user_id"]: row for row in self.table("users", chatbot, first, last, clock)}

    def close(self) -> None:
        """Let go of the warehouse."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
            self._is_published = False

    def connection(self) -> duckdb.DuckDBPyConnection:
        """The warehouse, kept open: opening the file again and again takes longer than a run."""
        if self._opened is None:
            self.warehouse.parent.mkdir(parents=True, exist_ok=True)
            self._opened = duckdb.connect(str(self.warehouse))
            self._opened.execute("set TimeZone = 'UTC'; set threads = 1")
            add_normalised(self._opened)
            # Homes are thrown away: nothing is gained by moving the log of changes into the file.
            self._opened.execute("set wal_autocheckpoint = '1TB'; pragma disable_checkpoint_on_shutdown")
            built = self._opened.execute(
                "select database_name, schema_name, table_name from duckdb_tables()"
            ).fetchall()
            self._built = {".".join(f'"{part}"' for part in name) for name in built}
        return self._opened

    def _build(self, connection: duckdb.DuckDBPyConnection, model: Node) -> None:
        schema = model.relation.split(".")[1]
        if model.materialized != "incremental":
            kind = model.materialized
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create or replace {kind} {model.relation} as {model.sql}")
            return
        connection.execute(f"create schema if not exists {schema}")
        columns = ", ".join(f'"{column}"' for column in model.columns) or "*"
        if model.relation in self._built:
            connection.execute(f"create or replace temp table arrived as select {columns} from ({model.sql})")
            described = connection.execute(f"describe {model.relation}").fetchall()
            connection.begin()
            connection.execute(self.project.touched_sql(model, [f'"{column}"' for column, *_ in described]))
            connection.commit()
        elif model.columns:
            typed = ", ".join(f'"{column}" {kind}' for column, kind in model.columns.items())
            connection.execute(f"create table {model.relation} ({typed})")
            connection.execute(f"insert into {model.relation} select {columns} from ({model.sql})")
        else:
            connection.execute(f"create table {model.relation} as {model.sql}")
        self._built.add(model.relation)

    def _publish(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("detach database if exists published; attach ':memory:' as published; use published")
        exclusions = read_exclusions(self.home / "exclude.csv", read_identity(self.home / "identity.csv"))
        write_marts(connection, "warehouse.marts", exclusions)
        connection.register("receipts_now", receipts_table(self.home))
        connection.execute("create table receipts as select * from receipts_now")
        connection.unregister("receipts_now")
        connection.execute(MACROS.read_text(encoding="utf-8"))
        connection.execute("use warehouse")


def assert_every_file_is_accounted_for(home: Path) -> None:
    """Files found = read + waiting + refused, and whatever is not read says why."""
    inventory = take_inventory(home)
    found = {path.relative_to(home / "inbox").as_posix() for path in (home / "inbox").rglob("*") if path.is_file()}
    visible = {name for name in found if not any(part.startswith(".") for part in name.split("/"))}
    assert {file.source_file for file in inventory.files} >= visible or inventory.left_out, inventory
    assert len(inventory.files) == sum(len(inventory.of(outcome)) for outcome in OUTCOMES), inventory
    assert all(file.outcome == "read" or file.reason for file in inventory.files), inventory


def _stop(crash_after: int | None, here: int) -> None:
    if crash_after == here:
        raise Crash


def copy_inbox(home: Path, to: Path) -> Path:
    """A new data home with the same input and settings, in which nothing has run."""
    to.mkdir(parents=True)
    shutil.copytree(home / "inbox", to / "inbox")
    for name in ("chatbots.csv", "identity.csv", "exclude.csv"):
        if (home / name).exists():
            shutil.copy(home / name, to / name)
    return to


def copy_raw(home: Path, to: Path) -> Path:
    """A new data home with the same raw, input and settings, in which no model has run."""
    copy_inbox(home, to)
    for name in ("raw", "quarantine"):
        shutil.copytree(home / name, to / name)
    (to / "raw" / "counts.sqlite").unlink(missing_ok=True)
    return to


def refresh(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`clientele refresh` on a data home, in a process of its own."""
    done = clientele(home, "refresh", *arguments)
    assert_every_file_is_accounted_for(home)
    return done
