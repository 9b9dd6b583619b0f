"""What lies in the inbox and is not read is said by the command, `status`, Dagster and the snapshot, all alike."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.extract.assets import input_files_are_intact
from orchestration.extract.landing.inventory import take_inventory
from orchestration.extract.landing.land import land
from orchestration.settings import Settings
from tests.support.commands import clientele
from tests.support.pipeline import refresh
from tests.support.publishing import Snapshot
from tests.support.requests import capture, deliver, said

LINE = capture("c1", said("m1", "2026-11-01T10:00:00Z"))
REFUSED = (
    "The file inbox/table.csv is a table (CSV or alike), not JSON, so it was not read. Export it as JSON lines, one"
    " request a line."
)
HALF = "The last 9 bytes of inbox/half.log are not complete: they are read once they are."


@pytest.fixture
def home(memory: Path) -> Path:
    """A data home with a file of each kind."""
    home = memory / "home"
    deliver(home, LINE)
    inbox = home / "inbox"
    (inbox / "table.csv").write_text("id,name\n1,Ann\n", encoding="utf-8")
    (inbox / "half.log").write_text('{"half": ', encoding="utf-8")
    (inbox / "old.tmp").write_text("x", encoding="utf-8")
    (inbox / ".ignore").write_text("*.tmp\n", encoding="utf-8")
    (inbox / "link.jsonl").symlink_to("log.jsonl")
    return home


def status(home: Path) -> str:
    done = clientele(home, "status")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_refresh_ends_with_what_is_not_read_and_with_3_until_a_person_has_acted(home: Path) -> None:
    for _ in range(2):
        done = refresh(home)
        assert done.returncode == 3, done.stderr
        assert done.stdout.splitlines()[-2:] == [f"refused: {REFUSED}", f"waiting: {HALF}"]
    shown = status(home)
    assert "Inbox        4 files found: 2 read, 1 waiting, 1 refused; 1 left out by inbox/.ignore" in shown
    assert REFUSED in shown
    assert HALF in shown
    assert Snapshot(home).query("from input_files order by 1") == [
        {"source_file": "half.log", "outcome": "waiting", "reason": HALF},
        {
            "source_file": "link.jsonl",
            "outcome": "read",
            "reason": "inbox/link.jsonl is the same file or folder as inbox/log.jsonl.",
        },
        {"source_file": "log.jsonl", "outcome": "read", "reason": None},
        {"source_file": "table.csv", "outcome": "refused", "reason": REFUSED},
    ]
    (home / "inbox" / "table.csv").unlink()
    done = refresh(home)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"waiting: {HALF}")


def test_the_check_in_dagster_warns_of_refused_files_and_counts_all(home: Path) -> None:
    land(home, "run")
    result = input_files_are_intact(Settings(home=home))
    assert isinstance(result, dg.AssetCheckResult)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    counts = {name: value.value for name, value in result.metadata.items() if name != "not read, because"}
    assert counts == {"found": 4, "read": 2, "waiting": 1, "refused": 1, "left out by .ignore": 1}
    assert REFUSED in str(result.metadata["not read, because"].value)
    (home / "inbox" / "table.csv").unlink()
    assert input_files_are_intact(Settings(home=home)).passed


def test_of_many_files_that_are_not_read_ten_are_named_and_the_others_counted(home: Path) -> None:
    for number in range(40):
        (home / "inbox" / f"{number}.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    land(home, "run")
    lines = take_inventory(home).unread()
    assert len(lines) == 11
    assert all(line.startswith("refused: ") for line in lines[:10])
    assert lines[-1] == "and 32 more files that are not read"


def test_every_file_has_an_outcome_also_before_it_was_looked_at(home: Path) -> None:
    inventory = take_inventory(home)
    assert [file.outcome for file in inventory.files] == ["waiting", "read", "waiting", "waiting"]
    land(home, "run")
    deliver(home, LINE)
    (changed,) = (file for file in take_inventory(home).files if file.source_file == "log.jsonl")
    assert (changed.outcome, changed.reason) == (
        "waiting",
        "inbox/log.jsonl changed since it was read: the next refresh looks at it.",
    )
