"""`make bi`: Apache Superset shows what the snapshot says, read from it and from PostgreSQL, also behind a refresh.

A data home with the sample is refreshed with the real command, Superset is installed, set up and asked over its HTTP
API, and every value is held against plain SQL. Then lines arrive, and Superset keeps asking while they are refreshed.
Ends with code 1 and a sentence where anything fails or differs.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path

from rich.console import Console

from orchestration.publish.snapshot import TABLES
from orchestration.publish.views import MONTHS, VIEWED
from tests.bi.environment import installed, version
from tests.bi.questions import QUESTIONS, Question, as_shown, by_sql, compare
from tests.bi.superset import Superset, running
from tests.bi.trouble import Trouble
from tests.support.pipeline import environment_of
from tests.support.postgres import Database, running_server
from tests.support.requests import Line, capture, deliver, said

VIEWS = {
    "periods",
    *MONTHS.values(),
    *(f"{table}_{period}" for table in ("organizations", "users") for period in VIEWED),
}
READER = "superset"
NEW_ORGANIZATION, NEW_MRR = "came-while-connected", Decimal("4321.99")

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def main() -> int:
    """Run the check; returns 0 when every number is right."""
    began = time.monotonic()
    try:
        check(began)
    except Trouble as trouble:
        console.print(f"FAILED: {trouble}", soft_wrap=True, markup=False)
        return 1
    tell(began, "Superset shows what the snapshot says, from both places, before and behind a refresh.")
    return 0


@dataclass(frozen=True)
class Chart:
    """A saved chart of Superset's, by its id: which question it asks, and of which place."""

    place: str
    question: Question
    number: int

    def __str__(self) -> str:
        return f"{self.question.source} from {self.place}"


def check(began: float) -> None:
    """Publish the sample, and hold Superset's charts against SQL before and behind a refresh."""
    programs = installed()
    tell(began, f"Superset {version()} is installed.")
    with (
        tempfile.TemporaryDirectory() as name,
        running_server() as server,
        server.database() as database,
        server.database() as records,
    ):
        home = Path(name) / "home"
        home.mkdir()
        clientele(home, database, "sample")
        clientele(home, database, "refresh")
        database.run(
            f"create role {READER} login password '{READER}'",
            f"grant clientele_reader to {READER}",
            f"insert into clientele.access values ('{READER}', null)",
        )
        tell(began, "The sample is published, as a snapshot and to PostgreSQL.")
        with running(programs, Path(name) / "superset", records.url) as superset:
            tell(began, "Superset is set up, and serves.")
            snapshot = f"duckdb:///{home / 'published' / 'current.duckdb'}?access_mode=read_only"
            postgres = f"postgresql+psycopg2://{READER}:{READER}@127.0.0.1:{server.port}/{database.name}"
            charts = connect(superset, "the snapshot", snapshot, "main")
            charts += connect(superset, "PostgreSQL", postgres, "clientele")
            hold(superset, charts, home)
            tell(began, "Every value is that of plain SQL on the snapshot.")
            with asking(superset, charts) as answers:
                deliver(home, *new_lines(), file="came-while-connected.jsonl")
                clientele(home, database, "refresh")
            tell(
                began, f"New lines were refreshed while Superset went on asking: {len(answers):,} answers, none failed."
            )
            hold(superset, charts, home)
            for chart in charts:
                if chart.question.source == "organizations_all_time":
                    find_what_came(superset, chart)
            tell(began, "Every value is that of plain SQL on the new snapshot, and what came is in it.")


def connect(superset: Superset, place: str, uri: str, schema: str) -> list[Chart]:
    """Connect a database, look at what it lists, and save a chart of each question over it."""
    database = superset.database(place, uri)
    listed = superset.tables(database, schema)
    if missing := {*TABLES, *VIEWS} - listed.keys():
        raise Trouble(f"Superset does not list {', '.join(sorted(missing))} of {place}.")
    charts = []
    for question in QUESTIONS:
        sql = question.sql and question.sql.format(schema=schema)
        dataset = superset.dataset(database, schema, question.source, sql)
        if not sql and not all(superset.descriptions(dataset).values()):
            raise Trouble(f"Superset shows no meaning of a column of {question.source} of {place}.")
        number = superset.chart(question.source, dataset, question.columns, question.metrics)
        charts.append(Chart(place, question, number))
    console.print(f"        {place}: {len(listed)} tables and views are listed, {len(charts)} charts are saved")
    return charts


def hold(superset: Superset, charts: list[Chart], home: Path) -> None:
    """Hold what every chart shows against SQL on the current snapshot."""
    for chart in charts:
        wanted = by_sql(home / "published", chart.question)
        shown = as_shown(chart.question, superset.chart_data(chart.number))
        console.print(f"        {chart}: {compare(str(chart), shown, wanted)}")


def find_what_came(superset: Superset, chart: Chart) -> None:
    """Look for the organization that came while Superset was connected."""
    shown = as_shown(chart.question, superset.chart_data(chart.number))
    if not any({NEW_ORGANIZATION, NEW_MRR} <= set(row) for row in shown):
        raise Trouble(f"{chart} does not show the organization that came while Superset was connected.")


@contextmanager
def asking(superset: Superset, charts: list[Chart]) -> Iterator[list[int]]:
    """Keep asking all charts, one after the other; yields how many rows each answer had so far."""
    answers: list[int] = []
    troubles: list[Trouble] = []
    enough = threading.Event()

    def ask() -> None:
        for chart in cycle(charts):
            if enough.is_set():
                return
            try:
                answers.append(len(superset.chart_data(chart.number)))
            except Trouble as trouble:
                troubles.append(trouble)
                return

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()
    if troubles:
        raise troubles[0]


def new_lines() -> list[Line]:
    """Two conversations of today, of an organization that was not there."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    who = {"user": {"id": "guest"}, "organization": {"id": NEW_ORGANIZATION, "plan": "pro", "mrr": float(NEW_MRR)}}
    return [capture(f"connected-{number}", said(f"m{number}", now.isoformat()), **who) for number in (1, 2)]


def clientele(home: Path, database: Database, command: str) -> None:
    """Run a command of the project's on the data home, which publishes to the database too."""
    environment = environment_of(home) | {"CLIENTELE_SCORER": "vader", "CLIENTELE_POSTGRES_URL": database.url}
    run = [sys.executable, "-m", "orchestration.commands.main", command]
    done = subprocess.run(run, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"`clientele {command}` failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def tell(began: float, sentence: str) -> None:
    console.print(f"{time.monotonic() - began:4.0f} s  {sentence}")


if __name__ == "__main__":
    sys.exit(main())
