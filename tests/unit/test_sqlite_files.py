"""What makes an SQLite file of the home a damaged one, and what does not: a killed writer, a machine that fails."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.doctor.databases import is_sound

KILLED_WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("pragma cache_size = 5")
connection.execute("update segments set text = text || 'half'")
os.kill(os.getpid(), signal.SIGKILL)
"""
READER = """
import sys
from pathlib import Path
from orchestration.doctor.databases import is_sound
try:
    print(is_sound(Path(sys.argv[1]), "segments"))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("create table segments (text text)")
        connection.executemany("insert into segments values (?)", [(f"{number}" * 200,) for number in range(5_000)])
    return made


def test_a_database_whose_writer_was_killed_is_sound_and_holds_what_it_held_before(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WRITER, path])
    assert path.with_name("ledger.sqlite-journal").exists()
    assert is_sound(path, "segments")
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select count(*), sum(text like '%half') from segments").fetchone()
    assert found == (5_000, 0)


def test_a_full_disk_is_no_damage_of_a_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    command = [sys.executable, "-c", READER, path]
    full = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=fill)
    assert full.stdout.startswith("OperationalError disk I/O error")
    assert is_sound(path, "segments")


@pytest.mark.parametrize("content", [b"", b"junk" * 5_000, bytes(20_000)])
def test_a_file_with_other_bytes_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert not is_sound(path, "segments")


def test_a_database_that_is_cut_off_or_a_folder_is_damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert not is_sound(path, "segments")
    path.unlink()
    path.mkdir()
    assert not is_sound(path, "segments")
