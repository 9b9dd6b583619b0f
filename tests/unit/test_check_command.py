"""`clientele check`: every fault of every line, unknown fields and what was meant, a preview; nothing is read in."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.extract.records.inspection import all_faults, nearest_known, unknown_fields
from tests.support.requests import analysis, capture, encode, said

GOOD = capture(
    "c1",
    said("m1", "2026-11-20T10:00:00Z"),
    user={"id": "u1", "plan": "pro"},
    organization={"id": "o1", "mrr": 5},
)


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Checks a file with this content: the exit code and what was printed."""
    home = tmp_path / "home"
    monkeypatch.setenv("CLIENTELE_HOME", str(home))
    path = tmp_path / "new.log"

    def run(content: bytes, *options: str) -> tuple[int, str]:
        path.write_bytes(content)
        done = CliRunner().invoke(app, ["check", str(path), *options])
        assert not home.exists()
        return done.exit_code, done.output

    return run


def reasons(line: dict[str, Any] | bytes) -> list[str]:
    return [reason for reason, _ in all_faults(encode(line))[1]]


def test_the_faults_and_fields_of_a_file_that_would_be_refused_are_shown_too(check: Any) -> None:
    line = {"receivedAt": "2026-11-20T10:00:00Z", **{name: GOOD[name] for name in ("chatbot_id", "shape", "request")}}
    code, said = check(encode(*[line] * 12))
    assert code == 3
    assert "0 lines of 1 files: 0 would be accepted, 0 rejected; 1 files would not be read" in said
    assert "bad_received_at: The envelope's `received_at` is missing)" in said
    assert [one in said for one in ("receivedAt", "Perhaps meant", "new.log:1")] == [True] * 3


def test_every_fault_of_a_line_is_found_and_not_only_the_first() -> None:
    line = {
        "received_at": 1_764_000_000,
        "chatbot_id": 7,
        "shape": "letter",
        "request": {
            "conversationId": None,
            "messages": [{"role": "robot"}, "Hi", {"role": "user", "sentAt": "yesterday"}, {"role": "robot"}],
            "user": {"email": "ann", "mrr": "1,500"},
        },
    }
    assert reasons(line) == [
        *("bad_received_at", "bad_chatbot_id", "unknown_shape", "no_conversation_id"),
        *("bad_message", "bad_time", "bad_role", "bad_role", "bad_email", "wrong_type"),
    ]
    assert reasons(GOOD) == []
    assert reasons(b"oops") == ["broken_json"]
    assert reasons(GOOD | {"request": 5}) == ["bad_request"]
    assert reasons(analysis("c1", {"m1": [2]}, "2026-11-20T10:00:00Z") | {"chatbot_id": ""}) == [
        "bad_chatbot_id",
        "out_of_range",
    ]


def test_unknown_fields_are_named_with_the_one_that_may_be_meant() -> None:
    line = json.loads(json.dumps(GOOD))
    line["recieved_at"] = line["request"]["user"]["Mrr"] = line["request"]["messages"][0]["sent_at"] = 1
    line["request"]["custom"] = {"anything": 1}
    found = {name: nearest_known(name) for name in unknown_fields(encode(line))}
    assert found == {"recieved_at": "received_at", "user.Mrr": "mrr", "messages[].sent_at": "sentAt"}
    assert nearest_known("user.zzz") is None


def test_a_clean_file_ends_with_0_and_a_preview(check: Any) -> None:
    code, shown = check(encode(GOOD, capture("c2", said("m1", "2026-11-21T10:00:00Z"))))
    assert code == 0
    assert "2 lines of 1 files: 2 would be accepted, 0 rejected; 0 files would not be read" in shown
    rows = {row.split("│")[1].strip(): row.split("│")[2].strip() for row in shown.splitlines() if "│" in row}
    assert (rows["conversations"], rows["users"], rows["organizations"]) == ("2", "1", "1")
    assert rows["messages sent"] == "2026-11-20 10:00 to 2026-11-21 10:00 UTC"
    assert (rows["requests with plan"], rows["requests with MRR"]) == ("50.0%", "50.0%")


def test_faults_and_refused_files_end_with_3_and_a_missing_file_with_1(check: Any, tmp_path: Path) -> None:
    code, shown = check(encode(GOOD, b"oops", GOOD | {"shape": "x"}))
    assert code == 3
    assert "broken_json" in shown
    assert "unknown_shape" in shown
    code, shown = check(b"a,b\n1,2\n")
    assert code == 3
    assert f"The file {tmp_path}/new.log is a table" in shown.replace("\n", "")
    assert CliRunner().invoke(app, ["check", str(tmp_path)]).exit_code == 1


def test_only_the_first_lines_are_looked_at_when_asked(check: Any) -> None:
    code, shown = check(encode(GOOD, GOOD, b"oops"), "--lines", "2")
    assert code == 0
    assert "2 lines of 1 files" in shown
