"""Each file of a home damaged in turn, in three ways: healed, or said in one sentence whose advice works."""

import ctypes
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.doctor.heal import heal
from orchestration.erasure.tombstones import request
from orchestration.errors import PipelineError, is_damage
from orchestration.extract.landing.ledger import committed_files, receipts
from orchestration.settings import Settings
from tests.support.commands import clientele, command_line, environment_of
from tests.support.damage import DISPOSABLE, WAYS, overwrite
from tests.support.pipeline import refresh
from tests.support.publishing import Snapshot
from tests.support.requests import SUPPORT, capture, deliver, said

LINES = [
    capture(f"c{number}", said("m1", f"2026-03-1{number}T10:00:00Z"), user={"id": "ann"}, organization={"id": "acme"})
    for number in range(3)
]


# What can be made anew or restored: every one of them may be damaged without a person having to do anything.
HEALED = [
    "raw/ledger.sqlite",
    *DISPOSABLE,
    "published/current/clientele.duckdb",
    "published/current/manifest.json",
    "published/current/dim_users.parquet",
    "dagster/dagster.yaml",
    "dagster/history/runs.db",
    "dagster/history/runs/index.db",
    "dagster/schedules/schedules.db",
]


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole") / "home"
    deliver(home, *LINES, b"{")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(refreshed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(refreshed, tmp_path / "home", symlinks=True))


def conversations(home: Path) -> int:
    return len(Snapshot(home).query("from fct_conversation_days"))


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def allow_writing(home: Path, is_allowed: bool) -> None:
    for folder, _, names in os.walk(home):
        for name in names:
            if not Path(folder, name).is_symlink():
                Path(folder, name).chmod(0o600 if is_allowed else 0o400)
        Path(folder).chmod(0o700 if is_allowed else 0o500)


def obey_permissions() -> None:
    """In a new process: the superuser, too, may only do what the permissions of a file say (Linux)."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.parametrize("damage", WAYS.values(), ids=WAYS)
def test_trap_69_everything_that_can_be_made_anew_may_be_damaged_at_once(
    home: Path, damage: Callable[[Path], None]
) -> None:
    for name in HEALED:
        damage(home / name)
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 4
    assert sum(receipt.lines for receipt in receipts(home)) == 5
    for word in ("ledger.sqlite", "Dagster's records" if damage is not Path.unlink else "", "is published anew"):
        assert word in done.stdout
    assert clientele(home, "doctor").returncode == 0
    done = refresh(home)
    assert (done.returncode, "Nothing new" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("damage", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", HEALED)
def test_trap_69_each_of_them_alone_is_mended_before_a_refresh_begins_or_by_it(
    home: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(home / name)
    settings = Settings(home=home)
    heal(settings)
    assert heal(settings) == []  # once is enough
    assert sum(receipt.lines for receipt in receipts(home)) == 4


def test_trap_69_an_accepted_file_is_read_again_from_the_inbox_when_a_person_asks_for_it(home: Path) -> None:
    names = [committed_files(home, table)[0].path for table in ("requests", "messages", "quarantine")]
    for name, damage in zip(names, WAYS.values(), strict=True):
        damage(home / name)
    assert_one_sentence(refresh(home), *names, "doctor --repair")
    found = clientele(home, "doctor")
    assert found.returncode == 1
    assert all(name in found.stdout for name in names)
    assert clientele(home, "doctor", "--repair").returncode == 1  # the warehouse waits for the refresh
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 3
    assert sum(receipt.lines for receipt in receipts(home)) == 4
    assert clientele(home, "doctor").returncode == 0


def test_trap_69_an_accepted_file_without_its_inbox_file_is_named_with_it(home: Path) -> None:
    name = committed_files(home, "requests")[0].path
    (home / name).unlink()
    (home / "inbox" / "log.jsonl").unlink()
    assert_one_sentence(clientele(home, "doctor", "--repair"), name, "log.jsonl", "backup")


@pytest.mark.parametrize("damage", WAYS.values(), ids=WAYS)
def test_trap_69_a_ledger_without_its_copy_says_what_is_lost_and_its_advice_works(
    home: Path, damage: Callable[[Path], None]
) -> None:
    for name in ("ledger.sqlite", "ledger.copy.sqlite"):
        damage(home / "raw" / name)
    with pytest.raises(PipelineError, match=r"move all that is in .*raw and in .*quarantine aside"):
        heal(Settings(home=home))
    for name in ("raw", "quarantine"):
        (home / name).rename(home / f"{name}.aside")
    assert heal(Settings(home=home)) == []


def test_the_advice_where_the_ledger_is_lost_keeps_who_is_erased(home: Path) -> None:
    request(home, SUPPORT, "user", ["ann"], keep_counts=False)
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z"), user={"id": "bob"}))
    for name in ("ledger.sqlite", "ledger.copy.sqlite"):
        (home / "raw" / name).unlink()
    with pytest.raises(PipelineError, match=r"but for erasures\.sqlite"):
        heal(Settings(home=home))
    for path in [*(home / "raw").iterdir(), home / "quarantine"]:
        if path.name != "erasures.sqlite":
            path.rename(home / f"{path.name}.aside")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 1


@pytest.mark.parametrize("name", ["ledger.sqlite", "erasures.sqlite"])
def test_what_a_newer_version_wrote_is_refused_and_left_as_it_is(home: Path, name: str) -> None:
    request(home, SUPPORT, "user", ["bob"], keep_counts=False)
    with closing(sqlite3.connect(home / "raw" / name)) as database:
        database.execute("pragma user_version = 1")
    before = (home / "raw" / name).read_bytes()
    for command in (["refresh"], ["status"]):
        assert_one_sentence(clientele(home, *command), name, "newer version of clientele")
    assert (home / "raw" / name).read_bytes() == before


def test_trap_69_a_home_that_was_copied_with_its_links_followed_has_links_again(
    refreshed: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(refreshed, tmp_path / "home", symlinks=False))
    assert (home / "published" / "current.duckdb").is_file()
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert "is a link again" in done.stdout
    assert conversations(home) == 4
    assert (home / "published" / "current").is_symlink()
    assert (home / "published" / "current.duckdb").is_symlink()


@pytest.mark.parametrize("link", ["current", "current.duckdb"])
def test_trap_69_a_link_that_is_gone_or_leads_nowhere_leads_to_the_newest_snapshot(home: Path, link: str) -> None:
    path = home / "published" / link
    before = path.readlink()
    path.unlink()
    heal(Settings(home=home))
    assert path.readlink() == before
    path.unlink()
    path.symlink_to("nowhere")
    heal(Settings(home=home))
    assert path.readlink() == before
    assert conversations(home) == 3


def damage_blocks(warehouse: Path, share: float, blocks: int) -> None:
    """Overwrite blocks from a share of the file on; its headers, and so its seal, stay as they were."""
    content = bytearray(warehouse.read_bytes())
    begin = 12288 + int((len(content) - 12288) // 262144 * share) * 262144
    end = min(begin + blocks * 262144, len(content))
    content[begin:end] = b"junk" * ((end - begin) // 4)
    warehouse.write_bytes(content)


@pytest.mark.parametrize(("share", "blocks"), [(0, 1), (0.6, 1), (0.9, 1), (0, 1000), (0.9, 1000)])
def test_trap_69_blocks_of_the_warehouse_that_are_damaged_are_met_and_rebuilt(
    home: Path, share: float, blocks: int
) -> None:
    damage_blocks(home / "warehouse" / "warehouse.duckdb", share, blocks)
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert "rebuilt from raw" in done.stdout
    assert conversations(home) == 4


def test_trap_69_whatever_duckdb_says_of_a_damaged_warehouse_is_known_as_damage(home: Path) -> None:
    warehouse = home / "warehouse" / "warehouse.duckdb"
    whole = warehouse.read_bytes()
    said = []
    for share in range(5, 100, 5):
        end = len(whole) * share // 100
        for content in (whole[:end], whole[:end] + b"junk" * ((len(whole) - end) // 4), whole[:end] + bytes(1 << 18)):
            warehouse.write_bytes(content)
            try:
                with duckdb.connect(str(warehouse)) as connection:
                    for schema, name in connection.execute(
                        "select schema_name, table_name from duckdb_tables()"
                    ).fetchall():
                        connection.execute(f'select count(hash(columns(*))) from "{schema}"."{name}"').fetchall()
            except duckdb.Error as error:
                said.append(str(error))
    assert len(said) > 20
    assert [one for one in said if not is_damage(one)] == []


def test_trap_69_runs_that_dagster_starts_heal_what_the_command_heals(home: Path) -> None:
    overwrite(home / "raw" / "ledger.sqlite")
    damage_blocks(home / "warehouse" / "warehouse.duckdb", 0.6, 1)
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")
    dagster = str(Path(sys.executable).with_name("dagster"))
    command = [dagster, "job", "execute", "--module-name", "orchestration.definitions", "--job", "refresh"]
    environment = environment_of(home) | {"DAGSTER_HOME": str(home / "dagster")}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    met = run()
    assert "raw/ledger.sqlite was damaged and is restored from its copy" in met.stderr
    done = run()
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 4


def test_trap_69_a_full_disk_and_a_home_without_permission_are_one_sentence_and_lose_nothing(home: Path) -> None:
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command, environment = command_line("refresh"), environment_of(home)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=fill)
    assert_one_sentence(done, "The disk is full")
    allow_writing(home, False)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=obey_permissions)
    allow_writing(home, True)
    assert_one_sentence(done, "permission")
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 4


def test_trap_69_a_folder_where_a_file_belongs_is_named_and_moving_it_away_is_enough(home: Path) -> None:
    deliver(home, capture("c9", said("m1", "2026-03-19T10:00:00Z")), file="more.jsonl")
    for name in ("chatbots.csv", "identity.csv", "raw/counts.sqlite", "quarantine/schema.parquet"):
        (home / name).unlink(missing_ok=True)
        (home / name).mkdir()
        assert_one_sentence(refresh(home), "Move it away", f"/{name}'")
        if name.endswith(".csv"):
            told = " ".join(clientele(home, "doctor").stdout.split())
            assert "FAULT settings files: A folder or a link stands" in told
        assert conversations(home) == 3
        (home / name).rmdir()
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert conversations(home) == 4


def test_a_home_that_can_only_be_read_shows_its_state_and_nothing_in_it_is_called_damaged(home: Path) -> None:
    allow_writing(home, False)
    command = [str(Path(sys.executable).with_name("clientele"))]
    status, doctor = (
        subprocess.run(
            [*command, name],
            env=environment_of(home),
            capture_output=True,
            text=True,
            preexec_fn=obey_permissions,
        )
        for name in ("status", "doctor")
    )
    allow_writing(home, True)
    assert status.returncode == 0, status.stderr
    assert "success" in status.stdout.splitlines()[-1]
    assert doctor.returncode == 1
    assert "Permission denied" in doctor.stdout
    assert "damaged" not in doctor.stdout


def test_a_whole_home_has_nothing_to_mend(home: Path) -> None:
    before = (home / "published" / "current").readlink()
    assert heal(Settings(home=home)) == []
    done = clientele(home, "doctor", "--repair")
    assert done.returncode == 0, done.stdout
    assert "FAULT" not in done.stdout
    assert (home / "published" / "current").readlink() == before
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.fct_conversation_days").fetchone() == (3,)
