"""Likely duplicates: which are suggested, towards which id, with which effect, and as which lines of the mapping file.

Each test publishes a tiny snapshot by hand, with the project's own table macros, and asks the real command or function.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.errors import PipelineError
from orchestration.identity.mapping import Merge, read_identity
from orchestration.identity.suggestions import Numbers
from tests.unit.tiny_snapshot import SUPPORT, Published

HEADER = "chatbot_id,kind,from_id,to_id,reason\n"


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path)


Run = Callable[..., str]


@pytest.fixture
def run(published: Published, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`clientele identity suggest` on that home; what it wrote to the standard output."""
    monkeypatch.setenv("CLIENTELE_HOME", str(published.home))
    monkeypatch.setenv("COLUMNS", "250")

    return partial(invoke, published, "suggest")


@pytest.fixture
def run_placeholders(published: Published, run: Run) -> Run:
    """`clientele identity placeholders` on that home; what it wrote to the standard output."""
    return partial(invoke, published, "placeholders")


def invoke(published: Published, *arguments: str) -> str:
    published.write()
    result = CliRunner().invoke(app, ["identity", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_trap_34_one_email_and_two_ids_are_two_rows_and_a_suggestion(published: Published) -> None:
    """Composed and decomposed accents, case and white space are one e-mail; the ids stay two rows until reviewed."""
    published.user("u1", "  Ren\u00e9@Example.com")
    published.user("u2", "rene\u0301@example.COM ")
    published.conversation("c1", "u1", None, 3)
    published.conversation("c2", "u2", None, 4)
    assert published.shown("users") == ["u1", "u2"]
    (one,) = published.suggestions()
    assert (one.kind, one.from_id, one.to_id) == ("user", "u1", "u2")
    assert one.reason == "same e-mail: ren\u00e9@example.com"


def test_trap_34_an_email_counts_although_the_user_has_changed_it_since(published: Published) -> None:
    published.user("u1", "ann@example.com", "ann@new.example")
    published.user("u2", "ann@example.com", None)
    assert len(published.suggestions()) == 1


def test_trap_36_two_organizations_of_one_name_and_a_name_only_one_stay_apart_and_are_suggested(
    published: Published,
) -> None:
    published.organization("o1", "Acme")
    published.organization("o2", "ACME", "Acme Holding")
    published.organization("name:acme", "acme")
    for number, organization in enumerate(("o2", "o1", "name:acme"), start=1):
        published.conversation(f"c{number}", None, organization, number)
    assert published.shown("organizations") == ["name:acme", "o1", "o2"]
    assert [(one.from_id, one.to_id, one.reason) for one in published.suggestions()] == [
        ("name:acme", "o1", "known by name only, same name: acme"),
        ("o2", "o1", "same name: acme"),
    ]


def test_an_organization_known_by_a_name_that_is_an_id_is_suggested_for_that_id(published: Published) -> None:
    published.organization("Acme", "Acme Corporation")
    published.organization("name:acme", "ACME")
    published.organization("acme-2", None)
    assert [(one.from_id, one.to_id, one.reason) for one in published.suggestions()] == [
        ("name:acme", "Acme", "known by name only, which is an id: acme")
    ]


def test_a_name_that_an_organization_has_comes_before_an_id_that_another_one_has(published: Published) -> None:
    published.organization("acme", "Zenith")
    published.organization("o1", "Acme")
    published.organization("name:acme", "Acme")
    assert [(one.from_id, one.to_id) for one in published.suggestions()] == [("name:acme", "o1")]


def test_ids_that_differ_in_case_are_no_duplicates(published: Published) -> None:
    published.organization("acme", None)
    published.organization("ACME", None)
    published.organization("name:acme", "Acme")
    assert published.suggestions() == []


def test_a_user_known_by_email_only_is_suggested_for_the_id_even_when_it_spoke_last(published: Published) -> None:
    published.user("email:ann@example.com", "ann@example.com")
    published.user("u1", "Ann@example.com")
    published.conversation("c1", "u1", None, 1)
    published.conversation("c2", "email:ann@example.com", None, 9)
    (one,) = published.suggestions()
    assert (one.from_id, one.to_id) == ("email:ann@example.com", "u1")
    assert one.reason == "known by e-mail only, same e-mail: ann@example.com"


def test_the_effect_is_that_of_this_merge_alone_counted_over_all_time(published: Published) -> None:
    """u2 has a conversation of -0.5 and one without a score, u1 one of +0.2 and +0.4; both have talked for o1."""
    for user in ("u1", "u2"):
        published.user(user, "ann@example.com")
    published.conversation("c1", "u1", "o1", 2, 3, scores=("0.2", "0.4"))
    published.conversation("c2", "u2", "o1", 5, 6, 7, scores=("-0.5",))
    published.conversation("c3", "u2", "o2", 8)
    published.conversation("c4", "someone else", "o3", 9)
    (one,) = published.suggestions()
    assert one.before == Numbers(2, 2, datetime(2026, 11, 5, 12), -0.5)
    assert one.after == Numbers(3, 2, datetime(2026, 11, 2, 12), pytest.approx(-0.1))
    assert (one.rows_before, one.rows_after) == (3, 2)


def test_merging_an_organization_counts_the_users_of_both_once(published: Published) -> None:
    for organization in ("o1", "o2"):
        published.organization(organization, "Acme")
    published.conversation("c1", "u1", "o1", 1, scores=("1",))
    published.conversation("c2", "u1", "o2", 2)
    published.conversation("c3", "u2", "o2", 3)
    (one,) = published.suggestions()
    assert (one.from_id, one.to_id) == ("o1", "o2")
    assert one.before == Numbers(2, 2, datetime(2026, 11, 2, 12), None)
    assert one.after == Numbers(3, 2, datetime(2026, 11, 1, 12), 1.0)


def test_merging_one_without_conversations_takes_no_row_away(published: Published) -> None:
    published.user("u1", "ann@example.com")
    published.user("u2", "ann@example.com")
    published.conversation("c1", "u2", None, 1)
    (one,) = published.suggestions()
    assert (one.from_id, one.to_id, one.rows_before, one.rows_after) == ("u1", "u2", 1, 1)


def test_two_chatbots_never_meet(published: Published, run: Run) -> None:
    published.user("u1", "ann@example.com")
    published.user("u2", "ann@example.com", chatbot="sales")
    published.organization("o1", "Acme")
    published.organization("o2", "Acme", chatbot="sales")
    assert published.suggestions() == []
    published.user("u3", "ann@example.com", chatbot="sales")
    assert "u3" in run("--chatbot", "sales")
    assert "No likely duplicates of support" in run("--chatbot", "support")


def test_an_unknown_chatbot_is_not_found_and_no_other_is_named(published: Published) -> None:
    with pytest.raises(PipelineError, match="no chatbot 'nobody'") as failure:
        published.suggestions(chatbot="nobody")
    assert "sales" not in str(failure.value)


def test_many_that_hang_together_get_one_target_each_and_no_circle(published: Published) -> None:
    """u1 shares an e-mail with u2 and another with u3: two targets of u1 would be refused by the mapping file."""
    published.user("u1", "a@example.com", "b@example.com")
    published.user("u2", "a@example.com")
    published.user("u3", "b@example.com")
    for number, user in enumerate(("u1", "u2", "u3"), start=1):
        published.conversation(f"c{number}", user, None, number)
    assert published.pairs() == [("u2", "u1"), ("u1", "u3")]


def test_what_the_mapping_file_merges_already_is_not_suggested_again(published: Published) -> None:
    for user in ("u1", "u2", "u3"):
        published.user(user, "ann@example.com")
    assert published.pairs() == [("u1", "u3"), ("u2", "u3")]
    assert published.pairs(Merge(SUPPORT, "user", "u1", "u3")) == [("u2", "u3")]
    assert published.pairs(Merge(SUPPORT, "organization", "u1", "u3")) == [("u1", "u3"), ("u2", "u3")]


def test_applying_every_suggestion_is_accepted_by_read_identity(published: Published, run: Run) -> None:
    """Ids with commas, quotes, line breaks and leading zeros come back as they are, appended in two goes."""
    odd = ['a,b "c"', "line\nbreak", " 00123 ", "[red]x"]
    for number, user in enumerate(odd):
        published.user(user, "ann@example.com", f"{number}@example.com")
        published.user(f"u{number}", f"{number}@example.com")
    mapping = published.home / "identity.csv"
    mapping.touch()  # what `>>` does before the command starts
    mapping.write_text(run("--csv"), encoding="utf-8")
    merges = read_identity(mapping)
    assert {one.from_id for one in merges} | {one.to_id for one in merges} == {*odd, "u0", "u1", "u2", "u3"}
    assert len({one.to_id for one in merges}) == 1
    assert run("--csv") == ""

    published.organization("o1", "Acme")
    published.organization("o2", "Acme")
    added = run("--csv")
    assert added == "support,organization,o1,o2,same name: acme\n"
    mapping.write_text(mapping.read_text(encoding="utf-8") + added, encoding="utf-8")
    assert Merge(SUPPORT, "organization", "o1", "o2") in read_identity(mapping)


def test_the_csv_has_a_header_only_where_the_mapping_file_has_no_lines(published: Published, run: Run) -> None:
    published.organization("o1", "Acme")
    published.organization("name:acme", "Acme")
    line = 'support,organization,name:acme,o1,"known by name only, same name: acme"\n'
    assert run("--csv") == HEADER + line
    (published.home / "identity.csv").write_text(HEADER, encoding="utf-8")
    assert run("--csv") == line
    assert len(next(csv.reader(io.StringIO(line)))) == 5


def test_the_table_shows_before_and_after_in_words(published: Published, run: Run) -> None:
    for organization in ("o1", "o2"):
        published.organization(organization, "Acme")
    published.conversation("c1", "u1", "o1", 1, scores=("-0.5",))
    published.conversation("c2", "u2", "o2", 2)
    shown = run()
    for text in (
        "rows of Organizations: 2 → 1",
        "conversations: 1 → 2",
        "users: 1 → 2",
        "first seen (UTC): 2026-11-02 → 2026-11-01",
        "sentiment: – → -0.500",
        "Nothing is merged.",
    ):
        assert text in shown


def test_names_and_ids_cannot_write_to_the_terminal(published: Published, run: Run) -> None:
    published.organization("o1\x1b[2J", "[bold]Acme[/]")
    published.organization("o2", "[bold]Acme[/]")
    shown = run()
    assert "o1\\x1b[2J" in shown
    assert "\x1b" not in shown
    assert "[bold]acme[/]" in shown


def test_no_duplicates_says_so_in_a_sentence(run: Run) -> None:
    assert run() == "No likely duplicates: no two users share an e-mail, and no two organizations a name.\n"
    assert run("--csv") == ""


def test_without_a_snapshot_the_command_says_what_to_do(
    published: Published, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.database.unlink()
    with pytest.raises(PipelineError, match=r"Nothing is published yet: run `clientele refresh`\."):
        run()


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("user-1", "user_1", "hyphens, underscores and spaces"),
        ("user 1", "user\u20111", "hyphens, underscores and spaces"),
        ("12345", "12345.0", "the spelling of a number"),
        ("12345", "00012345", "the spelling of a number"),
        ("12345", "1.2345e4", "the spelling of a number"),
        ("\uff11\uff12", "12", "full-width or other forms of characters"),
        ("ann\u200b", "ann", "invisible characters"),
        ("\uff55ser_1\u00ad", "user-1", "invisible characters and full-width or other forms of characters and hyphens"),
    ],
)
def test_ids_that_look_alike_are_suggested_and_the_reason_says_in_what_they_differ(
    published: Published, one: str, other: str, why: str
) -> None:
    published.user(one, None)
    published.user(other, None)
    published.user("2345", None)
    published.conversation("c1", other, None, 3)
    (found,) = published.suggestions()
    assert (found.from_id, found.to_id) == (one, other)
    assert found.reason.startswith(f"looks like {other}, but for {why}")


def test_full_width_names_of_organizations_are_suggested_and_stay_two_rows(published: Published) -> None:
    published.organization("name:acme corp", "Acme Corp")
    published.organization("name:\uff41\uff43\uff4d\uff45 corp", "\uff21\uff43\uff4d\uff45 Corp")
    published.organization("name:acme-corp", "acme-corp")
    published.organization("name:acme corporation", "Acme Corporation")
    published.conversation("c1", None, "name:acme corp", 3)
    assert {one.from_id for one in published.suggestions()} == {
        "name:\uff41\uff43\uff4d\uff45 corp",
        "name:acme-corp",
    }


def test_what_is_equal_is_suggested_as_equal_and_once(published: Published) -> None:
    published.user("u-1", "ann@x.example")
    published.user("u_1", "ANN@x.example")
    (found,) = published.suggestions()
    assert found.reason == "same e-mail: ann@x.example"


def test_placeholders_are_listed_with_what_stands_under_them(published: Published, run_placeholders: Run) -> None:
    published.user("u1", "ann@x.example", "ANN@x.example")
    assert "Under no user id" in run_placeholders()
    published.user("undefined", "ann@x.example", "bob@x.example", "eve@x.example")
    shown = run_placeholders()
    assert "undefined" in shown
    assert "ann@x.example, bob@x.example, eve@x.example" in shown
    assert "u1" not in shown
