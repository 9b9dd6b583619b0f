"""What a refresh may hold in memory: what the machine has, a job that does not fit, what a killed one leaves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.home.engine import delete_spilled, memory_limit
from orchestration.home.machine import machine_memory
from orchestration.settings import PROJECT

GROUPS = {
    "version 2": ("0::/batch/job\n", {"batch/memory.max": "1048576\n", "batch/job/memory.max": "max\n"}),
    "version 1": ("5:cpu:/other\n3:memory:/job\n", {"memory/job/memory.limit_in_bytes": "1048576\n"}),
    "version 2, seen from inside": ("0::/\n", {"memory.max": "1048576\n"}),
}
ROWS = 3_000_000
# Three hundred megabytes, sorted whole.
LARGER_THAN_ALLOWED = f"""
import sys
from pathlib import Path
from orchestration.home.engine import open_database, open_memory

folder = Path(sys.argv[1])
with open_memory(folder) if sys.argv[2] == "memory" else open_database(folder / "a.duckdb") as connection:
    text = "md5(n::varchar) || md5((n + 1)::varchar)"
    connection.execute(f"create table rows as select n, {{text}} as text from range({ROWS}) as one (n)")
    connection.execute("create table sorted as from rows order by text")
    print(connection.execute(f"select count(*), sum(n), bool_and(text = {{text}}) from sorted").fetchone())
# What getrusage says of a child begins with what the parent held when it forked.
print(next(line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM:")))
"""


@pytest.mark.parametrize("kind", GROUPS)
def test_a_container_has_the_least_memory_of_the_groups_around_it(tmp_path: Path, kind: str) -> None:
    member, files = GROUPS[kind]
    (tmp_path / "member").write_text(member)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert machine_memory(tmp_path / "member", tmp_path / "groups") == 1048576


def test_without_groups_it_is_what_the_machine_has(tmp_path: Path) -> None:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine_memory(tmp_path / "none", tmp_path) == whole


def test_duckdb_gets_what_the_interpreter_leaves_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []
    for allowed in ("100", "1024", "2048"):
        monkeypatch.setenv("CLIENTELE_MEMORY_MIB", allowed)
        limits.append(memory_limit())
    assert limits == ["256MiB", "409MiB", "1228MiB"]


def test_whatever_the_pipeline_computes_in_memory_has_that_bound() -> None:
    stages = Path(PROJECT, "orchestration")
    modules = {str(path.relative_to(stages)): path.read_text() for path in stages.rglob("*.py")}
    connecting = [name for name, text in modules.items() if re.search(r"duckdb\.connect\((\)|config)", text)]
    assert connecting == ["home/engine.py"]


@pytest.mark.parametrize("where", ["memory", "file"])
def test_a_job_that_does_not_fit_is_spilled_and_still_right(tmp_path: Path, where: str) -> None:
    command = [sys.executable, "-c", LARGER_THAN_ALLOWED, str(tmp_path), where]
    environment = os.environ | {"CLIENTELE_MEMORY_MIB": "512"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    *_, sums, peak = done.stdout.splitlines()
    assert sums == str((ROWS, sum(range(ROWS)), True))
    assert int(peak) < 512 * 1024  # in KiB
    assert [path.name for path in tmp_path.iterdir() if path.name != "a.duckdb"] == []


def test_what_a_killed_process_spilled_is_deleted_and_what_a_living_one_spills_is_not(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    killed, living = tmp_path / f".spilled-{dead.pid}-0", tmp_path / f".spilled-{os.getpid()}-0"
    beside = tmp_path / "warehouse.duckdb.tmp"
    for folder in (killed, living, beside):
        folder.mkdir()
        (folder / "part").write_bytes(b"someone's rows")
    delete_spilled(tmp_path / "warehouse.duckdb")
    assert sorted(tmp_path.iterdir()) == [living]
