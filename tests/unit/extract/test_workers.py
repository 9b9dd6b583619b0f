"""Worker processes: their faults, their death, and the death of their parent."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from request_log_samples import capture, encode, rows

from orchestration.extract.inbox.files import Cursor
from orchestration.extract.inbox.lines import Line
from orchestration.extract.landing import workers
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import FileState
from orchestration.extract.landing.staging import Batch

ROOT = Path(__file__).parents[3]


def batches(folder: Path, count: int) -> Iterator[Batch]:
    state = FileState("a.jsonl", 0, 0, Cursor(), 0, None, "a.jsonl")
    for number in range(count):
        lines = [Line(1, 0, encode(capture(number)))]
        yield Batch(f"s{number}", "run", datetime(2026, 1, 1), 1_000, folder, lines, 1, state)


def test_workers_give_back_batches_in_order(tmp_path: Path) -> None:
    with workers.stager(3) as stage_all:
        done = [(batch.segment_id, len(staged.files)) for batch, staged in stage_all(batches(tmp_path, 8))]
    assert done == [(f"s{number}", 2) for number in range(8)]


def test_a_fault_in_a_worker_reaches_the_caller(tmp_path: Path) -> None:
    with workers.stager(2) as stage_all, pytest.raises(FileNotFoundError):
        list(stage_all(batches(tmp_path / "nowhere", 3)))


def test_a_worker_that_died_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*values: Any, **named: Any) -> subprocess.Popen[bytes]:
        started.append(real(*values, **named))
        return started[-1]

    monkeypatch.setattr(workers.subprocess, "Popen", start)

    def deadly() -> Iterator[Batch]:
        for batch in batches(tmp_path, 5):
            yield batch
            for process in started:
                process.kill()
                process.wait()

    with workers.stager(2) as stage_all, pytest.raises(RuntimeError, match=r"inbox/a.jsonl .* run again"):
        list(stage_all(deadly()))


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    program = (
        "import time; from orchestration.extract.landing import workers\n"
        "crew = [workers._Worker() for _ in range(2)]\n"
        "print(*[worker._process.pid for worker in crew], flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_much_input_is_read_by_several_processes_on_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = workers.stager
    monkeypatch.setattr("orchestration.extract.landing.land.stager", lambda n: asked.append(n) or real(n))
    (home / "inbox" / "a.jsonl").write_bytes(encode(capture(1)))
    land(home, "small")
    (home / "inbox" / "b.jsonl").write_bytes(encode(*(capture(n) for n in range(30_000))))
    land(home, "large")
    assert asked == [1, 2]
    assert len(rows(home, "requests")) == 30_001


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
