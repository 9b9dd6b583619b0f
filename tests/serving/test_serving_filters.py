"""Every column's filter keeps the rows that a reader of the macro's whole table would keep by hand."""

import csv
import io
import json
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.http.limits import Limits
from serving.pages.view import view_of
from serving.snapshot import Chatbot, Snapshot, Snapshots
from serving.tables.choices import read_choices
from serving.tables.columns import STATUSES, TABLES, Table
from serving.tables.query_models import query_of
from serving.tables.ranges import end_of, start_of
from serving.tables.results import rows_of
from serving.tables.statement import Statement
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, read
from tests.serving.random_questions import questions

QUESTIONS = 200
COMPARED = ["conversations_change", "sentiment_change", "status"]
NOT_OF_ROWS = {"range", "first_day", "last_day", "search", "attributes", "excluded", "organization_id"}


@pytest.fixture(scope="module")
def asking(spread: Path) -> TestClient:
    return TestClient(create_app(spread, clock=lambda: NOW, limits=Limits(exports_per_minute=QUESTIONS + 1)), BASE)


@pytest.fixture(scope="module")
def snapshot(published: Path) -> Snapshot:
    return Snapshots(published).current()


def folded(text: str | None) -> str:
    return unicodedata.normalize("NFC", text or "").strip().lower()


def band_of(sentiment: float | None) -> str:
    if sentiment is None:
        return ""
    mean = Decimal(sentiment).quantize(Decimal("1e-9"), "ROUND_HALF_UP")
    return "satisfied" if mean > Decimal("0.2") else "dissatisfied" if mean < Decimal("-0.2") else "neutral"


def passes(row: dict[str, Any], name: str, given: Any) -> bool:
    """Return whether a row passes one parameter, of those that judge a row alone."""
    values = given if isinstance(given, list) else [given]
    if name == "band":
        return band_of(row["sentiment"]) in values
    if name == "band_not":
        return band_of(row["sentiment"]) not in values
    if name.endswith("_not"):
        column = name.removesuffix("_not")
        same = str if column.endswith("_id") else folded
        return same(row[column] or "") not in {same(value) for value in values}
    for end, fits in (("min", lambda value, limit: value >= limit), ("max", lambda value, limit: value <= limit)):
        if name.endswith(f"_{end}"):
            value = row[name.removesuffix(f"_{end}")]
            return value is not None and fits(value, type(value)(values[0]))
    for end in ("from", "to"):
        if name.endswith(f"_{end}"):
            at = row[f"{name.removesuffix(f'_{end}')}_at"]  # the chatbot's zone is UTC
            limit = date.fromisoformat(values[0])
            return at is not None and (at.date() >= limit if end == "from" else at.date() <= limit)
    value = row[name]
    if isinstance(value, str) or name in ("plan", "industry", "email", "status"):
        return folded(value) in {folded(one) for one in values}
    return value is None  # an empty text asks for rows without a number


def kept(row: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Return whether a row passes all; that it has no number stands beside the bounds of the number."""
    judged = {name: given for name, given in asked.items() if name not in NOT_OF_ROWS}
    alone = {name for name, given in judged.items() if given == "" and name in ("mrr", "sentiment", "sentiment_change")}
    for name, given in judged.items():
        beside = next((one for one in alone if name in (f"{one}_min", f"{one}_max", one)), None)
        if beside and row[beside] is None:
            continue
        if beside == name and {f"{name}_min", f"{name}_max"} & judged.keys():
            continue
        if not passes(row, name, given):
            return False
    return True


def test_200_random_questions_have_one_answer_in_the_api_the_file_and_by_hand(spread, asking) -> None:
    """The whole table comes from the rows of the question without these filters; each is then judged in Python."""
    snapshot = Snapshots(spread).current()
    chatbot = snapshot.chatbots["support"]
    told, new = 0, 0
    for (table, asked), _ in zip(questions(seed=21), range(QUESTIONS), strict=False):
        key = f"{table[:-1]}_id"
        parameters = {**asked, "sort": key, "limit": 1000}
        answer = asking.get(f"/api/v1/chatbots/support/{table}", params=parameters)
        assert answer.status_code == 200, answer.text
        found = [row[key] for row in answer.json()["rows"]]
        text = asking.get(f"/api/v1/chatbots/support/{table}.csv", params={**parameters, "columns": [key]}).text
        assert [row[0].removeprefix("'") for row in csv.reader(io.StringIO(text))][1:] == found
        wider = {name: given for name, given in asked.items() if name in NOT_OF_ROWS} | {"columns": COMPARED}
        if "dormant" in asked.get("status", ()):
            wider["status"] = ["", *STATUSES]
        query = query_of(table, chatbot).model_validate(
            {
                name: [given] if name == "organization_id" and isinstance(given, str) else given
                for name, given in wider.items()
            }
        )
        statement = rows_of(query, chatbot, query.days(chatbot, NOW))
        result = Statement(statement.sql, statement.parameters).run(snapshot)
        names = [one[0] for one in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        assert sorted(found) == sorted(row[key] for row in rows if kept(row, asked)), (table, asked)
        told += len(found)
        new += bool(asked.keys() & {"plan_not", "band", "band_not", "mrr", "first_seen_from", "last_activity_to"})
    assert told > 500
    assert new > 80


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_filter(table: Table) -> None:
    assert [column.name for column in table.columns if column.filter is None] == []


def test_is_not_refuses_each_of_its_values_and_the_empty_one(get) -> None:
    rows = get("organizations", limit=1000)["rows"]
    plans = {folded(row["plan"]) for row in get("organizations", plan_not=["Enterprise ", ""], limit=1000)["rows"]}
    assert plans == {folded(row["plan"]) for row in rows} - {"enterprise", ""}
    answer = get("organizations", organization_id_not=["a_b", "axb"], limit=1000)
    assert answer["total"] == len(rows) - 2
    assert get("users", email_not="", limit=1000)["total"] == len(
        [row for row in get("users", limit=1000)["rows"] if row["email"] is not None]
    )


def test_a_band_is_judged_by_the_rows_sentiment_at_nine_places(get) -> None:
    rows = get("organizations", limit=1000)["rows"]
    for band in ("satisfied", "neutral", "dissatisfied", ""):
        found = get("organizations", band=band, columns=["organization_id", "band"], limit=1000)["rows"]
        expected = {row["organization_id"] for row in rows if band_of(row["sentiment"]) == band}
        assert {row["organization_id"] for row in found} == expected != set()
        assert {row["band"] or "" for row in found} == {band}
    assert "band" not in rows[0]


def test_without_a_number_is_a_choice_beside_its_bounds(get) -> None:
    rows = get("organizations", limit=1000)["rows"]
    none = {row["organization_id"] for row in rows if row["mrr"] is None}
    assert {row["organization_id"] for row in get("organizations", mrr="", limit=1000)["rows"]} == none != set()
    rich = {row["organization_id"] for row in rows if row["mrr"] is not None and row["mrr"] >= 5000}
    found = get("organizations", mrr="", mrr_min=5000, limit=1000)["rows"]
    assert {row["organization_id"] for row in found} == none | rich


def test_custom_fields_can_be_refused_and_be_empty_beside_their_bounds(get) -> None:
    def found(**asked: Any) -> set[str]:
        return {row["organization_id"] for row in get("organizations", limit=1000, **asked)["rows"]}

    everything = found()
    assert found(**{"custom.tier_not": ["gold", ""]}) == {"cmd"}
    assert found(**{"custom.seats_not": ["5", "40.0"]}) == everything - {"00123", "a_b"}
    assert found(**{"custom.seats_not": ""}) == {"00123", "1000", "a_b", "axb", "cmd"}
    assert found(**{"custom.seats": "", "custom.seats_min": 13}) == everything - {"00123", "1000", "cmd"}
    assert found(**{"custom.beta_not": "true"}) == everything - {"00123"}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("mrr_min=5&mrr_max=4", "mrr_min"),
        ("satisfied_share_min=0.5&satisfied_share_max=0.4", "satisfied_share_min"),
        ("first_seen_from=2026-11-02&first_seen_to=2026-11-01", "first_seen_from"),
        ("custom.seats_min=5&custom.seats_max=4", "custom.seats_min"),
        ("band=happy", "band"),
        ("mrr=5", "mrr"),
        ("conversations=", "conversations"),
        ("first_seen_from=20261101", "first_seen_from"),
        ("last_activity_at_min=2026-11-01", "last_activity_at_min"),
        ("custom.beta_not=maybe", "custom.beta_not"),
        ("custom.nope_not=1", "custom.nope_not"),
        ("plan_not_not=1", "plan_not_not"),
    ],
)
def test_bounds_that_cross_and_values_that_make_no_sense_are_refused_by_name(client, asked: str, named: str) -> None:
    for suffix in ("", ".csv", "/totals"):
        answer = client.get(f"/api/v1/chatbots/support/organizations{suffix}?{asked}")
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["query", named]
        assert answer.json()["detail"][0]["msg"]


def test_equal_bounds_do_not_cross_whatever_their_digits(client) -> None:
    asked = "custom.seats_min=5.0000000000001&custom.seats_max=5.0000000000001&mrr_min=1&mrr_max=1"
    assert client.get(f"/api/v1/chatbots/support/organizations?{asked}").status_code == 200


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Santiago", "America/Havana", "Pacific/Apia"])
def test_a_day_begins_where_the_zones_clock_first_shows_it(zone: str) -> None:
    """Clocks skip or repeat midnight in some zones, and one skipped a day."""
    chatbot = Chatbot("b", "b", zone, "monday", "USD")
    for number in range(0, 366 * 3, 1):
        day = date(2024, 1, 1) + timedelta(days=number)
        begins = start_of(day, chatbot).replace(tzinfo=UTC)
        assert begins.astimezone(ZoneInfo(zone)).date() == day
        assert (begins - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)
        assert end_of(day, chatbot) == start_of(day + timedelta(days=1), chatbot)
    assert start_of(date.min, chatbot) <= datetime(1, 1, 2)
    assert end_of(date.max, chatbot) == datetime.max


def test_days_of_an_instant_are_those_of_the_chatbots_zone(client, published) -> None:
    """18:45 UTC is the next day in Kolkata."""
    ((instant,),) = read(published, "select last_activity_at from organizations('kolkata', null, null)")
    assert instant == datetime(2026, 10, 31, 18, 45)
    for asked, rows in (("last_activity_from=2026-11-01", 1), ("last_activity_to=2026-10-31", 0)):
        answer = client.get(f"/api/v1/chatbots/kolkata/organizations?range=all_time&{asked}").json()
        assert answer["total"] == rows


def test_the_page_shows_every_filter_that_is_asked_as_a_chip_that_removes_it(snapshot) -> None:
    asked = (
        "?range=all_time&plan_not=pro&plan_not=&band=neutral&mrr=&mrr_min=5&first_seen_from=2026-09-01"
        "&last_activity_from=2026-11-01&last_activity_to=2026-11-20&custom.tier_not=gold"
    )
    shown = view_of(snapshot, snapshot.chatbots["support"], "organizations", asked, NOW)
    assert [(chip.label, chip.value) for chip in shown.chips] == [
        ("Plan", "not pro"),
        ("Plan", "not None"),
        ("MRR", "None"),
        ("MRR", "at least 5"),
        ("Last activity", "Nov 1 – 20, 2026"),
        ("First seen", "from Sep 1, 2026"),
        ("Satisfaction", "neutral"),
        ("tier", "not gold"),
    ]
    assert shown.clear == "?range=all_time"
    for chip in shown.chips:
        assert chip.remove is not None
        left = view_of(snapshot, snapshot.chatbots["support"], "organizations", chip.remove, NOW).chips
        assert len(left) == len(shown.chips) - 1


def test_crossed_bounds_keep_the_state_of_the_page_and_are_said_at_their_field(snapshot) -> None:
    asked = "?range=all_time&plan=pro&first_seen_from=2026-11-02&first_seen_to=2026-11-01&sort=-mrr"
    shown = view_of(snapshot, snapshot.chatbots["support"], "organizations", asked, NOW)
    problems = {one.name: one.problem for one in shown.filters.bounds if one.problem}
    assert problems == {"first_seen_at": "The last day lies before the first"}
    assert shown.empty is not None
    assert shown.empty.text == "First seen: the least value asked for is above the greatest."
    assert [chip.label for chip in shown.chips] == ["Plan", "First seen"]


def test_the_count_beside_a_choice_is_that_of_the_table_when_it_is_chosen(spread, asking) -> None:
    """Every other filter stays; the filter itself is what the choice replaces."""
    snapshot = Snapshots(spread).current()
    chatbot = snapshot.chatbots["support"]
    checked, unknown = 0, 0
    for (table, asked), _ in zip(questions(seed=22), range(40), strict=False):
        query = query_of(table, chatbot).parse(f"?{urlencode(asked, doseq=True)}")
        for name in ("plan", "band", "organization_id"):
            others = {key: given for key, given in asked.items() if key not in (name, f"{name}_not")}
            choices = read_choices(snapshot, query, name, chatbot, NOW)
            for choice in choices[:3] + choices[-1:]:
                answer = asking.get(f"/api/v1/chatbots/support/{table}", params={**others, name: choice.value}).json()
                assert choice.rows is None or answer["total"] == choice.rows > 0, (table, asked, name, choice)
                checked += choice.rows is not None
                unknown += choice.rows is None
            if all(choice.rows is not None for choice in choices) and len(choices) < 100 and name != "organization_id":
                total = asking.get(f"/api/v1/chatbots/support/{table}", params=others).json()["total"]
                assert sum(choice.rows or 0 for choice in choices) == total
    assert checked > 150
    assert 0 < unknown < checked


@pytest.mark.parametrize("table", TABLES)
def test_the_mrr_of_the_totals_is_that_of_the_rows_each_once(asking, table: str) -> None:
    seen = set()
    for (of, asked), _ in zip(questions(seed=23), range(60), strict=False):
        if of != table:
            continue
        path = f"/api/v1/chatbots/support/{table}"
        given = urlencode(asked, doseq=True)
        rows = json.loads(asking.get(f"{path}?{given}&limit=1000").content, parse_float=Decimal)["rows"]
        totals = json.loads(asking.get(f"{path}/totals?{given}").content, parse_float=Decimal)["totals"]
        amounts = [row["mrr"] for row in rows if row["mrr"] is not None]
        assert totals["mrr"] == (sum(amounts) if amounts else None), (table, asked)
        seen.add(totals["mrr"])
    assert len(seen) > 8
