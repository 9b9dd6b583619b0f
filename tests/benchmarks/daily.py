"""A day: one more day of arrivals, ten lines and nothing new, on histories of several lengths, against dbt alone.

"dbt alone" is `dbt build` of the same models on a copy of the warehouse, with the same ten lines to process. Each day
is also held against the same day on the shortest history: it should cost the same.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from orchestration.settings import DBT_PROJECT
from orchestration.transform.by_hand import RUN, WAREHOUSE
from orchestration.transform.seal import open_seal
from tests.benchmarks.costs import Cost, cost_of, tool
from tests.benchmarks.results import Result
from tests.benchmarks.workload import write_log

TITLE = "A day on a history"
# `A_DAY=2000 HISTORIES="30 365" make bench` measures others.
A_DAY = int(os.environ.get("A_DAY", "500"))
HISTORIES = tuple(map(int, os.environ.get("HISTORIES", "7 90 365").split()))
FIRST = date(2025, 11, 1)
REFRESH = [tool("clientele"), "refresh"]


def run() -> Iterator[Result]:
    shortest: Cost | None = None
    for days in HISTORIES:
        with tempfile.TemporaryDirectory() as folder:
            home, later = Path(folder, "home"), Path(folder, "later")
            write_log(later, A_DAY * (days + 1), first=FIRST, days=days + 1)
            today = later / f"{FIRST + timedelta(days=days)}.jsonl"
            (home / "inbox").mkdir(parents=True)
            for log in sorted(later.iterdir()):
                if log < today:
                    shutil.move(log, home / "inbox")
            cost_of(REFRESH, home=home)
            ten, rest = _split(today, 10)

            (home / "inbox" / today.name).write_bytes(rest)
            a_day = cost_of(REFRESH, home=home)
            shortest = shortest or a_day
            yield Result(
                f"{A_DAY:,} conversations on {days} days of as many",
                a_day,
                f"the same on {HISTORIES[0]} days",
                shortest,
            )
            (home / "inbox" / "ten.jsonl").write_bytes(ten)
            ten_lines = cost_of(REFRESH, home=home)
            dbt = _dbt_alone(home, Path(folder, "alone"))
            yield Result(f"ten lines on {days} days", ten_lines, "dbt alone", dbt)
            yield Result(f"nothing new on {days} days", cost_of(REFRESH, home=home), "dbt alone", dbt)


def _dbt_alone(home: Path, folder: Path) -> Cost:
    """dbt by itself, on a copy of the warehouse in which the last run's input is still handed out."""
    folder.mkdir()
    copy = shutil.copyfile(home / "warehouse" / "warehouse.duckdb", folder / "warehouse.duckdb")
    shutil.copytree(home / "warehouse" / "dbt", folder / "dbt")
    open_seal(copy, "benchmark")
    build = [tool("dbt"), "build", "--exclude-resource-type", "unit_test", "--target-path", str(folder / "dbt")]
    return cost_of(build, home=home, folder=DBT_PROJECT, environment={WAREHOUSE: str(copy), RUN: "benchmark"})


def _split(log: Path, lines: int) -> tuple[bytes, bytes]:
    """The first lines of a log, and the others."""
    every = log.read_bytes().splitlines(keepends=True)
    return b"".join(every[:lines]), b"".join(every[lines:])
