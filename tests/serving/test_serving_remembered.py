"""What a snapshot remembers: never for other eyes, never of another snapshot, the same for many readers as for one."""

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Barrier

import duckdb
import httpx
import pytest
from starlette.testclient import TestClient

from serving import engine
from serving.access.identify import Gate
from serving.access.readers import RIGHTS
from serving.access.tokens import issue
from serving.answers import Answers
from serving.http.app import create_app
from serving.kept import CELLS_OF_A_TABLE, Kept
from serving.snapshot import Snapshot, Snapshots
from serving.tables.query_models import query_of
from serving.tables.results import ordered_page, rows_of
from tests.serving.browser import serving
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish

QUESTIONS = (
    "/api/v1/chatbots/{}/organizations?range=all_time",
    "/api/v1/chatbots/{}/organizations?range=all_time&search=a",
    "/api/v1/chatbots/{}/organizations/totals?range=all_time",
    "/api/v1/chatbots/{}/users?range=all_time&sort=-conversations",
    "/api/v1/chatbots/{}/users?range=all_time&columns=user_id&columns=email&columns=user_name&limit=1000",
    "/api/v1/chatbots/{}/users/totals?range=all_time&plan=pro",
    "/api/v1/chatbots/{}/conversations?range=all_time",
    "/api/v1/chatbots/{}/overview?range=all_time",
    "/platform/{}/organizations?range=all_time",
    "/platform/{}/users?range=all_time",
    "/filters/{}/users?range=all_time",
)


def asked_by(published: Path, access_file: Path, *given: tuple[list[str], tuple[str, ...]]) -> list[TestClient]:
    """Readers of one application, each with the chatbots and the rights of a token."""
    app = create_app(published, clock=lambda: NOW, gate=Gate(access_file, lambda: NOW))
    readers = []
    for chatbots, rights in given:
        _, token = issue(access_file, "a reader", chatbots, list(rights), NOW + timedelta(days=1))
        readers.append(TestClient(app, BASE, headers={"Authorization": f"Bearer {token}"}))
    return readers


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_remembered_answer_is_never_given_to_a_reader_who_may_not_see_it(published, tmp_path, question):
    sees_all, sees_one = asked_by(
        published, tmp_path / "access.json", (["support", "kolkata"], RIGHTS), (["support"], RIGHTS)
    )
    for _ in range(2):
        assert sees_all.get(question.format("kolkata")).status_code == 200
        answers = [sees_one.get(question.format(chatbot)) for chatbot in ("kolkata", "nobody")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert "Kolkata" not in sees_one.get(question.format("support")).text


@pytest.mark.parametrize("question", [one for one in QUESTIONS if "users" in one or "conversations" in one])
def test_who_may_not_see_addresses_is_never_given_what_was_remembered_with_them_nor_the_other_way_round(
    published, tmp_path, question
):
    for order in ((0, 1, 0), (1, 0, 1)):
        readers = asked_by(
            published, tmp_path / f"access{order[0]}.json", (["support"], RIGHTS), (["support"], ("export",))
        )
        answers = [(place, readers[place].get(question.format("support"))) for place in order]
        assert {answer.status_code for _, answer in answers} == {200}
        assert answers[0][1].content == answers[2][1].content
        for place, answer in answers:
            shows = re.search(r"\b(p\d+|mover)@example\.com", answer.text)
            assert not (shows and place)
            assert shows or place or "@example.com" not in answers[1][1].text


def test_a_new_snapshot_is_seen_at_once_in_everything_that_was_remembered(tmp_path):
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for number in range(1, 4):
        rows = Rows()
        for place in range(number):
            rows.organization("support", f"o{place}", f"Company {place} of {number}", "pro")
            rows.user("support", f"u{place}", f"Person {place} of {number}")
            rows.conversation("support", "2026-11-20T10:00:00", f"u{place}", f"o{place}", (0.5,))
        publish(tmp_path, rows, f"s{number}")
        for table, name in (("organizations", "Company"), ("users", "Person")):
            api = f"/api/v1/chatbots/support/{table}"
            answer, totals = client.get(api).json(), client.get(f"{api}/totals").json()
            assert (answer["snapshot_id"], answer["total"]) == (f"s{number}", number)
            assert {row[f"{table[:-1]}_name"] for row in answer["rows"]} == {
                f"{name} {place} of {number}" for place in range(number)
            }
            assert (totals["snapshot_id"], totals["totals"]["conversations"]) == (f"s{number}", number)
            page = client.get(f"/platform/support/{table}").text
            assert set(re.findall(rf"{name} \d of (\d)", page)) == {str(number)}
            assert set(re.findall(rf"{name} \d of (\d)", client.get(f"{api}.csv").text)) == {str(number)}


def test_twenty_readers_at_once_get_the_same_as_one(published):
    chance = Random(20)
    questions = [
        f"/api/v1/chatbots/support/{table}?range={days}&sort={sort}&offset={offset}&search={search}"
        for table in ("organizations", "users")
        for days in ("this_month", "all_time")
        for sort in ("-last_activity_at", "sentiment", "-conversations", f"{table[:-1]}_name")
        for offset in (0, 20)
        for search in ("", "e")
    ] + [f"/platform/support/{table}" for table in ("organizations", "users")]
    one = TestClient(create_app(published, clock=lambda: NOW), BASE)
    expected = {question: one.get(question).content for question in questions}
    with serving(published, lambda: NOW) as address, httpx.Client(base_url=address, timeout=120) as many:
        started = Barrier(20)

        def read(seed: int) -> dict[str, bytes]:
            mine = Random(seed).sample(questions, 30)
            started.wait(60)
            return {question: many.get(question).raise_for_status().content for question in mine}

        with ThreadPoolExecutor(20) as readers:
            for found in readers.map(read, [chance.randrange(10**9) for _ in range(20)]):
                assert found == {question: expected[question] for question in found}


def test_rows_that_are_kept_are_those_of_the_macro_in_every_question(published):
    snapshot = Snapshots(published).current()
    for chatbot in snapshot.chatbots.values():
        for table in ("organizations", "users"):
            for text in (
                "range=all_time",
                "range=last_month&attributes=now",
                "range=this_month&columns=status&columns=conversations_change&sort=-conversations_change",
                "range=this_month&status=dormant&status=new",
                "range=all_time&search=o&mrr_min=10",
                *(["range=all_time&organization_id=minus", "organization_id="] if table == "users" else []),
            ):
                query = query_of(table, chatbot).parse(text)
                asked = (query, chatbot, query.days(chatbot, NOW))
                called, kept = (ordered_page(query, rows) for rows in (rows_of(*asked), rows_of(*asked, snapshot)))
                assert f"{table}(" in called.sql
                assert f"{table}(" not in kept.sql
                assert called.read(snapshot) == kept.read(snapshot)


def test_what_is_remembered_takes_no_more_than_its_bound_and_the_oldest_goes_first():
    answers: Answers[bytes] = Answers(1_000, len)
    for number in range(100):
        assert answers.get(number, lambda number=number: bytes([number]) * 90) == bytes([number]) * 90
        assert answers.size <= 1_000
    read: list[int] = []
    for number in (99, 89, 88):
        answers.get(number, lambda number=number: read.append(number) or b"new")
    assert read == [88]
    assert answers.get("large", lambda: b"x" * 1_001) == b"x" * 1_001
    assert answers.get("large", lambda: b"smaller") == b"smaller"
    assert answers.size <= 1_000


def test_tables_of_kept_rows_are_dropped_when_nobody_holds_them_and_not_before(published):
    with duckdb.connect((published / "current.duckdb").resolve(), read_only=True, config=dict(engine.READER)) as reader:
        kept = Kept(reader, most_cells=5 * CELLS_OF_A_TABLE, many_rows=1)
        call = "organizations(?, null, ?)"
        held = kept.rows(call, ["support", "2026-11-22"])
        expected = reader.execute("select count(*) from organizations('support', null, date '2026-11-22')").fetchall()
        for day in range(1, 23):
            kept.rows(call, ["support", f"2026-11-{day:02}"])
            assert kept.size <= 5 * CELLS_OF_A_TABLE
        assert reader.execute(f"select count(*) from {held.name}").fetchall() == expected
        assert kept.tables() <= 7  # four that fit, the one that is held, one in the making, one to be dropped
        del held
        kept.rows(call, ["support", "2026-10-31"])
        kept.rows(call, ["support", "2026-10-30"])
        assert kept.tables() <= 6


def test_nobody_waits_while_a_table_is_compressed_and_who_reads_it_meanwhile_has_all_of_it(published, monkeypatch):
    is_compressing, may_end = threading.Event(), threading.Event()

    def slowly(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
        if sql.startswith("checkpoint"):
            is_compressing.set()
            assert may_end.wait(60)
        return engine.fetch(connection, sql, parameters)

    monkeypatch.setattr("serving.kept.fetch", slowly)
    with duckdb.connect((published / "current.duckdb").resolve(), read_only=True, config=dict(engine.READER)) as reader:
        kept = Kept(reader, many_rows=1)
        first = kept.rows("organizations(?, null, null)", ["support"])
        assert is_compressing.wait(60)
        try:
            other = kept.rows("users(?, null, null)", ["support"])
            for rows, macro in ((first, "organizations"), (other, "users")):
                read = reader.cursor().execute(f"from {rows.name} order by all").fetchall()
                assert read == reader.cursor().execute(f"from {macro}('support', null, null) order by all").fetchall()
        finally:
            may_end.set()


def test_many_who_ask_the_same_at_once_have_it_read_once_and_a_failure_is_not_remembered():
    answers: Answers[str] = Answers(1_000, len)
    all_wait, reads = threading.Event(), []

    def read(outcome: Callable[[], str]) -> str:
        reads.append(threading.get_ident())
        assert all_wait.wait(60)
        return outcome()

    def fails() -> str:
        raise duckdb.IOException("the disk is gone")

    def ask(outcome: Callable[[], str]) -> str:
        return answers.get("question", lambda: read(outcome))

    for outcome, expected in ((fails, "the disk is gone"), (lambda: "answer", "answer")):
        all_wait.clear()
        reads.clear()
        with ThreadPoolExecutor(20) as readers:
            asked = [readers.submit(ask, outcome) for _ in range(20)]
            all_wait.set()
            said = {str(one.exception() or one.result()) for one in asked}
        assert said == {expected}
    assert len(reads) == 1


def test_a_statement_that_lacks_memory_beside_another_runs_once_more_by_itself():
    running, by_itself = threading.Event(), threading.Event()
    order: list[str] = []

    def long() -> str:
        running.set()
        assert by_itself.wait(0.5) is False
        order.append("long")
        return "long"

    def hungry() -> str:
        if not order:
            raise duckdb.OutOfMemoryException("too much for two")
        by_itself.set()
        return "hungry"

    with ThreadPoolExecutor(2) as readers:
        other = readers.submit(engine._in_turn, long)
        assert running.wait(60)
        assert readers.submit(engine._in_turn, hungry).result(60) == "hungry"
        assert other.result() == "long"

    def starved() -> str:
        raise duckdb.OutOfMemoryException("too much")

    with pytest.raises(duckdb.OutOfMemoryException):
        engine._in_turn(starved)
    assert engine._in_turn(lambda: "the others go on") == "the others go on"


def test_an_answer_is_a_copy_of_ones_own(published):
    snapshot: Snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    first = snapshot.answer(chatbot, "a question", lambda: [{"rows": [1]}])
    first[0]["rows"].append(2)
    assert snapshot.answer(chatbot, "a question", lambda: []) == [{"rows": [1]}]


def test_a_question_that_memory_does_not_do_for_is_answered_with_a_sentence(tmp_path, monkeypatch):
    publish(tmp_path)
    monkeypatch.setitem(engine.READER, "memory_limit", "3MB")
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    answer = client.get("/api/v1/chatbots/support/users?range=all_time")
    said = "This needs more memory than the server may take: ask for fewer days, or filter"
    assert (answer.status_code, answer.json()) == (503, {"detail": said})
    page = client.get("/platform/support/users?range=all_time")
    assert (page.status_code, said in page.text) == (503, True)
