"""The whole path on the real sample, by the commands that a person types, up to the pages in a real browser."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.leaving_out import MARTS
from orchestration.publish.snapshot import CALLS, TABLES
from orchestration.publish.views import views
from orchestration.settings import PROJECT
from serving.engine import READER
from tests.serving.browser import launched, serving, visiting
from tests.serving.page_check import check_page
from tests.support.commands import NOWHERE_ELSE

CONVERSATIONS = 7_168
MESSAGES = 258_145


def clientele(home: Path, *arguments: str) -> str:
    """Run the command line tool on a data home; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLIENTELE_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("clientele"), *arguments],
        env={**environment, **NOWHERE_ELSE, "CLIENTELE_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    clientele(home, "sample")
    said = clientele(home, "refresh")
    assert "read 9470 lines: 9470 accepted, 0 duplicate, 0 quarantined" in said
    assert "published snapshot" in said
    return home


def rows(home: Path, query: str) -> list[tuple]:
    """Ask the published snapshot, with the settings of a server that may have it open."""
    file = (home / "published" / "current.duckdb").resolve()
    with duckdb.connect(file, read_only=True, config=dict(READER)) as connection:
        return connection.execute(query).fetchall()


def marts(home: Path) -> dict[str, list[tuple]]:
    """Every published mart, in the order in which it is stored."""
    folder = home / "published" / "current"
    with duckdb.connect() as connection:
        return {table: connection.execute(f"from '{folder / table}.parquet'").fetchall() for table in MARTS}


def test_the_sums_that_the_documentation_warns_of_are_off_by_what_it_says(tmp_path: Path) -> None:
    # At its own times: how many conversations span two months depends on the weeks by which the sample is moved.
    clientele(tmp_path, "sample", "--unmoved")
    clientele(tmp_path, "refresh")
    documented = (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8")
    for row in rows(tmp_path, (PROJECT / "docs" / "natural_sums.sql").read_text(encoding="utf-8")):
        assert f"| {' | '.join(map(str, row))} |" in documented


def test_every_conversation_and_message_of_the_sample_is_in_the_tables(home: Path) -> None:
    query = "select count(distinct conversation_key), sum(messages) from fct_conversation_days"
    assert rows(home, query) == [(CONVERSATIONS, MESSAGES)]


def test_not_one_line_of_the_sample_is_unaccounted_for(home: Path) -> None:
    lines = sum(len(path.read_bytes().splitlines()) for path in (home / "inbox").rglob("*.jsonl"))
    query = "select sum(lines), sum(accepted), sum(duplicates), sum(quarantined), count(*) from receipts"
    files = len(list((home / "inbox").rglob("*.jsonl")))
    assert rows(home, query) == [(lines, lines, 0, 0, files)]


def test_the_tables_of_all_time_count_each_conversation_of_an_organization_and_of_a_user_once(home: Path) -> None:
    for relation, key in {"organizations": "organization_key", "users": "user_key"}.items():
        shown = f"(select sum(conversations) from {relation}(chatbot_id, null, null))"
        counted = f"""(select count(distinct conversation_key) from fct_conversation_days as days
            where days.chatbot_id = chatbots.chatbot_id and {key} is not null)"""
        for one, other in rows(home, f"select {shown}, {counted} from chatbots"):
            assert one == other > 0


def test_a_second_refresh_processes_nothing_publishes_nothing_and_says_so(home: Path) -> None:
    before = os.readlink(home / "published" / "current")
    assert "already in the inbox" in " ".join(clientele(home, "sample").split())
    assert "Nothing new" in clientele(home, "refresh")
    assert os.readlink(home / "published" / "current") == before


def test_the_commands_show_the_tables_and_what_became_of_every_line(home: Path) -> None:
    assert f"{CONVERSATIONS:,} conversations of all time in 2 chatbots." in clientele(home, "tables")
    assert ": 9,470 accepted, 0 duplicate, 0 quarantined" in clientele(home, "status")


def test_the_manifest_says_what_every_column_means(home: Path) -> None:
    manifest = json.loads((home / "published" / "current" / "manifest.json").read_text(encoding="utf-8"))
    assert {*TABLES, *CALLS, *views(), "periods"} == set(manifest["tables"])
    for table, described in manifest["tables"].items():
        for column in described["columns"]:
            assert column["meaning"], (table, column["name"])


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_both_pages_show_the_published_sample_as_sql_does(home: Path, table: str) -> None:
    published = home / "published"

    def clock() -> datetime:
        return datetime.now(UTC)

    with (
        serving(published, clock) as address,
        launched() as browser,
        visiting(browser, address, viewport={"width": 1500, "height": 1100}) as page,
    ):
        check_page(page, address, published, "support", table, clock())


def test_deleting_the_warehouse_gives_the_same_tables_digit_for_digit(home: Path) -> None:
    before = marts(home)
    shutil.rmtree(home / "warehouse")
    clientele(home, "refresh")
    assert marts(home) == before
