"""A file is judged by what it holds, whatever its name: read in many forms, or refused once with what to do."""

import bz2
import gzip
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pytest
from request_log_samples import capture, compressed, counts, encode, put, receipt, rows

from orchestration.extract.landing.land import land

LINES = [capture(number, organization={"name": "Müller & Söhne 🙂"}) for number in range(4)]
WHOLE = encode(*(json.dumps(line, ensure_ascii=False).encode() for line in LINES))
UTF_16 = WHOLE.decode().encode("utf-16")
PRETTY = json.dumps(LINES, indent=2, ensure_ascii=False)


def write(home: Path, content: bytes, name: str = "a.log") -> Path:
    path = home / "inbox" / name
    path.write_bytes(content)
    return path


READ = {
    "lines": WHOLE,
    "lines with a mark": b"\xef\xbb\xbf" + WHOLE,
    "gzip": gzip.compress(WHOLE),
    "zstd": compressed("a.zst", WHOLE),
    "gzip with zeros behind it": gzip.compress(WHOLE) + bytes(5_000),
    "utf-16": UTF_16,
    "utf-16, the other byte order": "\ufeff".encode("utf-16-be") + WHOLE.decode().encode("utf-16-be"),
    "utf-32": WHOLE.decode().encode("utf-32"),
    "utf-16 in gzip": gzip.compress(UTF_16),
    "a list": json.dumps(LINES).encode(),
    "a list over many lines": PRETTY.encode(),
    "a list in utf-16": PRETTY.encode("utf-16"),
    "a list in zstd": compressed("a.zst", PRETTY.encode()),
    "objects over many lines": "\n".join(json.dumps(line, indent=1) for line in LINES).encode(),
    "objects in one line": b"".join(json.dumps(line).encode() for line in LINES),
    "lines with commas": WHOLE.replace(b"\n", b",\n"),
    "a list in lines": b"[\n" + WHOLE.replace(b"\n", b",\n").rstrip(b",\n") + b"\n]\n",
}


@pytest.mark.parametrize("form", READ)
def test_every_form_of_a_request_log_is_read_and_only_once(home: Path, form: str) -> None:
    write(home, READ[form])
    one = receipt(home)
    assert (one.accepted, one.quarantined, one.waiting_bytes, one.problem) == (4, 0, 0, None)
    assert [found["organization_name"] for found in rows(home, "requests")] == ["Müller & Söhne 🙂"] * 4
    assert land(home, "again") == []


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("size", [1, 3, 700])
def test_a_file_that_grows_piece_by_piece_gives_what_it_gives_whole(home: Path, form: str, size: int) -> None:
    path, content = write(home, b""), READ[form]
    steps = range(0, len(content), size) if size > 3 else [*range(0, 9, size), len(content) // 2 | 1]
    for number, at in enumerate([*steps, len(content)]):
        path.write_bytes(content[:at])
        land(home, f"run{number}")
    found = rows(home, "requests")
    assert {one["conversation_id"] for one in found} == {"c0", "c1", "c2", "c3"}
    assert len(found) == 4
    assert [one["source_line"] for one in found] == sorted({one["source_line"] for one in found})


def test_an_element_of_a_list_has_the_line_in_which_it_begins(home: Path) -> None:
    write(home, json.dumps([LINES[0], "oops", LINES[1]], indent=2).encode())
    assert counts(home) == (3, 2, 0, 1)
    first, second = (found["source_line"] for found in rows(home, "requests"))
    (bad,) = rows(home, "quarantine")
    assert (first, bad["source_line"], bad["reason"]) == (2, second - 1, "not_an_object")


def test_elements_in_one_line_have_numbers_of_their_own(home: Path) -> None:
    write(home, b"\n" + json.dumps(LINES).encode())
    land(home, "run")
    assert [found["source_line"] for found in rows(home, "requests")] == [2, 3, 4, 5]


def test_an_element_that_is_too_long_is_quarantined_and_the_others_are_read(home: Path) -> None:
    write(home, json.dumps([LINES[0], {"a": "x" * 3_000_000}, LINES[1]]).encode())
    assert counts(home, line_limit=10_000) == (3, 2, 0, 1)
    assert rows(home, "quarantine")[0]["reason"] == "line_too_long"


REFUSED = {
    "bzip2": bz2.compress(WHOLE),
    "xz": lzma.compress(WHOLE),
    "twice": gzip.compress(gzip.compress(WHOLE)),
    "Parquet": b"PAR1" + bytes(90),
    "SQLite": b"SQLite format 3\0" + bytes(90),
    "DuckDB": bytes(8) + b"DUCK" + bytes(90),
    "PDF": b"%PDF-1.7\n" + bytes(90),
    "binary": bytes(range(256)),
    "tar": b"a.jsonl".ljust(257, b"\0") + b"ustar" + bytes(250),
    "UTF-16 without": UTF_16[2:],
    "not UTF-8": WHOLE.decode().replace("🙂", "").encode("latin-1"),
    "CSV": b"id,name,plan\n1,Ann,pro\n2,Bob,free\n",
    "not JSON": b"[2026-01-01] INFO started\n[2026-01-01] INFO stopped\n",
    "epoch milliseconds": encode(*(line | {"received_at": 1_764_000_000_000} for line in LINES)),
    "epoch seconds": encode(*(capture(messages=[{"role": "user", "sentAt": 1_764_000_000}]) for _ in range(3))),
    "no request log": encode(*(line["request"] for line in LINES)),
    "JSON, but no request log": json.dumps([line["request"] for line in LINES]).encode(),
    "(Latin-1 or Windows-1252, perhaps)": json.dumps(LINES, ensure_ascii=False).replace("🙂", "").encode("latin-1"),
    "one JSON object around a list (`records`)": json.dumps({"count": 4, "records": LINES}).encode(),
    "one JSON object around a list (`data.items`)": json.dumps({"data": {"items": [{"id": 1}]}}, indent=1).encode(),
    "a list whose first element is text": b'["u1", "u2"]',
    "a list whose first element is a list": b'[["id", "plan"], ["u1", "pro"]]',
    "text in front of the JSON of each line": b"".join(b"INFO " + encode(line) for line in LINES),
    "bad_received_at: The envelope's `received_at` names its zone in words": encode(
        *(line | {"received_at": "2026-11-22 10:15:00 UTC"} for line in LINES * 3)
    ),
    "same fault": encode(*(line | {"shape": "letter"} for line in LINES * 3)),
}


@pytest.mark.parametrize("cause", REFUSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a"])
def test_what_is_no_request_log_is_refused_once_with_what_to_do(home: Path, cause: str, name: str) -> None:
    path = write(home, REFUSED[cause], name)
    one = receipt(home)
    assert (one.lines, rows(home, "quarantine")) == (0, [])
    assert one.problem is not None
    assert cause in one.problem
    assert one.problem.startswith(f"The file inbox/{name} ")
    assert one.problem.count(". ") == 1
    # What was refused is judged again when it changes.
    path.write_bytes(WHOLE)
    again = receipt(home, "again")
    assert (again.accepted, again.problem) == (4, None)


def wrapped(line: dict[str, Any]) -> dict[str, Any]:
    return {"log": json.dumps(line) + "\n", "stream": "stdout"}


WRAPPED = {
    "jq -j .log": encode({"log": "Started\n"}, *map(wrapped, LINES)),
    "jq -r .": encode(*(json.dumps(json.dumps(line)).encode() for line in LINES)),
    "jq -c .jsonPayload": encode(*({"insertId": "a", "jsonPayload": line} for line in LINES)),
    "jq -r '.[\"@log\"].text'": encode(*({"@log": {"text": json.dumps(line)}} for line in LINES)),
    "jq -c '.records[]'": json.dumps({"count": 4, "records": LINES}).encode(),
    "jq -r '.events[].message'": json.dumps({"events": [{"message": json.dumps(line)} for line in LINES]}).encode(),
    "jq -j '.[].log'": json.dumps([wrapped(line) for line in LINES], indent=1).encode(),
    "jq -r '.[]'": json.dumps([json.dumps(line) for line in LINES]).encode(),
    "jq -c '.[][]'": json.dumps([[line] for line in LINES]).encode(),
}


@pytest.mark.parametrize("command", WRAPPED)
def test_a_request_log_inside_the_records_of_another_program_is_refused_with_the_command_that_takes_it_out(
    home: Path, command: str
) -> None:
    write(home, WRAPPED[command])
    one = receipt(home)
    assert (one.lines, rows(home, "quarantine")) == (0, [])
    assert one.problem is not None
    assert f"`{command}`" in one.problem
    assert one.problem.count(". ") == 1


def test_requests_whose_texts_hold_requests_are_read(home: Path) -> None:
    write(home, encode(*(capture(number, **values(json.dumps(LINES[0]))) for number in range(3))))
    assert counts(home) == (3, 3, 0, 0)


def test_a_zip_archive_is_refused_with_what_to_do(home: Path) -> None:
    with zipfile.ZipFile(home / "inbox" / "a.jsonl", "w") as archive:
        archive.writestr("a.jsonl", WHOLE)
    problem = receipt(home).problem
    assert problem is not None
    assert "zip archive" in problem
    assert "Unpack it" in problem


@pytest.mark.parametrize(
    "content",
    [
        encode(b"oops", *LINES),
        encode(b'{"a": "\xff"}', *LINES),
        encode(*LINES, b"id,name", b"1,Ann"),
        encode({"received_at": 1_764_000_000_000}, *LINES),
        encode(b'{"half": ', *LINES),
        encode(*LINES) + bytes(9) + b"\n",
        b"".join(b"\xef\xbb\xbf" * 2 + encode(line) for line in LINES) + b"oops\n",
    ],
)
def test_a_fault_of_some_lines_is_theirs_and_the_others_are_read(home: Path, content: bytes) -> None:
    write(home, content)
    one = receipt(home)
    assert (one.accepted, one.problem) == (4, None)
    assert one.quarantined >= 1


def test_what_a_file_is_does_not_change_once_some_of_it_is_read(home: Path) -> None:
    put(home, "a.jsonl", encode(LINES[0]))
    land(home, "first")
    put(home, "a.jsonl", encode(b"[", *[b"id,name"] * 20, LINES[1]))
    one = receipt(home, "second")
    assert (one.accepted, one.quarantined) == (1, 21)


def values(*texts: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text} for text in texts]}


def test_brackets_and_quotes_inside_texts_do_not_end_a_value(home: Path) -> None:
    texts = ['{"', "}]", '\\"}', "\\\\", "[{\n", "\u2028", "\U0001f642", "\u7b22\u2200\u5c00"]
    line = capture(**values(*texts))
    for number, encoding in enumerate(["utf-8", "utf-16", "utf-32"]):
        write(home, json.dumps([line] * 3, ensure_ascii=False).encode(encoding), f"{number}.json")
    assert counts(home) == (9, 1, 8, 0)
    assert [found["content"] for found in rows(home, "messages")][: len(texts)] == texts
