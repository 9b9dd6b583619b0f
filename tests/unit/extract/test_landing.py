"""Landing as a whole: tables on disk, receipts, duplicates, splits over runs, processes."""

import random
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from request_log_samples import (
    RECEIVED_AT,
    SCHEMAS,
    analysis,
    capture,
    counts,
    encode,
    envelope,
    everything,
    put,
    receipt,
    rows,
    with_message,
)

from orchestration.extract.landing.land import LandingBusy, Progress, ensure_raw, land
from orchestration.extract.landing.ledger import (
    arrivals,
    committed_files,
    first_arrival,
    receipts,
    receipts_table,
    segments,
)
from orchestration.extract.landing.pending import has_new_input, peek_arrival_days, pending_bytes
from orchestration.extract.landing.schemas import RECEIPTS


def test_tables_have_the_columns_of_today_where_the_raw_files_are_older(tmp_path: Path) -> None:
    ensure_raw(tmp_path)
    path = tmp_path / "raw" / "requests" / "schema.parquet"
    older = pq.read_table(path).drop_columns(["has_device", "has_country"])
    pq.write_table(older, path)
    ensure_raw(tmp_path)
    assert pq.read_schema(path) == SCHEMAS["requests"]
    written = path.stat().st_mtime_ns
    ensure_raw(tmp_path)
    assert path.stat().st_mtime_ns == written


def mixture(count: int, seed: int) -> list[Any]:
    """Lines of all shapes over several arrival days, with faults and with duplicates."""
    dice = random.Random(seed)
    lines: list[Any] = []
    for number in range(count):
        day = {"received_at": f"2026-11-{dice.randrange(20, 25)}T10:15:00Z"}
        flat = envelope("conversations", {"messages": [{"role": "user"}], "metadata": {"user_id": number, "x": 1}})
        choices = [
            capture(number, custom={"seats": number, "vip": True}),
            capture(number, user={"id": f"u{dice.randrange(9)}", "mrr": "1,500"}),
            with_message(sentAt=None),
            flat,
            analysis(0.5, number / count, 7),
            capture(messages=[]),
            dice.choice([b"oops", b'{"a": "\xff"}', b"", b"[1]"]),
        ]
        line = dice.choice(choices)
        lines.append(line | day if isinstance(line, dict) else line)
        if dice.random() < 0.2:
            lines.append(dice.choice(lines))
    return lines


def test_a_new_home_has_every_table_empty_and_typed(home: Path) -> None:
    ensure_raw(home)
    assert land(home, "run") == []
    for table, schema in SCHEMAS.items():
        folder = home / "quarantine" if table == "quarantine" else home / "raw" / table
        assert pq.read_table(folder / "schema.parquet", partitioning=None).schema.equals(schema)
        assert rows(home, table) == []
    assert not has_new_input(home)
    assert receipts_table(home).schema.equals(RECEIPTS)


def test_an_untouched_home_has_nothing_to_tell(home: Path) -> None:
    assert (receipts(home), committed_files(home, "requests"), segments(home), pending_bytes(home)) == ([], [], [], 0)
    put(home, "a.jsonl", encode(capture()))
    assert has_new_input(home)
    assert pending_bytes(home) > 0


def test_arrival_days_are_utc_and_the_days_of_a_segment_share_a_file(home: Path) -> None:
    late = capture(1) | {"received_at": "2026-11-23T00:30:00+01:00"}
    put(home, "a.jsonl", encode(late, capture(2) | {"received_at": "2026-11-23T00:00:00Z"}))
    assert first_arrival(home) is None
    land(home, "run")
    (file,) = committed_files(home, "messages")
    assert (file.path, file.row_count) == (f"raw/messages/{file.segment_id}.parquet", 2)
    assert arrivals(home) == [(date(2026, 11, 22), file.segment_id), (date(2026, 11, 23), file.segment_id)]
    assert first_arrival(home) == date(2026, 11, 22)


def test_every_row_says_where_it_comes_from(home: Path) -> None:
    put(home, "deep/a.jsonl", encode(b"", capture(1, custom={"a": 1}, kind="odd"), analysis(1), b"oops"))
    land(home, "run")
    for table, line in {"requests": 2, "messages": 2, "custom_fields": 2, "warnings": 2, "analyses": 3}.items():
        (found,) = rows(home, table)
        assert (found["source_file"], found["source_line"]) == ("deep/a.jsonl", line)
        assert (found["chatbot_id"], found["received_at"]) == ("support", datetime(2026, 11, 22, 10, 15))
    (bad,) = rows(home, "quarantine")
    assert (bad["run_id"], bad["source_line"], bad["chatbot_id"], bad["line"]) == ("run", 4, None, b"oops")


def test_trap_41_an_equal_line_is_a_duplicate_that_is_landed_and_counted(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1), capture(2), capture(1)))
    assert counts(home) == (3, 2, 1, 0)
    put(home, "b.jsonl", encode(capture(2), capture(2) | {"received_at": "2026-11-22T10:15:01Z"}, analysis(None)))
    assert counts(home, "second") == (3, 2, 1, 0)
    # An analysis without a valid score has no rows, and is known again all the same.
    put(home, "c.jsonl", encode(analysis(None)))
    assert counts(home, "third") == (1, 0, 1, 0)
    assert len(rows(home, "requests")) == 5
    assert len({found["record_id"] for found in rows(home, "requests")}) == 3


def test_the_same_file_delivered_twice_is_all_duplicates(home: Path) -> None:
    content = encode(*mixture(300, 1))
    put(home, "a.jsonl", content)
    lines, accepted, duplicates, quarantined = counts(home)
    put(home, "a.jsonl.gz", content)
    assert counts(home, "second") == (lines, 0, accepted + duplicates, quarantined)


def test_receipts_are_kept_for_every_file_and_run(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1, kind="odd"), b"oops"))
    first = land(home, "r1")
    put(home, "a.jsonl", encode(capture(1, kind="odd")))
    put(home, "b.jsonl", encode(capture(2)))
    second = land(home, "r2")
    assert receipts(home) == [*first, *second]
    assert receipts(home, "r1") == first
    assert receipts_table(home).to_pylist()[1] | {"read_at": None} == {
        "run_id": "r2",
        "source_file": "a.jsonl",
        "first_line": 3,
        "last_line": 3,
        "bytes_read": len(encode(capture(1, kind="odd"))),
        "lines": 1,
        "accepted": 0,
        "duplicates": 1,
        "quarantined": 0,
        "warnings": 1,
        "waiting_bytes": 0,
        "problem": None,
        "read_at": None,
    }


def test_a_run_that_is_repeated_adds_to_its_receipt(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1)))
    land(home, "run")
    put(home, "a.jsonl", encode(capture(2), b"oops"))
    one = receipt(home, "run")
    assert (one.first_line, one.last_line, one.lines, one.accepted, one.quarantined) == (1, 3, 3, 2, 1)
    assert receipts(home) == [one]


@pytest.mark.parametrize("seed", range(5))
def test_any_split_over_runs_in_any_order_lands_the_same(home: Path, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    contents = {name: encode(*mixture(120, seed)) for name in ("a.jsonl", "b.jsonl.gz", "c/d.jsonl.zst")}
    whole, split = tmp_path / "whole", tmp_path / "split"
    for name, content in contents.items():
        put(whole, name, content)
    total = counts(whole)

    left = dict(contents)
    runs: list[tuple[int, ...]] = []
    while left:
        for name in dice.sample(sorted(left), dice.randrange(1, len(left) + 1)):
            size = dice.choice([1, 50, 700, 20_000])
            put(split, name, left[name][:size])
            left[name] = left[name][size:]
            if not left[name]:
                del left[name]
        runs.append(counts(split, f"run{len(runs)}", segment_lines=dice.choice([1, 7, 50_000])))
    assert tuple(map(sum, zip(*runs, strict=True))) == total
    assert everything(split, "byte_offset") == everything(whole, "byte_offset")


def test_several_processes_land_the_same_as_one(home: Path, tmp_path: Path) -> None:
    serial, parallel = tmp_path / "serial", tmp_path / "parallel"
    for place in (serial, parallel):
        put(place, "a.jsonl", encode(*mixture(2_000, 1)))
        put(place, "b.jsonl.zst", encode(*mixture(500, 2)))
        put(place, "c.jsonl.gz", encode(*mixture(100, 3))[:-9])
    assert counts(serial, segment_lines=150, workers=1) == counts(parallel, segment_lines=150, workers=3)
    assert everything(serial) == everything(parallel)
    strip = [(one.source_file, one.lines, one.warnings, one.waiting_bytes) for one in receipts(serial)]
    assert strip == [(one.source_file, one.lines, one.warnings, one.waiting_bytes) for one in receipts(parallel)]


def test_a_fault_in_a_worker_reaches_the_caller_and_leaves_nothing_uncommitted(home: Path) -> None:
    put(home, "a.jsonl", encode(*mixture(400, 1)))
    blocked = home / "raw" / "requests" / "schema.parquet"
    ensure_raw(home)
    shutil.rmtree(blocked.parent)
    blocked.parent.write_text("in the way")
    with pytest.raises(FileExistsError):
        land(home, "run", workers=2, segment_lines=50)
    blocked.parent.unlink()
    lines, *_ = counts(home, "retry", workers=2)
    assert lines == sum(one.lines for one in receipts(home))
    rows(home, "messages")


def test_progress_is_told_for_every_segment(home: Path) -> None:
    put(home, "a.jsonl", encode(*map(capture, range(10))))
    told: list[Progress] = []
    land(home, "run", segment_lines=4, progress=told.append)
    assert [one.lines for one in told] == [4, 8, 10]
    assert [one.bytes_read for one in told] == sorted(one.bytes_read for one in told)
    assert told[-1].bytes_read == told[-1].bytes_to_read == (home / "inbox" / "a.jsonl").stat().st_size


def test_two_landings_at_once_are_refused_with_a_clear_sentence(home: Path) -> None:
    land(home, "first")
    with FileLock(home / "raw" / ".landing.lock"), pytest.raises(LandingBusy, match="Another process"):
        land(home, "second")
    land(home, "third")


def test_the_arrival_days_of_new_lines_can_be_seen_before_reading(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1)))
    land(home, "run")
    assert peek_arrival_days(home) == set()
    put(home, "a.jsonl", encode(capture(2) | {"received_at": "2026-11-20T23:30:00-05:00"}, b"oops"))
    put(home, "b.jsonl.gz", encode(capture(3), capture(4) | {"received_at": "2025-01-01 00:00"}))
    assert peek_arrival_days(home) == {date(2026, 11, 21), date(2026, 11, 22), date(2025, 1, 1)}
    land(home, "run")
    assert peek_arrival_days(home) == set()


def test_an_id_of_10_000_characters_never_reaches_a_table(home: Path) -> None:
    long = "x" * 10_000
    put(home, "a.jsonl", encode(capture(conversationId=long), capture(1, user={"id": long}), with_message(id=long)))
    assert counts(home) == (3, 2, 0, 1)
    assert [found["user_id"] for found in rows(home, "requests")] == [None, "u1"]
    assert [found["message_id"] for found in rows(home, "messages")] == ["m1", None]


def test_received_at_is_kept_to_the_microsecond_in_utc(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(1) | {"received_at": RECEIVED_AT.replace("Z", ".1234567+01:00")}))
    land(home, "run")
    assert rows(home, "requests")[0]["received_at"] == datetime(2026, 11, 22, 9, 15, 0, 123456)
