"""`clientele erase` as a person uses it. What is erased, and from where, is proven in `test_traps_erasure.py`."""

import bz2
import re
import zipfile
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.erasure.tombstones import erasures
from orchestration.errors import PipelineError
from tests.support.commands import clientele
from tests.support.pipeline import refresh
from tests.support.requests import capture, deliver, encode, said, write_exclusions, write_identity

LINES = [
    capture("c1", said("m1", "2026-03-01T10:00:00Z"), user={"id": "ann", "name": "Ann Archer"}),
    capture("c2", said("m1", "2026-03-02T10:00:00Z"), user={"email": "ann@x.example"}),
    capture("c3", said("m1", "2026-03-03T10:00:00Z"), user={"id": "bob"}),
    capture("c4", said("m1", "2026-03-04T10:00:00Z"), user={"id": "rob"}),
]


def test_erasing_a_user_erases_all_ids_that_are_mapped_to_it_and_proves_the_absence(tmp_path: Path) -> None:
    deliver(tmp_path, *LINES)
    write_identity(tmp_path, ("user", "email:ann@x.example", "ann"), ("user", "rob", "bob"))
    assert refresh(tmp_path).returncode == 0
    done = clientele(tmp_path, "erase", "user", "support", "email:ann@x.example", "--yes")
    assert done.returncode == 0, done.stderr
    assert "ann, email:ann@x.example" in done.stdout
    assert "2 conversations are removed from every number" in done.stdout
    assert "Proved absent" in done.stdout
    assert (tmp_path / "identity.csv").read_text().splitlines()[1:] == ["support,user,rob,bob,reviewed"]
    with duckdb.connect(str((tmp_path / "published" / "current.duckdb").resolve()), read_only=True) as snapshot:
        assert snapshot.execute("select user_id, conversations from users('support', null, null)").fetchall() == [
            ("bob", 2)
        ]
    records = (tmp_path / "dagster" / "history").rglob("*.db")
    assert [one for one in records if b"Ann Archer" in one.read_bytes()] == []
    again = clientele(tmp_path, "refresh")
    assert again.stdout.startswith("Nothing new")
    (asked,) = erasures(tmp_path)
    assert (asked.keys, asked.keep_counts, asked.done_at is not None) == (2, False, True)


def test_nothing_is_erased_without_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path))
    answered = CliRunner().invoke(app, ["erase", "user", "support", "ann"], input="n\n")
    assert isinstance(answered.exception, PipelineError)
    assert "is in no published table" in answered.output
    assert erasures(tmp_path) == []
    assert "Nothing was ever erased" in CliRunner().invoke(app, ["erase", "list"]).output


def test_an_empty_id_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path))
    answered = CliRunner().invoke(app, ["erase", "organization", "support", "", "--yes"])
    assert "The id of the organization is empty" in str(answered.exception)


def test_trap_68_the_command_searches_every_byte_and_names_what_it_cannot_clean(tmp_path: Path) -> None:
    deliver(tmp_path, *LINES)
    write_identity(tmp_path, ("user", "email:ann@x.example", "ann"))
    write_exclusions(tmp_path, ("user", "ann"), ("user", "bob"))
    inbox = tmp_path / "inbox"
    (inbox / "half.jsonl").write_bytes(encode(LINES[2]) + b'{"user": {"name": "Ann Archer", "email": "ann@x.exa')
    (inbox / ".old.jsonl").write_bytes(encode(LINES[0], LINES[3]))
    (inbox / "old.bz2").write_bytes(bz2.compress(encode(LINES[0])))
    with zipfile.ZipFile(inbox / "cut.zip", "w") as archive:
        archive.writestr("log.jsonl", encode(LINES[0]))
    (inbox / "cut.zip").write_bytes((inbox / "cut.zip").read_bytes()[:-30])
    assert refresh(tmp_path).returncode == 3
    done = clientele(tmp_path, "erase", "user", "support", "ann", "--yes", "--also", "Annie A.")
    assert done.returncode == 3, done.stderr
    assert f"Their lines in {tmp_path / 'exclude.csv'} are deleted." in done.stdout
    assert "Blanked 3 lines of the inbox" in done.stdout
    assert "The file inbox/cut.zip names someone erased, and cannot be cleaned" in done.stdout
    assert b"ann" not in bz2.decompress((inbox / "old.bz2").read_bytes())
    assert re.search(r"Searched every byte of \d+ files \(.* MiB\).* for 3 ids, e-mails and names", done.stdout)
    assert "searched for as whole ids only: 'ann'" in done.stdout
    assert "Proved absent" in done.stdout
    named = clientele(tmp_path, "erase", "check", "ann@x.example", "Ann Archer")
    assert (named.returncode, "inbox/cut.zip" in named.stdout) == (3, True)
    (inbox / "cut.zip").unlink()
    found = clientele(tmp_path, "erase", "check", "ann@x.example", "Ann Archer")
    assert found.returncode == 0, found.stdout
    assert "for 2 ids, e-mails and names" in found.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"Archer" in path.read_bytes()] == []
