"""Compressed files that are cut off or damaged: their whole lines count, and one entry in quarantine tells the rest."""

import gzip
from pathlib import Path

import pytest
import zstandard
from request_log_samples import capture, compressed, encode, put, receipt, rows

from orchestration.extract.inbox import streams as streams_module
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import states

ENDINGS = ["jsonl.gz", "jsonl.zst"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_stream_gives_its_whole_lines_and_goes_on_where_it_was_cut(home: Path, ending: str) -> None:
    name = f"a.{ending}"
    content = b"".join(encode(capture(number)) for number in range(2_000))
    packed = compressed(name, content)
    (home / "inbox" / name).write_bytes(packed[: len(packed) * 2 // 3])
    one = receipt(home, "first")
    assert (one.accepted, one.quarantined) == (one.lines - 1, 1)
    assert ending.endswith("zst") or one.lines > 100
    assert one.waiting_bytes > 0
    with (home / "inbox" / name).open("ab") as file:
        file.write(packed[len(packed) * 2 // 3 :])
    second = receipt(home, "second")
    assert (second.lines, second.quarantined, second.waiting_bytes) == (2_000 - one.accepted, 0, 0)
    assert [found["source_line"] for found in rows(home, "requests")] == [*range(1, 2_001)]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("cut", [5, 12])
def test_a_stream_cut_in_its_header_is_one_quarantined_entry(home: Path, ending: str, cut: int) -> None:
    packed = compressed(f"a.{ending}", encode(capture(1)))
    (home / "inbox" / f"a.{ending}").write_bytes(packed[:cut])
    one = receipt(home)
    assert (one.lines, one.quarantined, one.waiting_bytes) == (1, 1, cut)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_cut_off_stream_gives_the_lines_before_and_one_quarantined_entry(home: Path, ending: str) -> None:
    name = f"a.{ending}"
    whole = compressed(name, encode(capture(1), capture(2))) + compressed(name, encode(capture(3)))
    path = home / "inbox" / name
    path.write_bytes(whole[:-20])
    one = receipt(home, "first")
    assert (one.accepted, one.quarantined, one.problem) == (2, 1, None)
    assert one.waiting_bytes > 0
    (entry,) = rows(home, "quarantine")
    assert (entry["reason"], entry["source_line"]) == ("unfinished_stream", 3)
    assert f"inbox/{name} breaks off after line 2" in entry["explanation"]
    # Told once, also when more of it comes that does not make a line.
    path.write_bytes(whole[:-19])
    assert all(one.lines == 0 for one in land(home, "second"))
    path.write_bytes(whole + compressed(name, encode(capture(4))))
    one = receipt(home, "third")
    assert (one.accepted, one.quarantined, one.first_line, one.waiting_bytes) == (2, 0, 3, 0)
    assert [found["source_line"] for found in rows(home, "requests")] == [1, 2, 3, 4]
    assert not states(home)[name].cursor.damaged


def test_a_gzip_stream_without_its_check_sum_is_cut_off_but_its_lines_count(home: Path) -> None:
    path, whole = home / "inbox" / "a.jsonl.gz", gzip.compress(encode(capture(1)))
    path.write_bytes(whole[:-8])
    one = receipt(home, "first")
    assert (one.accepted, one.quarantined, one.problem) == (1, 1, None)
    path.write_bytes(whole)
    land(home, "second")
    state = states(home)["a.jsonl.gz"]
    assert (state.waiting_bytes, state.cursor.damaged) == (0, False)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_damaged_stream_gives_the_lines_before_and_one_quarantined_entry(home: Path, ending: str) -> None:
    name = f"a.{ending}"
    good, bad = (compressed(name, encode(*map(capture, numbers))) for numbers in (range(500), range(500, 1_000)))
    (home / "inbox" / name).write_bytes(good + bad[:20] + b"\xff" * 50 + bad[70:])
    one = receipt(home, "first")
    assert (one.accepted, one.quarantined) == (500, 1)
    (entry,) = rows(home, "quarantine")
    assert (entry["reason"], entry["source_line"]) == ("damaged_stream", 501)
    assert "damaged after line 500" in entry["explanation"]
    assert land(home, "second") == []
    put(home, name, encode(capture(7)))
    assert land(home, "third") == []
    assert len(rows(home, "quarantine")) == 1


def test_a_wrong_check_sum_is_a_damaged_stream_after_its_lines(home: Path) -> None:
    packed = bytearray(gzip.compress(encode(capture(1), capture(2))))
    packed[-8] ^= 1
    (home / "inbox" / "a.jsonl.gz").write_bytes(packed)
    one = receipt(home)
    assert (one.accepted, one.quarantined) == (2, 1)


def test_the_lines_before_the_damage_do_not_depend_on_how_much_is_decoded_at_a_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bytearray(gzip.compress(b"".join(encode(capture(number)) for number in range(3_000))))
    packed[len(packed) // 2] ^= 0xFF
    found = set()
    for size in (64, 1_000, 2_048, 1 << 20):
        monkeypatch.setattr(streams_module, "SLICE", size)
        folder = home / f"{size}"
        (folder / "inbox").mkdir(parents=True)
        (folder / "inbox" / "a.jsonl.gz").write_bytes(packed)
        one = receipt(folder)
        found.add((one.lines, one.quarantined))
    assert len(found) == 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_that_is_too_short_to_tell_what_it_is_waits(home: Path, ending: str) -> None:
    packed = compressed(f"a.{ending}", encode(capture(1)))
    path = home / "inbox" / f"a.{ending}"
    path.write_bytes(packed[:1])
    one = receipt(home, "first")
    assert (one.lines, one.waiting_bytes, one.problem) == (0, 1, None)
    path.write_bytes(packed)
    assert receipt(home, "second").accepted == 1


def test_zstandard_frames_that_are_skipped_hold_nothing(home: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
    content = zstandard.ZstdCompressor().compress(encode(capture(1)))
    (home / "inbox" / "a.jsonl.zst").write_bytes(skipped + content + skipped)
    one = receipt(home)
    assert (one.accepted, one.quarantined, one.waiting_bytes) == (1, 0, 0)
