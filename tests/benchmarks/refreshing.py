"""Refreshing: one new day through the whole job, against the dbt command alone on the same warehouse."""

import os
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

from orchestration.settings import DBT_PROJECT
from tests.benchmarks.landing import request_line
from tests.benchmarks.pairs import Comparison, compare

TITLE = "Refreshing: 200 new requests into a warehouse of 20,000"
ROUNDS = 3
HISTORY = 20_000


def run() -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {**os.environ, "CLIENTELE_HOME": str(home)}
        log = home / "inbox" / "requests.jsonl"
        log.parent.mkdir()
        log.write_text("".join(map(request_line, range(HISTORY))), encoding="utf-8")
        arrivals = count(HISTORY, 200)

        def tool(name: str, *arguments: str) -> None:
            command = [str(Path(sys.executable).with_name(name)), *arguments]
            subprocess.run(command, cwd=DBT_PROJECT, env=environment, check=True, capture_output=True)

        def refresh() -> None:
            start = next(arrivals)
            with log.open("a", encoding="utf-8") as lines:
                lines.writelines(map(request_line, range(start, start + 200)))
            tool("clientele", "refresh")

        def dbt_alone() -> None:
            tool("dbt", "build", "--exclude-resource-type", "unit_test", "--target-path", str(home / "target"))

        tool("clientele", "refresh")
        return [compare("clientele refresh", refresh, "dbt build", dbt_alone, rounds=ROUNDS)]
