"""Small inputs that once gave wrong answers, each in `tests/cases`, with the answers that are right."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.pipeline import Pipeline

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def run(pipeline: Pipeline) -> Any:
    """Reads a case into an empty home; the pipeline behind it."""

    def read(case: str) -> Pipeline:
        return pipeline.run(*(CASES / case / "in.jsonl").read_bytes().splitlines())

    return read


def outcomes(pipeline: Pipeline) -> tuple[int, int, int]:
    (row,) = pipeline.query(
        "select sum(accepted)::int as a, sum(duplicates)::int as d, sum(quarantined)::int as q from receipts"
    )
    return row["a"], row["d"], row["q"]


def test_trap_63_people_whose_id_is_the_text_null_are_told_apart_by_email(run: Any) -> None:
    read = run("t03b")
    assert {key: row["user_name"] for key, row in read.users(chatbot="t03b").items()} == {
        "email:ann@ex.com": "Ann",
        "email:bob@ex.com": "Bob",
        "email:eve@ex.com": "Eve",
    }
    assert set(read.organizations(chatbot="t03b")) == {"name:acme", "name:bolt", "name:core"}


def test_a_whole_number_as_id_is_its_digits_however_it_is_written(run: Any) -> None:
    read = run("t04")
    expected = {"12345": 4, "12345.0": 1, "12345.50": 1, "0": 2}
    assert {key: row["conversations"] for key, row in read.users(chatbot="t04").items()} == expected
    organizations = {key: row["conversations"] for key, row in read.organizations(chatbot="t04").items()}
    assert organizations == expected | {"name:o6": 1}


def test_every_date_time_of_iso_8601_is_read_and_the_rest_is_refused(run: Any) -> None:
    read = run("t07")
    rows = read.query("select conversation_id as id, last_message_at as at from fct_conversation_days")
    found = {row["id"]: f"{row['at']:%m-%dT%H:%M:%S.%f}" for row in rows}
    ten = "11-20T10:00:00.000000"
    assert found == dict.fromkeys(["c0", "c1", "c4", "c9", "c10", "c11", "c12", "c13"], ten) | {
        "c3": "11-20T10:00:00.123456",
        "c5": "11-20T10:00:00.123000",
        "c6": "11-21T00:00:00.000000",
        "c7": "11-20T10:01:00.000000",
        "c8": "01-01T00:00:00.000000",
        "c16": "11-20T11:00:00.000000",
    }
    assert outcomes(read) == (14, 0, 6)


def test_names_that_differ_by_invisible_characters_are_one_organization(run: Any) -> None:
    rows = run("t22").organizations(chatbot="t22")
    assert {key: row["conversations"] for key, row in rows.items()} == {
        "name:acme corp": 7,
        "name:\uff41\uff43\uff4d\uff45 corp": 1,
        "name:acme corp.": 1,
        "name:acme\u2011corp": 1,
        "name:acme-corp": 1,
        "name:acmecorp": 1,
        "name:strasse ag": 2,
    }


def test_conversations_of_the_bot_s_greeting_alone_are_counted_and_told_apart(run: Any) -> None:
    (row,) = run("t24").organizations(chatbot="t24").values()
    assert (row["conversations"], row["written_conversations"]) == (5, 2)


def test_a_thread_of_several_speakers_has_one_owner_and_says_how_many_users_it_names(run: Any) -> None:
    read = run("t42")
    (row,) = read.query(
        "select distinct conversation_id, user_id, organization_id, named_users from fct_conversation_days"
    )
    assert row["named_users"] == 3
    assert set(read.users(chatbot="t42")) == {row["user_id"]}


def test_six_roles_are_accepted_and_the_others_refuse_their_line(run: Any) -> None:
    read = run("t25")
    assert outcomes(read) == (8, 0, 4)
    rows = read.query("select conversation_id as id, messages, user_messages from fct_conversation_days")
    assert {row["id"]: (row["messages"], row["user_messages"]) for row in rows} == {
        "c0": (2, 1),
        "c1": (2, 1),
        "c2": (2, 1),
        "c3": (2, 2),
        "c8": (2, 2),
        "c9": (2, 2),
        "c10": (2, 2),
        "c11": (2, 2),
    }


def test_copies_in_other_spellings_are_copies(run: Any) -> None:
    read = run("t50")
    rows = read.query("select conversation_id as id, messages from fct_conversation_days")
    assert {row["id"]: row["messages"] for row in rows} == {"c1": 1, "c2": 2}
    assert outcomes(read) == (5, 3, 0)


def delivered(pipeline: Pipeline, case: str, **names: str) -> Pipeline:
    """A case's files in the inbox, those that are named (by stem) under other names."""
    for path in sorted((CASES / case).iterdir()):
        inbox = pipeline.home / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / names.get(path.stem, path.name)).write_bytes(path.read_bytes())
    return pipeline


@pytest.mark.parametrize("size", ["day2_long", "day2_short"])
def test_trap_60_a_log_that_is_rotated_gives_every_line_once(pipeline: Pipeline, size: str) -> None:
    inbox = pipeline.home / "inbox"
    inbox.mkdir(parents=True)
    day1, day2 = ((CASES / "t09" / f"{name}.jsonl").read_bytes() for name in ("day1", size))
    (inbox / "app.jsonl").write_bytes(day1)
    pipeline.refresh()
    (inbox / "app.jsonl").rename(inbox / "app.jsonl.1")
    (inbox / "app.jsonl").write_bytes(day2)
    pipeline.refresh()
    assert outcomes(pipeline) == (day1.count(b"\n") + day2.count(b"\n"), 0, 0)
    assert pipeline.query("select distinct problem from receipts") == [{"problem": None}]


def test_gzip_members_and_zeros_behind_the_end_of_gzip_are_read_whole(pipeline: Pipeline) -> None:
    read = delivered(pipeline, "t28").refresh()
    rows = read.query("select source_file, accepted + duplicates as lines, quarantined, waiting_bytes from receipts")
    assert {row.pop("source_file"): tuple(row.values()) for row in rows} == {
        "members.jsonl.gz": (20, 0, 0),
        "padded.jsonl.gz": (20, 0, 0),
    }


def test_a_file_is_read_under_any_ending(pipeline: Pipeline) -> None:
    read = delivered(pipeline, "t29").refresh()
    assert outcomes(read) == (3, 24, 0)
    assert len(read.query("select 1 from receipts where lines = 3 and problem is null")) == 9


def test_what_a_file_holds_decides_and_not_its_ending(pipeline: Pipeline) -> None:
    read = delivered(pipeline, "t51").refresh()
    assert outcomes(read) == (3, 0, 0)
    assert read.query("select lines from receipts where source_file = 'empty.jsonl.gz'") == [{"lines": 0}]
