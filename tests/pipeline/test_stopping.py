"""A person stops a refresh: it ends at once with a sentence. Only a disk that is away is tried again."""

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.defs.extract import assets as extract
from orchestration.defs.partitions import window_tags
from orchestration.settings import Settings
from tests.support.commands import command_line, environment_of
from tests.support.pipeline import refresh
from tests.support.requests import capture, deliver, said

CONVERSATIONS = 20_000
TAGS = window_tags(date(2026, 3, 1), date(2026, 3, 1))


def landing(home: Path) -> bool:
    return (home / "raw" / "ledger.sqlite").exists()


def building(home: Path) -> bool:
    return (home / "warehouse" / "dbt" / "run").exists()


@pytest.mark.parametrize(
    ("stop", "began"), [(signal.SIGINT, landing), (signal.SIGTERM, landing), (signal.SIGTERM, building)]
)
def test_a_refresh_that_is_stopped_says_so_and_the_next_one_does_the_rest(
    tmp_path: Path, stop: signal.Signals, began: Callable[[Path], bool]
) -> None:
    deliver(tmp_path, *(capture(f"c{number}", said("m1", "2026-03-01T10:00:00Z")) for number in range(CONVERSATIONS)))
    process = subprocess.Popen(
        command_line("refresh"), env=environment_of(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not began(tmp_path):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(stop)
    said_then, complained = process.communicate(timeout=120)
    assert (process.returncode, complained) == (
        1,
        "Error: The refresh was stopped. What it had not finished is done by the next one.\n",
    ), said_then
    done = refresh(tmp_path)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str((tmp_path / "published" / "current.duckdb").resolve()), read_only=True) as snapshot:
        ((conversations,),) = snapshot.execute("select count(*) from fct_conversation_days").fetchall()
    assert conversations == CONVERSATIONS


def test_reading_is_tried_again_where_a_disk_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def away(*_: object, **__: object) -> None:
        attempts.append("Stale file handle")
        raise OSError(attempts[-1])

    monkeypatch.setattr(extract, "land", away)
    monkeypatch.setattr(extract, "FIRST_WAIT", 0)
    resources = {"settings": Settings(home=tmp_path)}
    done = dg.materialize([extract.request_log], resources=resources, tags=TAGS, raise_on_error=False)
    assert (done.success, len(attempts)) == (False, 1 + extract.RETRIES)
