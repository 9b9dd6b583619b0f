"""A receipt's lines add up to the figures of the rows that it stands for, whatever was asked."""

import csv
import io
import json
import random
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.tables.conversations import CONVERSATIONS
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish
from tests.serving.random_questions import questions

ROWS = 500
FIGURES = {
    "organizations": ("users",),
    "users": ("organization_count",),
    "totals": ("users", "organizations"),
}
ALWAYS = ("conversations", "messages", "scored_conversations", "sentiment", "last_activity_at")
OF_A_ROW = (
    "unscored_conversations",
    "message_sentiment",
    "satisfied_share",
    "neutral_share",
    "dissatisfied_share",
    "written_conversations",
)


def figures(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Recompute the figures of a row, or of totals, from the lines of the receipt."""
    scored = [line for line in lines if line["sentiment"] is not None]
    shares = {name: sum(line["band"] == name for line in lines) for name in ("satisfied", "neutral", "dissatisfied")}
    organizations = len({line["organization_id"] for line in lines} - {None})
    return {
        "conversations": len(lines),
        "messages": sum(line["messages"] for line in lines),
        "scored_conversations": len(scored),
        "unscored_conversations": len(lines) - len(scored),
        "sentiment": mean(sum(line["sentiment"] for line in scored), len(scored)),
        "message_sentiment": mean(
            sum(line["score_sum"] for line in lines), sum(line["scored_messages"] for line in lines)
        ),
        **{f"{name}_share": mean(count, len(scored)) for name, count in shares.items()},
        "written_conversations": sum(line["has_user_message"] for line in lines),
        "last_activity_at": max((instant(line["last_message_at"]) for line in lines), default=None),
        "users": len({line["user_id"] for line in lines} - {None}),
        "organization_count": organizations,
        "organizations": organizations,
    }


def mean(total: Decimal | int, count: int) -> float | None:
    return float(total) / count if count else None


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return figures as an answer tells them, in the types of `figures`."""
    values = {name: row[name] for name in names}
    return {
        name: instant(value) if isinstance(value, str) else float(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


@pytest.fixture(scope="module")
def asking(spread: Path) -> TestClient:
    return TestClient(create_app(spread, clock=lambda: NOW), BASE)


def ask(asking: TestClient, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the API with exact decimals; every page of it, where there are rows."""
    answer: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    paged = {} if path.endswith("/totals") else {"limit": 1000}
    while not answer or len(rows) < answer.get("total", 0):
        given = urlencode({**asked, **paged, **({"offset": len(rows)} if rows else {})}, doseq=True)
        got = asking.get(f"/api/v1/chatbots/support/{path}?{given}")
        assert got.status_code == 200, got.text
        answer = json.loads(got.content, parse_float=Decimal)
        rows += answer.get("rows", [])
    return {**answer, "rows": rows}


def test_the_lines_of_500_random_rows_add_up_to_every_figure_of_the_row(asking) -> None:
    chance, checked = random.Random(3), 0
    limited = 0
    for table, asked in questions(seed=1):
        rows = ask(asking, table, asked)["rows"]
        for row in chance.sample(rows, min(len(rows), 5)):
            key = f"{table[:-1]}_id"
            lines = ask(asking, "conversations", {**asked, "of": table, key: row[key]})["rows"]
            names = (*ALWAYS, *OF_A_ROW, *FIGURES[table])
            assert told(row, names) == {name: figures(lines)[name] for name in names}, (table, asked, row[key])
            checked += 1
            limited += "organization_id" in asked and table == "users"
        if checked >= ROWS:
            break
    assert limited > 20


def test_the_lines_of_a_whole_table_add_up_to_its_totals(asking) -> None:
    for (table, asked), _ in zip(questions(seed=2), range(60), strict=False):
        totals = ask(asking, f"{table}/totals", asked)["totals"]
        receipt = ask(asking, "conversations", {**asked, "of": table})
        names = (*ALWAYS, *FIGURES["totals"])
        assert told(totals, names) == {name: figures(receipt["rows"])[name] for name in names}, (table, asked)
        assert receipt["total"] == totals["conversations"]


def test_a_line_says_who_when_and_what(asking) -> None:
    answer = ask(asking, "conversations", {"range": "all_time", "of": "users", "user_id": "mover"})
    assert [line["organization_id"] for line in answer["rows"]] == ["empty", "minus", "minus", None]
    assert answer["rows"][0] == {
        "conversation_id": answer["rows"][0]["conversation_id"],
        "first_message_at": "2026-11-04T10:00:00Z",
        "last_message_at": "2026-11-04T10:00:00Z",
        "messages": 5,
        "user_messages": 5,
        "scored_messages": 1,
        "score_sum": Decimal("0.6"),
        "sentiment": Decimal("0.6"),
        "band": "satisfied",
        "user_id": "mover",
        "user_name": "Mo Ver",
        "organization_id": "empty",
        "organization_name": "Ødegård & Søn",
        "speakers": 1,
        "has_user_message": True,
        "device": None,
        "country": None,
    }
    assert (answer["first_day"], answer["last_day"]) == ("2026-09-01", "2026-11-22")


def test_a_receipt_of_organizations_can_be_of_one_user(asking) -> None:
    asked = {"range": "all_time", "user_id": "mover"}
    lines = ask(asking, "conversations", asked)["rows"]
    assert [line["organization_id"] for line in lines] == ["empty", "minus", "minus"]
    lines = ask(asking, "conversations", {**asked, "organization_id": "minus"})["rows"]
    assert [line["messages"] for line in lines] == [4, 3]
    nobody = ask(asking, "conversations", {"range": "all_time", "user_id": "", "organization_id": "cafe"})["rows"]
    assert [(line["user_id"], line["user_name"]) for line in nobody] == [(None, None)]


def test_names_are_those_of_the_ranges_end_or_of_now(tmp_path: Path) -> None:
    rows, change = Rows(), date(2026, 11, 10)
    rows.organizations["support", "o"] = [("Old", *[None] * 4, change), ("New", *[None] * 3, change, None)]
    rows.users["support", "u"] = [(None, "old@example.com", *[None] * 4, change), ("Nina", *[None] * 4, change, None)]
    rows.conversation("support", "2026-11-02T10:00:00", "u", "o")
    publish(tmp_path, rows)
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for more, names in (({}, ("old@example.com", "Old")), ({"attributes": "now"}, ("Nina", "New"))):
        (line,) = ask(client, "conversations", {"first_day": "2026-11-01", "last_day": "2026-11-09", **more})["rows"]
        assert (line["user_name"], line["organization_name"]) == names


def test_lines_are_sorted_paged_and_cut_to_columns_like_rows(asking) -> None:
    asked = {"range": "all_time", "sort": "sentiment", "columns": ["conversation_id", "sentiment"]}
    whole = ask(asking, "conversations", asked)["rows"]
    present = [line["sentiment"] for line in whole if line["sentiment"] is not None]
    assert present == sorted(present)
    assert [line["sentiment"] for line in whole[len(present) :]] == [None] * (len(whole) - len(present))
    assert list(whole[0]) == asked["columns"]
    page = asking.get("/api/v1/chatbots/support/conversations", params={**asked, "limit": 7, "offset": 14}).json()
    assert page["total"] == len(whole) > 400
    assert [line["conversation_id"] for line in page["rows"]] == [line["conversation_id"] for line in whole[14:21]]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("of=chatbots", {"of"}),
        ("of=users&of=users", {"of"}),
        ("of=users&users_min=1", {"users_min"}),
        ("rows=1", {"rows"}),
        ("sort=plan&plan=free&plan_max=1", {"sort", "plan_max"}),
        ("limit=0&first_day=x", {"limit", "first_day"}),
        ("columns=mrr", {"columns"}),
        ("custom.nothing=1", {"custom.nothing"}),
        ("first_day=2026-02-02&last_day=2026-02-01", {"first_day"}),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_every_fault_of_a_question_is_named(asking, asked, named, suffix) -> None:
    answer = asking.get(f"/api/v1/chatbots/support/conversations{suffix}?{asked}")
    assert answer.status_code == 422
    assert {problem["loc"][-1] for problem in answer.json()["detail"]} == named


def test_files_hold_every_line(asking) -> None:
    asked = {"range": "all_time", "of": "users", "custom.seats_min": "0"}
    lines = ask(asking, "conversations", asked)["rows"]
    assert len(lines) > 2

    def file(suffix: str) -> bytes:
        answer = asking.get(f"/api/v1/chatbots/support/conversations.{suffix}", params=asked)
        assert (
            answer.headers["content-disposition"] == f'attachment; filename="support-conversations-2026-11-22.{suffix}"'
        )
        return answer.content

    names = list(CONVERSATIONS.column_names)
    by_csv = list(csv.DictReader(io.StringIO(file("csv").decode())))
    by_parquet = pq.read_table(io.BytesIO(file("parquet")))
    sheet = openpyxl.load_workbook(io.BytesIO(file("xlsx"))).active
    assert list(by_csv[0]) == by_parquet.column_names == names
    ids = [line["conversation_id"] for line in lines]
    assert [row["conversation_id"] for row in by_csv] == by_parquet["conversation_id"].to_pylist() == ids
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ids
    assert [row["has_user_message"] for row in by_csv] == ["true"] * len(lines)
    assert by_parquet["score_sum"].to_pylist() == [line["score_sum"] for line in lines]
