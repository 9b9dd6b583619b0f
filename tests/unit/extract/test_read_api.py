"""What is asked of the upstream's read API, and what is kept of its answers. How lines are read is tried elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from orchestration.extract.read_api import client
from orchestration.extract.read_api.asked import FILE
from orchestration.extract.read_api.collecting import Collected, collect
from tests.support.upstream import KEY, Upstream, serving_upstream

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setattr(client, "BACKOFF", 0.01)
    with serving_upstream() as upstream:
        yield upstream


def ask(home: Path, upstream: Upstream, *, key: str = KEY, now: datetime = NOW, url: str = "") -> Collected:
    """A round of questions; what was asked before it is forgotten by the test's server."""
    upstream.asked.clear()
    return collect(home, home / "inbox", url or upstream.url, key, ["support"], now=now)


def lines(home: Path) -> list[dict]:
    """Every line that lies in the inbox, in the order of its files."""
    files = sorted(path for path in home.glob("inbox/openbat/*") if not path.name.startswith("."))
    return [orjson.loads(line) for path in files for line in path.read_bytes().splitlines()]


def scores(home: Path) -> list[tuple[str, list[float]]]:
    """The conversation and the scores of each line."""
    return [
        (
            line["request"]["external_conversation_id"],
            [chunk["score"] for message in line["request"]["messages"] for chunk in message["user_sentiments"]],
        )
        for line in lines(home)
    ]


def test_every_conversation_of_every_page_is_asked_for_once_and_is_one_line(tmp_path: Path, upstream: Upstream) -> None:
    for number in range(250):
        upstream.add(number, 0.5, last=f"2026-02-{number % 28 + 1:02}T10:00:00Z")
    collected = ask(tmp_path, upstream)
    assert (collected.asked, collected.changed, collected.fault) == (250, 250, "")
    assert sorted(upstream.details_asked()) == sorted(f"u{number}" for number in range(250))
    assert sorted(one for one, _ in scores(tmp_path)) == sorted(f"c{number}" for number in range(250))
    line = lines(tmp_path)[0]
    assert (line["chatbot_id"], line["shape"]) == ("support", "analysis")


def test_nothing_is_kept_of_what_a_user_said_or_who_it_was(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5, None)
    ask(tmp_path, upstream)
    assert lines(tmp_path)[0]["request"] == {
        "external_conversation_id": "c1",
        "messages": [
            {"role": "user", "external_message_id": "m0", "user_sentiments": [{"score": 0.5}]},
            {"role": "user", "external_message_id": "m1", "user_sentiments": []},
        ],
    }


def test_what_was_answered_is_not_asked_for_again_on_the_same_day(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5)
    ask(tmp_path, upstream)
    collected = ask(tmp_path, upstream, now=NOW + timedelta(hours=2))
    assert (collected.asked, upstream.details_asked(), len(lines(tmp_path))) == (0, [], 1)


def test_a_score_that_was_made_again_is_kept_beside_the_old_one_and_an_equal_answer_is_not(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.add(1, 0.5)
    ask(tmp_path, upstream)
    assert ask(tmp_path, upstream, now=NOW + timedelta(days=1)).asked == 1
    assert scores(tmp_path) == [("c1", [0.5])]
    upstream.add(1, -0.5)
    ask(tmp_path, upstream, now=NOW + timedelta(days=2))
    assert scores(tmp_path) == [("c1", [0.5]), ("c1", [-0.5])]


def test_what_is_not_analysed_yet_is_asked_for_again_within_hours(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5, None)
    ask(tmp_path, upstream)
    upstream.add(1, 0.5, 0.75)
    ask(tmp_path, upstream, now=NOW + timedelta(minutes=5))
    assert upstream.details_asked() == [], "minutes later it is left in peace"
    ask(tmp_path, upstream, now=NOW + timedelta(hours=2))
    assert scores(tmp_path) == [("c1", [0.5]), ("c1", [0.5, 0.75])]


def test_a_conversation_that_goes_on_is_asked_for_at_once(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5)
    ask(tmp_path, upstream)
    upstream.add(1, 0.5, 0.25, last="2026-03-02T11:59:00Z")
    ask(tmp_path, upstream, now=NOW + timedelta(minutes=1))
    assert scores(tmp_path) == [("c1", [0.5]), ("c1", [0.5, 0.25])]


def test_a_conversation_without_any_score_is_no_line(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, None)
    collected = ask(tmp_path, upstream)
    assert (collected.asked, collected.changed, lines(tmp_path)) == (1, 0, [])


def test_a_read_api_that_asks_for_patience_gets_it(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5)
    upstream.moods = [429, 503]
    assert ask(tmp_path, upstream).fault == ""
    assert scores(tmp_path) == [("c1", [0.5])]


def test_a_conversation_that_cannot_be_shown_keeps_no_other_waiting_and_is_asked_for_by_the_next_round(
    tmp_path: Path, upstream: Upstream
) -> None:
    for number in range(3):
        upstream.add(number, 0.5, last="2026-01-01T10:00:00Z")
    upstream.broken = {"u1"}
    collected = ask(tmp_path, upstream)
    assert "answered 500 for conversations/u1" in collected.fault
    assert sorted(one for one, _ in scores(tmp_path)) == ["c0", "c2"]
    upstream.broken = set()
    assert ask(tmp_path, upstream, now=NOW + timedelta(hours=1)).fault == ""
    assert upstream.details_asked() == ["u1"], "though it lies weeks back: the round before did not come to its end"
    assert sorted(one for one, _ in scores(tmp_path)) == ["c0", "c1", "c2"]


def test_a_conversation_that_was_deleted_after_it_was_listed_is_no_fault(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5)
    upstream.conversations["u1"]["id"] = "gone"
    assert ask(tmp_path, upstream).fault == ""


def test_a_chatbot_that_the_read_api_does_not_know_is_named_and_keeps_no_other_waiting(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.add(1, 0.5)
    collected = collect(tmp_path, tmp_path / "inbox", upstream.url, KEY, ["elsewhere", "support"], now=NOW)
    assert (collected.unknown, collected.fault, collected.changed) == (["elsewhere"], "", 1)


def test_a_key_of_one_chatbot_asks_for_what_it_may_read(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5, chatbot="other")
    upstream.key = "ob_read_key"
    assert ask(tmp_path, upstream, key="ob_read_key").changed == 1
    assert lines(tmp_path)[0]["chatbot_id"] == "other"


@pytest.mark.parametrize(
    ("key", "url", "said"),
    [
        ("ob_admin_other", "", "does not know the key of OPENBAT_API_KEY"),
        ("ob_live_key", "", "is a key for sending"),
        ("", "", "OPENBAT_API_KEY is empty"),
        (KEY, "ftp://example.org", "has to begin with https://"),
        (KEY, "http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_each_fault_of_the_settings_is_a_sentence_that_names_the_setting(
    tmp_path: Path, upstream: Upstream, key: str, url: str, said: str
) -> None:
    fault = ask(tmp_path, upstream, key=key, url=url).fault
    assert said in fault
    assert "OPENBAT_API" in fault


def test_a_page_that_is_no_read_api_is_said_to_be_none(tmp_path: Path, upstream: Upstream) -> None:
    upstream.answer = lambda path, key: (200, b"<html>Welcome</html>")  # type: ignore[method-assign]
    assert "is not the read API" in ask(tmp_path, upstream).fault


def test_a_list_that_changes_while_it_is_read_is_read_again(tmp_path: Path, upstream: Upstream) -> None:
    for number in range(150):
        upstream.add(number, 0.5, last=f"2026-02-01T{number // 60:02}:{number % 60:02}:00Z")
    answer, deleted = upstream.answer, []

    def delete_one_behind_the_first_page(path: str, key: str | None) -> tuple[int, object]:
        found = answer(path, key)
        if "?" in path and not deleted:
            deleted.append(upstream.conversations.pop("u149"))
        return found

    upstream.answer = delete_one_behind_the_first_page  # type: ignore[method-assign]
    assert ask(tmp_path, upstream).fault == ""
    assert sorted(one for one, _ in scores(tmp_path)) == sorted(f"c{number}" for number in range(149))


def test_a_list_that_never_stands_still_is_listed_from_its_beginning_by_the_next_round(
    tmp_path: Path, upstream: Upstream
) -> None:
    for number in range(150):
        upstream.add(number, 0.5, last="2026-01-01T10:00:00Z")
    answer = upstream.answer

    def delete_one_behind_each_page(path: str, key: str | None) -> tuple[int, object]:
        found = answer(path, key)
        if "?" in path:
            upstream.conversations.popitem()
        return found

    upstream.answer = delete_one_behind_each_page  # type: ignore[method-assign]
    assert ask(tmp_path, upstream).fault == ""
    upstream.answer = answer  # type: ignore[method-assign]
    upstream.add(500, 0.5, last="2026-01-01T10:00:00Z")
    ask(tmp_path, upstream, now=NOW + timedelta(hours=1))
    assert upstream.details_asked() == ["u500"], "it lies weeks back, and the list was not read to its end before"


def test_the_key_is_sent_whatever_else_a_person_keeps_of_the_host(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    upstream.add(1, 0.5)
    assert ask(tmp_path, upstream).fault == ""


def test_a_memory_that_is_damaged_or_deleted_asks_for_everything_again(tmp_path: Path, upstream: Upstream) -> None:
    upstream.add(1, 0.5)
    ask(tmp_path, upstream)
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    assert ask(tmp_path, upstream).asked == 1
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 2048)
    assert ask(tmp_path, upstream).asked == 1
    (tmp_path / FILE).unlink()
    assert ask(tmp_path, upstream).asked == 1


def test_what_was_collected_before_somebody_stopped_the_round_is_kept(tmp_path: Path, upstream: Upstream) -> None:
    for number in range(3):
        upstream.add(number, 0.5)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(tmp_path, tmp_path / "inbox", upstream.url, KEY, ["support"], stop, NOW)
    assert len(lines(tmp_path)) == 2
    assert ask(tmp_path, upstream).asked == 1
    assert len(lines(tmp_path)) == 3
