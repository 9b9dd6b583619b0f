"""What one request may hold and one reader may take; and answers that a program keeps and asks about again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.http.limits import Limits
from serving.tables.exports import CELL_CHARACTERS, FORMATS, SHEET_ROWS
from serving.tables.parameters import LONGEST_QUERY, MOST_VALUES
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish
from tests.serving.readers import Knows

API = "/api/v1/chatbots/support"
JSON = (
    "organizations",
    "users",
    "conversations",
    "organizations/totals",
    "users/totals",
    "organizations/cmd",
    "users/mover",
    "quality",
    "changes",
)
FILES = tuple(f"{name}.{one.suffix}" for name in ("organizations", "users", "conversations") for one in FORMATS)


class Served:
    """The application over a directory of its own, at a time that a test moves."""

    def __init__(self, directory: Path, **more: Limits) -> None:
        self.now = NOW
        self.directory = directory
        self.client = TestClient(create_app(directory, clock=lambda: self.now, **more), BASE)

    def tag(self, path: str) -> str:
        answer = self.client.get(f"{API}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]

    def status(self, path: str, tag: str) -> int:
        return self.client.get(f"{API}/{path}", headers={"If-None-Match": tag}).status_code


@pytest.fixture
def served(tmp_path: Path) -> Served:
    publish(tmp_path)
    return Served(tmp_path)


@pytest.mark.parametrize("path", [*JSON, *FILES])
def test_an_answer_is_not_sent_again_while_it_holds(served, path) -> None:
    first = served.client.get(f"{API}/{path}")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for sent in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = served.client.get(f"{API}/{path}", headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "private, no-cache")
        assert "content-security-policy" in again.headers
    assert served.status(path, '"other"') == 200
    publish(served.directory, snapshot_id="s2")
    assert served.status(path, tag) == 200


def test_other_questions_have_other_tags(served) -> None:
    paths = [*JSON, *FILES, "organizations?range=all_time", "organizations?range=all_time&limit=1", "users?sort=mrr"]
    assert len({served.tag(path) for path in paths}) == len(paths)


def test_an_answer_about_today_holds_for_today_and_one_about_given_days_for_longer(served) -> None:
    day = "first_day=2026-11-01&last_day=2026-11-20"
    relative = [
        "organizations",
        "users/totals?range=today",
        "users?range=all_time",
        f"conversations?{day[:20]}",
        "users/mover",
    ]
    fixed = [f"organizations?{day}", f"users/totals?{day}", f"conversations.csv?{day}", f"users/mover?{day}", "quality"]
    tags = {path: served.tag(path) for path in [*relative, *fixed]}
    served.now += timedelta(hours=11)
    assert {served.status(path, tag) for path, tag in tags.items()} == {304}
    served.now += timedelta(hours=2)
    assert {served.status(path, tags[path]) for path in relative} == {200}
    assert {served.status(path, tags[path]) for path in fixed} == {304}


def test_today_begins_when_it_does_in_the_chatbots_zone(served) -> None:
    served.now = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    path = "/api/v1/chatbots/kolkata/organizations?range=today"
    tag = served.client.get(path).headers["etag"]
    served.now += timedelta(minutes=31)
    assert served.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_kept_answer_opens_nothing(published) -> None:
    tag = Served(published).tag("organizations")
    hidden = TestClient(create_app(published, clock=lambda: NOW, gate=Knows()), BASE)
    for sent in (tag, "*"):
        assert hidden.get(f"{API}/organizations", headers={"If-None-Match": sent}).status_code == 404
    bad = Served(published).client.get(f"{API}/organizations?sort=x", headers={"If-None-Match": "*"})
    assert bad.status_code == 422


@pytest.mark.parametrize("path", [*JSON, "users.csv", "conversations.xlsx"])
def test_a_question_of_any_length_is_answered_or_refused_by_name(client, path) -> None:
    for query, named in (
        ("a=" + "x" * LONGEST_QUERY, "query"),
        ("&".join(["organization_id=o"] * (MOST_VALUES + 1)), "organization_id"),
        ("search=" + "x" * 257, "search"),
    ):
        answer = client.get(f"{API}/{path}?{query}")
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"][-1] == named


def test_as_many_values_as_a_question_may_hold_are_read(get) -> None:
    many = [f"o{number}" for number in range(MOST_VALUES)]
    assert get("organizations", organization_id=many)["total"] == 30


def test_a_file_with_more_rows_than_allowed_is_refused_with_their_number(published) -> None:
    served = Served(published, limits=Limits(export_rows=40))
    for suffix in ("csv", "parquet", "xlsx"):
        answer = served.client.get(f"{API}/organizations.{suffix}?range=all_time")
        assert answer.status_code == 422
        said = "A file of 41 rows is too large, 40 is the most: ask for fewer days, or filter"
        assert answer.json()["detail"][0]["msg"] == said
        assert served.client.get(f"{API}/organizations.{suffix}?range=all_time&offset=1").status_code == 200


def test_a_workbook_never_leaves_out_what_a_sheet_cannot_hold(tmp_path) -> None:
    assert {one.suffix: one.most_rows for one in FORMATS} == {"csv": None, "parquet": None, "xlsx": SHEET_ROWS - 1}
    rows, name = Rows(), "x" * (CELL_CHARACTERS + 1)
    rows.organization("support", "o", name)
    rows.conversation("support", "2026-11-20T10:00:00", None, "o")
    publish(tmp_path, rows)
    client = Served(tmp_path).client
    assert name in client.get(f"{API}/organizations.csv").text
    refused = client.get(f"{API}/organizations.xlsx")
    assert refused.status_code == 422
    assert (
        refused.json()["detail"][0]["msg"] == "A cell of a workbook holds 32,767 characters, row 1 has more: take CSV"
    )


@contextmanager
def minutes_later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """Let the clock by which files are counted run ahead."""
    real = time.time
    with monkeypatch.context() as patched:
        patched.setattr("time.time", lambda: real() + seconds)
        yield


def test_a_reader_who_takes_too_many_files_is_told_when_to_come_again(published, monkeypatch) -> None:
    served = Served(published, limits=Limits(exports_per_minute=3))
    paths = [f"{API}/users.csv", f"{API}/conversations.parquet", f"{API}/organizations.xlsx"]
    assert [served.client.get(path).status_code for path in paths] == [200] * 3
    refused = served.client.get(paths[0])
    assert refused.status_code == 429
    wait = refused.headers["retry-after"]
    assert 1 <= int(wait) <= 60
    assert refused.json() == {"detail": f"At most 3 files may be taken in a minute. Try again in {wait} s."}
    assert served.client.get(f"{API}/users").status_code == 200
    assert served.status("users.csv", refused.headers.get("etag", "*")) == 304
    with minutes_later(monkeypatch, int(wait) + 1):
        assert served.client.get(paths[0]).status_code == 200


def test_what_is_refused_or_kept_already_is_not_counted(published) -> None:
    served = Served(published, limits=Limits(exports_per_minute=2))
    tag = served.tag("users.csv")
    assert served.status("users.csv", tag) == 304
    assert served.status("users.csv?nonsense=1", tag) == 422
    assert [served.status("users.csv", '"other"') for _ in range(2)] == [200, 429]
