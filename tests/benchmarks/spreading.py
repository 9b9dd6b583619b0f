"""Spreading: ten years of thin arrival days through the whole job, against the same lines on one day."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks.landing import request_line
from tests.benchmarks.pairs import Comparison, compare
from tests.support.commands import NOWHERE_ELSE

TITLE = "Spreading: a first refresh of 20,000 requests"
ROUNDS = 3
LINES = 20_000
DAYS = 3_650
FIRST = date(2014, 1, 1)


def run() -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        thin = _log(Path(folder, "thin.jsonl"), lambda number: FIRST + timedelta(days=number * DAYS // LINES))
        one_day = _log(Path(folder, "one_day.jsonl"), lambda number: FIRST)
        return [
            compare("over ten years", lambda: _refresh(thin), "on one day", lambda: _refresh(one_day), rounds=ROUNDS)
        ]


def _log(path: Path, day_of: Callable[[int], date]) -> str:
    with path.open("w", encoding="utf-8") as log:
        for number in range(LINES):
            line = json.loads(request_line(number))
            at = f"{day_of(number)}T10:00:00Z"
            for message in line["request"]["messages"]:
                message["sentAt"] = at
            log.write(json.dumps(line | {"received_at": at}) + "\n")
    return path.read_text(encoding="utf-8")


def _refresh(log: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        inbox = Path(home, "inbox")
        inbox.mkdir()
        (inbox / "requests.jsonl").write_text(log, encoding="utf-8")
        command = [str(Path(sys.executable).with_name("clientele")), "refresh"]
        environment = os.environ | NOWHERE_ELSE | {"CLIENTELE_HOME": home, "CLIENTELE_SCORER": ""}
        subprocess.run(command, env=environment, check=True, capture_output=True)
