"""`clientele quarantine`: what it lists and explains, and that lines submitted again are counted once and not lost."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.errors import PipelineError
from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import Receipt
from orchestration.extract.quarantine import resubmission
from orchestration.extract.records import records
from tests.support.requests import capture, deliver, encode, said

GOOD = capture("c1", said("m1", "2026-11-22T10:00:00Z"))
NO_CONVERSATION = capture("", said("m2", "2026-11-22T10:00:00Z"))
TRACK = GOOD | {"shape": "track"}
BROKEN = b'{"received_at": oops}'

Run = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> Run:
    """`clientele quarantine ...` on that home; what it wrote to the standard output."""

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["quarantine", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def landed(home: Path, *lines: Any, file: str = "log.jsonl", **options: Any) -> None:
    """Deliver and land lines."""
    deliver(home, *lines, file=file)
    land(home, f"run of {file}", **options)


def land_only(home: Path) -> Receipt:
    """Land what waits, when that is one file."""
    (only,) = land(home, "run of what waits")
    assert only.lines == only.accepted + only.duplicates + only.quarantined
    return only


def counts(receipt: Receipt) -> tuple[int, int, int]:
    return receipt.accepted, receipt.duplicates, receipt.quarantined


def resubmitted(home: Path) -> list[bytes]:
    """The content of the files in which lines came again."""
    return [path.read_bytes() for path in sorted((home / "inbox" / "resubmitted").glob("*"))]


def test_the_list_counts_by_reason_and_then_names_the_newest_lines(home: Path, run: Run) -> None:
    landed(home, BROKEN, GOOD, NO_CONVERSATION, b"{]", file="a/log.jsonl")
    landed(home, GOOD, b"[1]", file="b.jsonl")
    shown = run()
    assert "4 rejected lines" in shown
    assert "a/log.jsonl:3  no_conversation_id: The request has no `conversationId`.\n" in shown
    assert "b.jsonl:2  not_an_object: The line is a list, not a JSON object.\n" in shown
    assert shown.index("broken_json") < shown.index("no_conversation_id")
    assert shown.index("b.jsonl:2") < shown.index("a/log.jsonl:4") < shown.index("a/log.jsonl:1")
    assert run("list") == shown


def test_a_home_that_is_only_asked_about_is_not_made(home: Path, run: Run) -> None:
    assert "No rejected line is in quarantine" in run()
    assert not home.exists()


def test_the_list_can_be_narrowed_by_reason_file_and_limit(home: Path, run: Run) -> None:
    landed(home, BROKEN, NO_CONVERSATION, file="a.jsonl")
    landed(home, BROKEN, b"}", file="b'.jsonl")
    assert "a.jsonl:2" not in run("--reason", "broken_json")
    narrowed = run("list", "--file", "inbox/b'.jsonl", "--limit", "1")
    assert "2 rejected lines" in narrowed
    assert "b'.jsonl:2" in narrowed
    assert "b'.jsonl:1" not in narrowed
    assert "No rejected line that you asked for is in quarantine" in run("--reason", "bad_role")


@pytest.mark.parametrize("lines", [None, [GOOD]])
def test_an_empty_quarantine_says_so_in_a_sentence(home: Path, run: Run, lines: list[Any] | None) -> None:
    if lines:
        landed(home, *lines)
    assert run("--all") == "No rejected line is in quarantine.\n"
    assert run("warnings") == "No optional value was dropped.\n"
    assert run("resubmit") == "There is nothing to resubmit: no open line in quarantine is selected.\n"
    assert not (home / "inbox" / "resubmitted").exists()


def test_a_line_is_explained_with_what_to_do_and_without_control_characters(home: Path, run: Run) -> None:
    landed(home, b'{"a":\x1b[31m \xff', file="it's.jsonl")
    shown = run("explain", "inbox/it's.jsonl:1")
    assert "The line is not UTF-8 text: byte 12 of the line is wrong." in shown
    assert "clientele quarantine export --file 'it'\"'\"'s.jsonl' --line 1 > fixed.jsonl" in shown
    assert 'The line    {"a":\\x1b[31m \\xff\n' in shown
    assert "\x1b" not in shown


def test_an_excerpt_of_a_long_line_ends_after_2000_characters(home: Path, run: Run) -> None:
    landed(home, b'{"a": "' + b"x" * 9_000, b'{"a": "' + b"\x01" * 1_000)
    for number in ("1", "2"):
        excerpt = run("explain", f"log.jsonl:{number}").partition("The line    ")[2].rstrip("\n")
        assert len(excerpt) == 2_000
        assert excerpt.endswith("…")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("log.jsonl:1", "Line 1 of log.jsonl is not in quarantine"), ("log.jsonl", "does not name a line")],
)
def test_explaining_what_is_not_there_is_an_error_in_a_sentence(
    home: Path, run: Run, place: str, sentence: str
) -> None:
    landed(home, GOOD)
    with pytest.raises(PipelineError, match=sentence):
        run("explain", place)


def test_an_error_is_one_line_and_exit_code_1(home: Path) -> None:
    command = [Path(sys.executable).with_name("clientele"), "quarantine", "resubmit", "--line", "3"]
    done = subprocess.run(command, env=os.environ | {"CLIENTELE_HOME": str(home)}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: --line needs --file: lines are counted in each file.\n"


def test_warnings_are_grouped_by_reason_and_field_with_examples(home: Path, run: Run) -> None:
    messages = [
        said("m1", "2026-11-22T10:00:00Z") | {"content": 1},
        said("m2", "2026-11-22T10:00:00Z") | {"content": 2},
    ]
    landed(home, capture("c1", *messages, user={"id": "u1", "mrr": "1,500"}), GOOD)
    shown = run("warnings")
    assert "3 dropped values" in shown
    assert "messages[].content" in shown
    assert 'log.jsonl:1: "1,500"  The value is text, not a number.' in shown
    assert "user.mrr" not in run("warnings", "--limit", "1")
    assert "messages" not in run("warnings", "--file", "inbox/log.jsonl", "--reason", "nothing")


def test_after_a_fix_of_the_rules_the_valid_lines_land_and_the_others_stay(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser did not know the track shape when the lines were read."""
    with monkeypatch.context() as earlier:
        earlier.setattr(records, "SHAPES", frozenset({"capture"}))
        landed(home, TRACK, BROKEN, GOOD, workers=1)
    assert "By the rules of today it is valid: clientele quarantine resubmit" in run("explain", "log.jsonl:1")
    shown = run("resubmit")
    assert "log.jsonl:2  still broken_json: The line is not valid JSON" in shown
    assert "1 of 2 lines delivered as inbox/resubmitted/" in shown
    assert resubmitted(home) == [encode(TRACK)]
    assert counts(land_only(home)) == (1, 0, 0)


def test_a_line_submitted_again_is_listed_only_on_request_and_never_twice(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(records, "SHAPES", frozenset({"capture"}))
        landed(home, TRACK, workers=1)
    run("resubmit")
    assert run() == "No rejected line is in quarantine, apart from any resubmitted (--all).\n"
    assert "unknown_shape" in run("--all")
    assert "(resubmitted in inbox/resubmitted/" in run("--all")
    assert "Nothing: it was submitted again" in run("explain", "log.jsonl:1")
    assert "nothing to resubmit" in run("resubmit")
    assert len(resubmitted(home)) == 1


def test_after_a_crash_between_delivery_and_mark_the_line_comes_twice_and_counts_once(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as earlier:
        earlier.setattr(records, "SHAPES", frozenset({"capture"}))
        landed(home, TRACK, workers=1)
    with monkeypatch.context() as crashing:
        crashing.setattr(resubmission, "mark_submitted", crash)
        with pytest.raises((KeyboardInterrupt, AssertionError)):
            run("resubmit")
    run("resubmit")
    assert sorted(map(counts, land(home, "after"))) == [(0, 1, 0), (1, 0, 0)]


def test_a_whole_record_behind_a_line_without_its_newline_can_be_resubmitted(home: Path, run: Run) -> None:
    """The first record was read when the second one was appended on the same line, so both have one line number."""
    deliver(home, GOOD)
    log = home / "inbox" / "log.jsonl"
    log.write_bytes(log.read_bytes().rstrip(b"\n"))
    land(home, "before")
    landed(home, capture("c2", said("m2", "2026-11-22T10:00:00Z")))
    assert "1 of 1 lines delivered" in run("resubmit", "--file", "log.jsonl", "--line", "1")
    assert counts(land_only(home)) == (1, 0, 0)


def test_exported_lines_are_corrected_by_hand_and_resubmitted_in_their_order(home: Path, run: Run) -> None:
    """The second of three is corrected, the first made empty: it stays in quarantine, as does what was not exported."""
    landed(home, BROKEN, b"\xff{", GOOD, file="a.jsonl")
    landed(home, b'{"x"', file="b.jsonl")
    exported = CliRunner().invoke(app, ["quarantine", "export", "--file", "a.jsonl"]).stdout_bytes
    assert exported == BROKEN + b"\n\xff{\n"
    fixed = home / "fixed.jsonl"
    fixed.write_bytes(b"\xef\xbb\xbf\n" + encode(capture("c9", said("m9", "2026-11-22T10:00:00Z"))))
    assert "1 of 2 lines delivered" in run("resubmit", "--file", "a.jsonl", "--corrected", str(fixed))
    assert counts(land_only(home)) == (1, 0, 0)
    shown = run()
    assert "a.jsonl:1" in shown
    assert "b.jsonl:1" in shown
    assert "a.jsonl:2" not in shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (encode(GOOD), "has 1 lines for 2 quarantined lines. Export again"),
        (encode(GOOD, NO_CONVERSATION), r"line 2 \(of log.jsonl:2\): The request has no `conversationId`"),
        (encode(GOOD, GOOD | {"note": "x" * (1 << 20)}), "line 2: longer than the 1,048,576 bytes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_corrections_that_do_not_fit_are_refused_as_a_whole(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch, content: bytes | None, sentence: str
) -> None:
    monkeypatch.setenv("CLIENTELE_LINE_LIMIT_MIB", "1")
    landed(home, BROKEN, BROKEN)
    fixed = home / "fixed.jsonl"
    if content is not None:
        fixed.write_bytes(content)
    with pytest.raises(PipelineError, match=sentence):
        run("resubmit", "--corrected", str(fixed))
    assert resubmitted(home) == []
    assert "2 rejected lines" in run()


def test_a_line_whose_text_was_cut_cannot_be_resubmitted_and_is_told_so(home: Path, run: Run) -> None:
    landed(home, GOOD | {"note": "x" * 5_000}, line_limit=4_000)
    assert "CLIENTELE_LINE_LIMIT_MIB" in run("explain", "log.jsonl:1")
    assert run("export") == ""
    result = CliRunner().invoke(app, ["quarantine", "resubmit"])
    assert "log.jsonl:1  line_too_long: cannot be resubmitted, its text was not kept." in result.stdout
    assert isinstance(result.exception, PipelineError)
    assert "None of the 1 selected lines is valid" in str(result.exception)
    assert resubmitted(home) == []


def test_a_stream_that_broke_off_is_settled_once_the_rest_has_come(home: Path, run: Run) -> None:
    deliver(home, GOOD, file="log.jsonl.gz")
    path = home / "inbox" / "log.jsonl.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert counts(land_only(home)) == (1, 0, 1)
    assert "unfinished_stream" in run()
    assert "breaks off after line 1" in run("explain", "log.jsonl.gz:2")
    path.write_bytes(whole)
    assert counts(land_only(home)) == (1, 0, 1)
    assert "unfinished_stream" not in run()
    assert "resubmitted in inbox/log.jsonl.gz" in run("--all")
