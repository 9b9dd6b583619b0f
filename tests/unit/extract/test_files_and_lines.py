"""Reading files: which ones, from where, line by line, plain and compressed, growing and changed."""

import os
from pathlib import Path

import pytest
from request_log_samples import (
    analysis,
    capture,
    compressed,
    counts,
    encode,
    everything,
    put,
    receipt,
    rows,
)

from orchestration.extract.inbox import streams as streams_module
from orchestration.extract.inbox.files import TAIL_BYTES
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import receipts, states
from orchestration.extract.landing.pending import has_new_input, peek_arrival_days, pending_bytes

ENDINGS = ["jsonl", "jsonl.gz", "jsonl.zst"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)


def test_files_of_any_name_are_read_in_the_order_of_their_paths_and_hidden_ones_are_not(home: Path) -> None:
    for name in ("b.jsonl", "a/z.jsonl", "a.jsonl", ".a.jsonl", ".hidden/a.jsonl", "a.json", "a.jsonl.1", "a.JSONL"):
        put(home, name, encode(capture(name)))
    names = ["a.JSONL", "a.json", "a.jsonl", "a.jsonl.1", "a/z.jsonl", "b.jsonl"]
    assert [one.source_file for one in land(home, "run")] == names
    assert not has_new_input(home)


@each_ending
def test_a_file_is_read_once_with_its_lines_and_places(home: Path, ending: str) -> None:
    content = encode(capture(1), b"", capture(2), b"  \r", b"oops")
    put(home, f"a.{ending}", content)
    one = receipt(home)
    assert (one.first_line, one.last_line, one.bytes_read) == (1, 5, len(content))
    assert (one.lines, one.accepted, one.quarantined, one.waiting_bytes) == (3, 2, 1, 0)
    assert [found["source_line"] for found in rows(home, "requests")] == [1, 3]
    (bad,) = rows(home, "quarantine")
    assert (bad["source_line"], bad["line"], bad["source_file"]) == (5, b"oops", f"a.{ending}")
    assert content[bad["byte_offset"] :].startswith(b"oops")
    assert land(home, "again") == []
    assert not has_new_input(home)
    assert pending_bytes(home) == 0


@each_ending
def test_a_growing_file_equals_the_file_delivered_whole(home: Path, tmp_path: Path, ending: str) -> None:
    parts = [encode(capture(1), capture(2)), encode(capture(3)), b"", encode(b"oops", capture(4))]
    for number, part in enumerate(parts):
        put(home, f"a.{ending}", part)
        assert has_new_input(home) == bool(part or ending != "jsonl")
        land(home, f"run{number}")
    whole = tmp_path / "whole"
    put(whole, f"a.{ending}", b"".join(parts))
    land(whole, "run")
    assert everything(home) == everything(whole)
    assert sum(one.lines for one in receipts(home)) == 5


@each_ending
def test_what_was_read_is_not_read_again_when_a_file_grows(
    home: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = "".join(f"{number * 7919 % 10007:x}" for number in range(40_000))
    path = put(home, f"a.{ending}", encode(*(capture(1, messages=[{"role": "user", "content": noise}]),)))
    first = path.stat().st_size
    assert first > 10_000
    land(home, "first")
    # What was consumed becomes unreadable, but for the beginning and the end by which the file is known.
    with path.open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff" * (first - TAIL_BYTES - 5_000))
    put(home, f"a.{ending}", encode(capture(2)))
    read_from: list[int] = []
    real = os.pread
    monkeypatch.setattr(streams_module.os, "pread", lambda f, n, at: read_from.append(at) or real(f, n, at))
    assert receipt(home, "second").accepted == 1
    assert all(at == 0 or at >= first - TAIL_BYTES for at in read_from)
    assert [found["source_line"] for found in rows(home, "requests")] == [1, 2]


@each_ending
def test_a_half_written_last_line_waits_and_is_read_when_it_is_whole(home: Path, ending: str) -> None:
    line = encode(capture(2))
    put(home, f"a.{ending}", encode(capture(1)) + line[:50])
    one = receipt(home, "first")
    assert (one.lines, one.waiting_bytes) == (1, 50)
    assert not has_new_input(home)
    assert land(home, "nothing new") == []
    put(home, f"a.{ending}", line[50:])
    one = receipt(home, "second")
    assert (one.lines, one.accepted, one.first_line, one.waiting_bytes) == (1, 1, 2, 0)
    assert [found["conversation_id"] for found in rows(home, "requests")] == ["c1", "c2"]


@each_ending
def test_a_whole_object_without_a_newline_is_taken_at_once_and_only_once(home: Path, ending: str) -> None:
    put(home, f"a.{ending}", encode(capture(1)) + encode(capture(2))[:-1])
    assert receipt(home, "first").accepted == 2
    put(home, f"a.{ending}", b"\r\n" + encode(capture(3)))
    one = receipt(home, "second")
    assert (one.lines, one.accepted, one.first_line) == (1, 1, 3)


def test_a_newline_alone_after_a_whole_object_is_no_line(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1))[:-1])
    land(home, "first")
    for number, rest in enumerate((b" ", b" ", b"\n", b"\n")):
        put(home, "a.jsonl", rest)
        assert land(home, f"rest{number}") == []
    put(home, "a.jsonl", encode(capture(2)))
    assert receipt(home, "last").first_line == 4 - 1


def test_text_after_a_whole_object_is_a_broken_line_of_the_same_number(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1))[:-1])
    land(home, "first")
    put(home, "a.jsonl", b' {"b": 2}')
    assert receipt(home, "waits").waiting_bytes == 9
    put(home, "a.jsonl", b"\n" + encode(capture(2)))
    one = receipt(home, "second")
    assert (one.first_line, one.last_line, one.accepted, one.quarantined) == (1, 2, 1, 1)
    assert rows(home, "quarantine")[0]["reason"] == "broken_json"


@pytest.mark.parametrize("tail", [b"[1]", b"12", b'"text"', b"{", b"null", b"oops"])
def test_a_last_line_that_is_no_whole_object_waits(home: Path, tail: bytes) -> None:
    put(home, "a.jsonl", encode(capture(1)) + tail)
    assert receipt(home).waiting_bytes == len(tail)


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(home: Path) -> None:
    put(home, "a.jsonl", b"\xef\xbb\xbf" + encode(capture(1), capture(2)).replace(b"\n", b"\r\n"))
    put(home, "b.jsonl", b"\xef\xbb\xbf" + encode(capture(3))[:-1])
    assert counts(home) == (3, 3, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_files_that_were_joined_with_their_byte_order_marks_are_read_to_the_end(home: Path, encoding: str) -> None:
    numbered = capture(2, user={"id": 1.50})
    parts = ["\ufeff" + encode(one).decode() for one in (capture(1), capture(2), numbered)]
    put(home, "a.jsonl", "".join(parts).encode(encoding))
    put(home, "b.jsonl", encode(capture(2), numbered))
    # Marks are no content: what is equal but for them is a copy.
    assert counts(home) == (5, 3, 2, 0)


@each_ending
def test_an_empty_file_has_a_receipt_of_nothing(home: Path, ending: str) -> None:
    (home / "inbox" / f"a.{ending}").write_bytes(b"")
    one = receipt(home)
    assert (one.lines, one.first_line, one.waiting_bytes, one.problem) == (0, None, 0, None)
    assert not has_new_input(home)


def test_a_line_of_50_mb_is_quarantined_and_the_good_lines_are_read(home: Path) -> None:
    huge = b'{"a": "' + b"x" * 50_000_000 + b'"}'
    put(home, "a.jsonl", encode(capture(1), huge, capture(2)))
    one = receipt(home)
    assert (one.accepted, one.quarantined) == (2, 1)
    (bad,) = rows(home, "quarantine")
    assert (bad["reason"], bad["source_line"], len(bad["line"])) == ("line_too_long", 2, 1000)
    assert "50,000,009 bytes" in bad["explanation"]
    assert rows(home, "requests")[1]["source_line"] == 3


@each_ending
def test_a_too_long_last_line_without_newline_is_quarantined_once_however_it_goes_on(home: Path, ending: str) -> None:
    put(home, f"a.{ending}", encode(capture(1)) + b"x" * 2_000)
    one = receipt(home, "first", line_limit=1_000)
    assert (one.quarantined, one.waiting_bytes) == (1, 0)
    put(home, f"a.{ending}", b"y" * 2_000)
    assert land(home, "second", line_limit=1_000) == []
    put(home, f"a.{ending}", b"z\n" + encode(capture(2)))
    one = receipt(home, "third", line_limit=1_000)
    assert (one.first_line, one.lines, one.accepted) == (3, 1, 1)


def test_a_line_of_exactly_the_limit_is_read(home: Path) -> None:
    line = encode(capture(1))
    put(home, "a.jsonl", line * 2)
    assert counts(home, line_limit=len(line) - 1) == (2, 1, 1, 0)
    put(home, "b.jsonl", line)
    assert counts(home, line_limit=len(line) - 2) == (1, 0, 0, 1)


def test_a_bomb_that_unpacks_to_one_endless_line_is_never_held_in_memory(home: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.zst"):
        put(home, name, encode(b"x" * 100_000_000, capture(name)))
    assert counts(home) == (4, 2, 0, 2)


@each_ending
def test_a_file_that_shrank_or_changed_its_beginning_is_reported_and_not_read(home: Path, ending: str) -> None:
    path = put(home, f"a.{ending}", encode(capture(1), capture(2)))
    land(home, "first")
    whole = path.read_bytes()
    path.write_bytes(whole[:30])
    one = receipt(home, "second")
    assert one.lines == 0
    assert one.problem is not None
    assert "is shorter" in one.problem
    path.write_bytes(b"#" + whole[1:] + whole)
    one = receipt(home, "third")
    assert one.problem is not None
    assert "beginning" in one.problem
    assert f"inbox/a.{ending}" in one.problem
    # The problem is told in each run, but is no reason to start one.
    assert not has_new_input(home)
    assert receipt(home, "fourth").problem == one.problem
    path.write_bytes(whole + compressed(f"a.{ending}", encode(capture(3))))
    one = receipt(home, "fifth")
    assert (one.problem, one.accepted, one.first_line) == (None, 1, 3)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(home: Path) -> None:
    (home / "inbox" / "a.jsonl").symlink_to(home / "nowhere")
    put(home, "b.jsonl", encode(capture(1)))
    (home / "inbox" / os.fsdecode(b"c\xff.jsonl")).write_bytes(encode(capture(2)))
    first, second, third = land(home, "run")
    assert first.problem is not None
    assert "cannot be read" in first.problem
    assert second.accepted == 1
    assert third.problem is not None
    assert "not valid UTF-8" in third.problem


def test_a_pipe_or_a_device_under_the_name_of_a_file_is_told_and_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "inbox" / "a.jsonl")
    (home / "inbox" / "b.jsonl").symlink_to("/dev/zero")
    put(home, "c.jsonl", encode(capture(1)))
    assert peek_arrival_days(home) != set()
    pipe, device, file = land(home, "run")
    assert [pipe.lines, device.lines, file.accepted] == [0, 0, 1]
    assert {one.problem and one.problem.partition(" is ")[2][:4] for one in (pipe, device)} == {"a pi"}


def test_a_touched_file_is_looked_at_and_has_nothing_to_tell(home: Path) -> None:
    path = put(home, "a.jsonl", encode(capture(1)))
    land(home, "first")
    os.utime(path, ns=(1, 1))
    assert has_new_input(home)
    assert land(home, "second") == []
    assert not has_new_input(home)


def test_a_segment_ends_at_its_limit_and_the_next_goes_on(home: Path) -> None:
    lines = [capture(number) for number in range(10)] + [analysis(0.5), b"oops"]
    put(home, "a.jsonl", encode(*lines))
    put(home, "b.jsonl.gz", encode(*lines[:4]))
    assert counts(home, segment_lines=3) == (16, 11, 4, 1)
    assert {state.cursor.line for state in states(home).values()} == {12, 4}
