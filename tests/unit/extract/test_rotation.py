"""Rotated logs: followed by what they hold, every line once; and the links and hidden files of the inbox."""

import gzip
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from request_log_samples import capture, encode, everything, put, receipt, rows

from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import receipts, states
from orchestration.extract.landing.pending import has_new_input

FIRST, MORE = [capture(number) for number in range(8)], [capture(number) for number in range(8, 11)]
NEW = {"longer": [capture(number) for number in range(20, 40)], "shorter": [capture(50)]}
LOG = "app.jsonl"


def rename(inbox: Path) -> None:
    os.rename(inbox / LOG, inbox / f"{LOG}.1")


def copy_and_truncate(inbox: Path) -> None:
    shutil.copyfile(inbox / LOG, inbox / f"{LOG}.1")
    (inbox / LOG).write_bytes(b"")


def compress(inbox: Path) -> None:
    (inbox / f"{LOG}.1.gz").write_bytes(gzip.compress((inbox / LOG).read_bytes()))
    (inbox / LOG).unlink()


def lines_of(home: Path) -> list[int]:
    """Numbers of the conversations, one for each line in raw."""
    return sorted(int(found["conversation_id"][1:]) for found in rows(home, "requests"))


def numbers(*parts: list[dict]) -> list[int]:
    return sorted(int(line["request"]["conversationId"][1:]) for part in parts for line in part)


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate, compress])
@pytest.mark.parametrize("size", NEW)
@pytest.mark.parametrize("is_read_to_the_end", [True, False])
@pytest.mark.parametrize("is_seen_in_between", [True, False])
def test_trap_60_a_rotated_log_goes_on_and_the_new_one_is_read_from_its_beginning(
    home: Path, rotate: Callable[[Path], None], size: str, is_read_to_the_end: bool, is_seen_in_between: bool
) -> None:
    put(home, LOG, encode(*FIRST))
    land(home, "first")
    if not is_read_to_the_end:
        put(home, LOG, encode(*MORE))
    rotate(home / "inbox")
    if is_seen_in_between:
        land(home, "between")
    put(home, LOG, encode(*NEW[size]))
    landed = land(home, "second")
    assert [one.problem for one in landed] == [None] * len(landed)
    assert lines_of(home) == numbers(FIRST, NEW[size], [] if is_read_to_the_end else MORE)
    assert sum(one.duplicates for one in receipts(home)) == 0
    places = Counter((found["source_file"], found["source_line"]) for found in rows(home, "requests"))
    assert set(places.values()) == {1}
    assert land(home, "third") == []
    assert not has_new_input(home)


@pytest.mark.parametrize("hole", [1, 100_000])
def test_a_log_that_is_emptied_under_a_writer_that_does_not_append_loses_no_line_to_its_zeros(
    home: Path, hole: int
) -> None:
    put(home, LOG, encode(*FIRST))
    land(home, "first")
    copy_and_truncate(home / "inbox")
    put(home, LOG, bytes(hole) + encode(*NEW["longer"]))
    assert receipt(home, "second").quarantined == 0
    assert lines_of(home) == numbers(FIRST, NEW["longer"])


def test_a_chain_of_rotations_is_followed_and_receipts_keep_the_names_that_were_read(home: Path) -> None:
    inbox, wanted = home / "inbox", []
    for day in range(5):
        for old in range(day, 0, -1):
            os.rename(inbox / (f"{LOG}.{old - 1}" if old > 1 else LOG), inbox / f"{LOG}.{old}")
        content = [capture(100 * day + number) for number in range(day + 2)]
        put(home, LOG, encode(*content))
        wanted += content
        land(home, f"day{day}")
    assert lines_of(home) == numbers(wanted)
    assert [one.source_file for one in receipts(home)] == [LOG, *(f"{LOG} ({number})" for number in range(2, 6))]
    assert sorted(states(home)) == sorted([LOG, *(f"{LOG}.{number}" for number in range(1, 5))])
    put(home, f"{LOG}.3", encode(capture(999)))
    assert receipt(home, "late").source_file == f"{LOG} (2)"


def test_a_log_that_is_changed_and_not_rotated_is_refused_until_its_old_content_is_there(home: Path) -> None:
    path = put(home, LOG, encode(*FIRST))
    land(home, "first")
    old = path.read_bytes()
    path.write_bytes(encode(*NEW["longer"]))
    one = receipt(home, "second")
    assert one.lines == 0
    assert one.problem is not None
    assert "no file of the inbox continues it" in one.problem
    put(home, "old/app", old)
    assert [one.problem for one in land(home, "third")] == [None]
    assert lines_of(home) == numbers(FIRST, NEW["longer"])


def test_a_copy_beside_its_original_is_read_as_duplicates(home: Path) -> None:
    put(home, LOG, encode(*FIRST))
    land(home, "first")
    shutil.copyfile(home / "inbox" / LOG, home / "inbox" / "copy")
    one = receipt(home, "second")
    assert (one.source_file, one.duplicates) == ("copy", len(FIRST))


def test_a_file_that_only_begins_alike_is_another_one(home: Path) -> None:
    same = [capture(number) for number in range(30)]
    put(home, "export-1.jsonl", encode(*same, capture(31), capture(32)))
    land(home, "first")
    (home / "inbox" / "export-1.jsonl").unlink()
    put(home, "export-2.jsonl", encode(*same, capture(77), capture(78), capture(79)))
    one = receipt(home, "second")
    assert (one.accepted, one.duplicates) == (3, 30)


@pytest.mark.parametrize("kept_as", [None, "old/export"])
def test_a_file_that_was_written_anew_and_only_begins_alike_is_not_gone_on_with(
    home: Path, kept_as: str | None
) -> None:
    same = [capture(number) for number in range(30)]
    path = put(home, LOG, encode(*same, capture(31)))
    land(home, "first")
    old = path.read_bytes()
    path.write_bytes(encode(*same, capture(77), capture(31), capture(78)))
    if kept_as:
        put(home, kept_as, old)
        (one,) = land(home, "second")
        assert (one.accepted, one.duplicates) == (2, 31)
    else:
        one = receipt(home, "second")
        assert one.lines == 0
        assert one.problem is not None
        assert "is not the same any more where it was read last" in one.problem
        path.write_bytes(old + encode(capture(78)))
        assert receipt(home, "third").accepted == 1


def test_a_landing_that_dies_behind_a_rotation_loses_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, LOG, encode(*FIRST))
    land(home, "first")
    rename(home / "inbox")
    put(home, LOG, encode(*NEW["shorter"]))
    with monkeypatch.context() as patched:
        patched.setattr("orchestration.extract.landing.land.stager", None)
        with pytest.raises(TypeError):
            land(home, "dies")
    put(home, f"{LOG}.1", encode(*MORE))
    land(home, "second")
    assert lines_of(home) == numbers(FIRST, MORE, NEW["shorter"])


def test_links_are_followed_loops_are_cut_and_a_file_is_read_by_one_path(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    put(outside, "deep/b.log", encode(capture(2)))
    a = put(home, "a.jsonl", encode(capture(1)))
    inbox = home / "inbox"
    (inbox / "again.jsonl").symlink_to(a)
    os.link(a, inbox / "z.jsonl")
    (inbox / "folder").symlink_to(outside / "inbox")
    (outside / "inbox" / "deep" / "loop").symlink_to(outside / "inbox")
    (inbox / "self").symlink_to(inbox)
    (inbox / "up").symlink_to(home.parent)
    assert [one.source_file for one in land(home, "run")] == ["a.jsonl", "folder/deep/b.log"]
    assert lines_of(home) == [1, 2]
    assert not has_new_input(home)


def test_what_ignore_names_is_left_out_as_git_would(home: Path) -> None:
    (home / "inbox" / ".ignore").write_text("*.tmp\narchive/\n!keep.tmp\n# no pattern\n", encoding="utf-8")
    for name in ("a.jsonl", "b.tmp", "keep.tmp", "archive/c.jsonl", "deep/d.tmp"):
        put(home, name, encode(capture(name)))
    assert [one.source_file for one in land(home, "run")] == ["a.jsonl", "keep.tmp"]
    (home / "inbox" / ".ignore").unlink()
    assert [one.source_file for one in land(home, "second")] == ["archive/c.jsonl", "b.tmp", "deep/d.tmp"]


def test_a_rotated_home_has_the_rows_of_one_that_was_never_rotated(home: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    for place in (home, plain):
        put(place, LOG, encode(*FIRST))
        land(place, "first")
    rename(home / "inbox")
    put(home, f"{LOG}.1", encode(*MORE))
    put(plain, LOG, encode(*MORE))
    for place in (home, plain):
        land(place, "second")
    assert everything(home) == everything(plain)


def test_a_ledger_from_before_rotation_was_followed_goes_on(home: Path) -> None:
    for name in (LOG, "b.jsonl.gz"):
        put(home, name, encode(*FIRST))
    land(home, "first")
    with sqlite3.connect(home / "raw" / "ledger.sqlite") as ledger:
        for column in ("read_as", "tail", "format", "number"):
            ledger.execute(f"alter table files drop column {column}")
    assert not has_new_input(home)
    rename(home / "inbox")
    put(home, f"{LOG}.1", encode(*MORE))
    put(home, "b.jsonl.gz", encode(*NEW["shorter"]))
    put(home, LOG, encode(*NEW["longer"]))
    assert [(one.source_file, one.accepted, one.duplicates) for one in land(home, "second")] == [
        (LOG, 3, 0),
        (f"{LOG} (2)", 20, 0),
        ("b.jsonl.gz", 1, 0),
    ]
