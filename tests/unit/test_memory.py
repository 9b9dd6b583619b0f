"""What a refresh may hold in memory: what the machine has, a job that does not fit, what a killed one leaves."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestration.home.engine import delete_spilled, memory_limit
from orchestration.home.machine import MIB, machine_memory
from orchestration.settings import PROJECT

GROUPS = {
    "version 2": ("0::/work/job\n", {"work/memory.max": "1048576\n", "work/job/memory.max": "max\n"}),
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
"""


class Done(NamedTuple):
    said: str
    peak: int


def run(program: str, *arguments: str, **environment: str) -> Done:
    """Run a program in a process of its own; what it said, and the most memory that it held."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, cwd=PROJECT, env=os.environ | environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Done(said, usage.ru_maxrss * 1024)


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


@pytest.mark.parametrize("where", ["memory", "file"])
def test_a_job_that_does_not_fit_is_spilled_and_still_right(tmp_path: Path, where: str) -> None:
    done = run(LARGER_THAN_ALLOWED, str(tmp_path), where, CLIENTELE_MEMORY_MIB="512")
    assert done.said.splitlines()[-1] == str((ROWS, sum(range(ROWS)), True))
    assert done.peak < 512 * MIB
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
