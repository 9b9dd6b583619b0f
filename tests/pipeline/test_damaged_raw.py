"""A raw file that is missing or damaged stops the publication with its name, and never lowers a number."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.erasure.sweep import sweep
from orchestration.erasure.tombstones import request
from orchestration.errors import PipelineError
from orchestration.extract.landing.intact import inspect_raw, require_intact
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import committed_files
from tests.support.pipeline import refresh
from tests.support.publishing import Snapshot
from tests.support.requests import Line, capture, deliver, said


def visit(number: int) -> Line:
    day = f"2026-03-{10 + number:02}T10:00:00Z"
    return capture(f"c{number}", said(f"m{number}", day), user={"id": f"u{number}"}, organization={"id": "acme"})


def flip(path: Path) -> None:
    """Other bytes, of the same number."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


@pytest.fixture
def home(memory: Path) -> Path:
    deliver(memory, *map(visit, range(3)), b"{", file="log.jsonl")
    land(memory, "run")
    return memory


@pytest.mark.parametrize("damage", [Path.unlink, cut, flip])
def test_every_committed_file_is_looked_at_and_a_fault_names_it(home: Path, damage: Callable[[Path], None]) -> None:
    files = [file.path for table in ("requests", "messages", "quarantine") for file in committed_files(home, table)]
    assert inspect_raw(home, read=None).faults == ()
    for name in files:
        kept = (home / name).read_bytes()
        damage(home / name)
        with pytest.raises(PipelineError, match=f"{name} (is missing|has .* bytes|holds other bytes)"):
            require_intact(home, read=None)
        (home / name).write_bytes(kept)
    assert inspect_raw(home, read=None).read == len(files)


def test_a_ledger_from_before_there_were_checksums_takes_those_of_its_files(home: Path) -> None:
    with closing(sqlite3.connect(home / "raw" / "ledger.sqlite")) as ledger, ledger:
        for column in ("size", "checksum"):
            ledger.execute(f"alter table segment_files drop column {column}")
    assert inspect_raw(home, read=None).faults == ()
    flip(home / committed_files(home, "messages")[0].path)
    assert len(inspect_raw(home, read=None).faults) == 1


def test_files_that_an_erasure_rewrites_stay_intact_also_where_it_dies(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request(home, "support", "user", ["u1"], keep_counts=False)

    def die(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patches:
        patches.setattr("orchestration.erasure.rewriting.make_durable", die)  # behind the first replacement
        with pytest.raises(KeyboardInterrupt):
            sweep(home)
    assert inspect_raw(home, read=None).faults == ()
    sweep(home)
    assert inspect_raw(home, read=None).faults == ()
    assert sum(file.row_count for file in committed_files(home, "requests")) == 2


def test_trap_58_a_raw_file_that_is_deleted_or_damaged_is_named_and_nothing_is_published(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, *map(visit, range(3)))
    assert refresh(home).returncode == 0
    before = (home / "published" / "current").readlink()
    kept = tmp_path / "raw"
    shutil.copytree(home / "raw", kept)
    name = committed_files(home, "requests")[0].path
    for damage, arguments, news in ((Path.unlink, [], False), (flip, ["--full"], False), (Path.unlink, [], True)):
        damage(home / name)
        if news:
            deliver(home, visit(3), file="news.jsonl")
        done = refresh(home, *arguments)
        assert done.returncode == 1
        assert name in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert (home / "published" / "current").readlink() == before
        shutil.copy(kept.parent / name, home / name)
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    assert len(Snapshot(home).query("from fct_conversation_days")) == 4
