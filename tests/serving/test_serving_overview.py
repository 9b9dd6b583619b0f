"""The overview: every number in it is that of the tables, and who is at risk is so by the rules that it states."""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.snapshot import Snapshots
from serving.tables.columns import BANDS
from serving.tables.query_models import query_of
from serving.tables.ranges import Days
from serving.tables.satisfaction import read_satisfaction
from serving.tables.series import STEPS
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish, read
from tests.serving.random_questions import EXCLUSIONS, spread_rows

RANGES: list[dict[str, str]] = [
    {"range": "all_time"},
    {"range": "this_month"},
    {"range": "all_time", "excluded": "include"},
    {"first_day": "2026-09-10", "last_day": "2026-10-20"},
    {"first_day": "2026-09-10", "last_day": "2026-10-20", "attributes": "now"},
]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published = tmp_path_factory.mktemp("overview")
    rows = spread_rows()
    for number in range(12):
        rows.custom("support", "user", f"u{number}-0", device=("phone", "Phone ", "desktop")[number % 3])
    publish(published, rows, exclusions=EXCLUSIONS)
    return published


def asker(published: Path) -> Ask:
    client = TestClient(create_app(published, clock=lambda: NOW), BASE)

    def ask(path: str, **asked: Any) -> dict[str, Any]:
        answer = client.get(f"/api/v1/chatbots/support/{path}?{urlencode(asked, doseq=True)}")
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    return ask


@pytest.fixture(scope="module")
def ask(directory: Path) -> Ask:
    return asker(directory)


def lines_of(published: Path, first: str, last: str, excluded: str) -> list[dict[str, Any]]:
    """Every conversation of a range, of nobody too."""
    names = ("organization_id", "user_id", "sentiment", "device", "country")
    every = "select * from fct_conversation_days union all select * from excluded_conversation_days"
    rows = read(
        published,
        f"""
        select any_value(days.organization_id), any_value(days.user_id), any_value(lines.sentiment),
            any_value(days.device), any_value(days.country)
        from conversations_in_range('support', ?, ?, excluded := '{excluded.replace("_", " ")}') as lines
        inner join ({every}) as days using (conversation_key)
        group by conversation_key
        """,
        first,
        last,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def mean(values: list[Decimal]) -> Any:
    return pytest.approx(float(sum(values) / len(values)), abs=1e-12) if values else None


@pytest.mark.parametrize("step", STEPS)
def test_a_bucket_s_bands_are_those_of_the_tables_for_its_days(directory, step):
    snapshot = Snapshots(directory).current()
    chatbot = snapshot.chatbots["support"]
    query = query_of("organizations", chatbot)()
    found = read_satisfaction(snapshot, query, chatbot, Days(date(2026, 9, 1), date(2026, 11, 22)), step)
    assert sum(bucket[band] for bucket in found for band in BANDS) > 300
    for bucket in found:
        days = bucket["first_day"], bucket["last_day"]
        bands = dict(
            read(directory, "select band, count(*) from conversations_in_range('support', ?, ?) group by band", *days)
        )
        assert [bucket[band] for band in BANDS] == [bands.get(band, 0) for band in BANDS], days
        ((expected,),) = read(directory, "select avg(sentiment) from conversations_in_range('support', ?, ?)", *days)
        assert bucket["sentiment"] == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_on_the_bounds_of_the_bands_a_bucket_counts_as_the_tables_do(tmp_path):
    rows = Rows()
    for number, scores in enumerate(
        [("0.2",), ("0.2000000004",), ("0.2000000005",), ("-0.2000000004",), ("-0.2000000005",)]
    ):
        rows.conversation("support", f"2026-11-1{number}T10:00:00", None, None, [Decimal(score) for score in scores])
    publish(tmp_path, rows)
    shown = asker(tmp_path)("overview", first_day="2026-11-01", last_day="2026-11-20")["satisfaction"]
    bands = [next(band for band in BANDS if bucket[band]) for bucket in shown if bucket["sentiment"] is not None]
    assert bands == ["neutral", "neutral", "satisfied", "neutral", "dissatisfied"]


@pytest.mark.parametrize("days", RANGES, ids=str)
@pytest.mark.parametrize("by", ["plan", "industry", "custom.device", "device", "country"])
def test_a_breakdown_s_groups_are_the_conversations_of_who_has_the_value(directory, ask, days, by):
    table = "users" if by == "custom.device" else "organizations"
    is_of_conversations = by in ("device", "country")
    columns = [f"{table[:-1]}_id", *([] if is_of_conversations else [by])]
    rows = ask(table, limit=1000, columns=columns, **days)["rows"]
    value_of = {row[f"{table[:-1]}_id"]: (row.get(by) or "").strip().casefold() for row in rows}
    expected: dict[str, list[dict[str, Any]]] = defaultdict(list)
    shown = ask("overview", **days)
    for line in lines_of(directory, shown["first_day"], shown["last_day"], days.get("excluded", "leave_out")):
        of_owner = value_of.get(line[f"{table[:-1]}_id"], "")
        expected[(line[by] or "").strip().casefold() if is_of_conversations else of_owner].append(line)
    (found,) = (one for one in shown["breakdowns"] if one["by"] == by)
    assert found["further_values"] == 0
    groups = {(group["value"] or "").casefold(): group for group in found["groups"]}
    assert groups.keys() == expected.keys()
    for value, lines in expected.items():
        scores = [line["sentiment"] for line in lines if line["sentiment"] is not None]
        group = groups[value]
        told = group["sentiment"]
        assert {**group, "sentiment": None if told is None else float(told)} == {
            "value": group["value"],
            "conversations": len(lines),
            "organizations": len({line["organization_id"] for line in lines} - {None}),
            "users": len({line["user_id"] for line in lines} - {None}),
            "scored_conversations": len(scores),
            "sentiment": mean(scores),
        }, value


def test_a_field_that_few_conversations_have_divides_nothing(ask):
    assert [one["by"] for one in ask("overview", range="all_time")["breakdowns"]] == [
        "plan",
        "industry",
        "device",
        "country",
        "custom.device",
    ]


def test_the_lines_of_a_device_are_those_of_its_group_who_belong_to_an_organization(directory, ask):
    days = {"first_day": "2026-09-10", "last_day": "2026-10-20"}
    every = lines_of(directory, *days.values(), "leave_out")
    for asked, wanted in (("MOBILE", "mobile"), ("", "")):
        lines = [
            line
            for line in every
            if line["organization_id"] is not None and (line["device"] or "").strip().casefold() == wanted
        ]
        found = ask("conversations", **days, device=asked, limit=1000)
        assert found["total"] == len(lines) > 10
        assert {(row["device"] or "").strip().casefold() for row in found["rows"]} == {wanted}


def test_without_sessions_that_say_it_there_is_no_table_by_device_or_country(tmp_path):
    publish(tmp_path, at_risk_rows())
    assert [one["by"] for one in asker(tmp_path)("overview")["breakdowns"]] == ["plan", "industry"]
    page = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE).get("/platform/support/overview").text
    assert "By plan" in page
    assert "By device" not in page


def test_the_page_shows_sentiment_by_device_and_country(directory):
    client = TestClient(create_app(directory, clock=lambda: NOW), BASE)
    page = client.get("/platform/support/overview?range=all_time").text
    assert "By device" in page
    assert "By country" in page


def test_the_unhappiest_are_those_of_the_tables_with_a_sample(ask):
    for days in RANGES:
        found = ask("overview", **days)["most_dissatisfied"]
        for table in ("organizations", "users"):
            asked = {"scored_conversations_min": 3, "sentiment_max": 0, "sort": "sentiment", "limit": 8}
            assert found[table] == ask(table, **days, **asked)["rows"]


def at_risk_rows() -> Rows:
    """Organizations of which each meets one rule, or fails it by little. The month before is October."""
    rows = Rows()

    def organization(key: str, mrr: str | None, before: list[float], now: list[float]) -> None:
        rows.organization("support", key, key.capitalize(), "pro", "Retail", mrr and Decimal(mrr))
        for month, scores in (("10", before), ("11", now)):
            for number, score in enumerate(scores):
                rows.conversation(
                    "support", f"2026-{month}-{number + 1:02}T10:00:00", "u", key, [] if score is None else [score]
                )

    organization("content", "1000", [0.5] * 5, [0.5] * 5)
    organization("unhappy", "500.5", [-0.3] * 3, [-0.3] * 3)
    organization("small-sample", "700", [-0.9] * 2, [-0.9] * 2)
    organization("less-happy", "300", [0.5] * 3, [0.3] * 3)
    organization("less-happy-by-tenths", "290", [0.3] * 3, [0.1] * 3)  # 0.2 less, which doubles do not show
    organization("hardly-less-happy", "310", [0.5] * 3, [0.31] * 3)
    organization("on-the-bound", "320", [-0.2] * 3, [-0.2] * 3)
    organization("silent", "200", [0.5] * 4, [])
    organization("half-as-active", "100", [0.5] * 4, [0.5] * 2)
    organization("few-before", "150", [0.5] * 3, [])
    organization("free", "0", [-0.9] * 5, [-0.9] * 5)
    organization("unknown", None, [-0.9] * 5, [])
    organization("worst", "50", [0.9] * 6, [-0.9] * 3)
    return rows


def test_revenue_is_at_risk_by_the_rules_and_each_mrr_counts_once(tmp_path):
    publish(tmp_path, at_risk_rows())
    found = asker(tmp_path)("overview")["revenue_at_risk"]
    assert (found["previous_first_day"], found["previous_last_day"]) == ("2026-10-01", "2026-10-22")
    assert [(one["organization_id"], one["reasons"]) for one in found["organizations"]] == [
        ("unhappy", ["Dissatisfied: -0.30 over 3 scored conversations"]),
        ("less-happy", ["Less satisfied: from +0.50 to +0.30"]),
        ("less-happy-by-tenths", ["Less satisfied: from +0.30 to +0.10"]),
        ("silent", ["Less active: from 4 to 0 conversations"]),
        ("half-as-active", ["Less active: from 4 to 2 conversations"]),
        (
            "worst",
            [
                "Dissatisfied: -0.90 over 3 scored conversations",
                "Less satisfied: from +0.90 to -0.90",
                "Less active: from 6 to 3 conversations",
            ],
        ),
    ]
    assert found["mrr"] == Decimal("1440.5")
    assert (found["paying_mrr"], found["paying_organizations"]) == (Decimal("3920.5"), 11)


def test_the_rules_hold_for_any_range_of_the_past_and_for_none_without_a_period_before(tmp_path):
    publish(tmp_path, at_risk_rows())
    ask = asker(tmp_path)
    october = ask("overview", range="last_month")["revenue_at_risk"]
    assert (october["previous_first_day"], october["previous_last_day"]) == ("2026-09-01", "2026-09-30")
    assert [one["organization_id"] for one in october["organizations"]] == ["unhappy"]
    assert ask("overview", range="all_time")["revenue_at_risk"] is None


def test_random_ranges_compare_what_the_totals_compare(ask):
    chance = random.Random(9)
    for _ in range(12):
        first = date(2026, 9, 1) + timedelta(days=chance.randrange(70))
        days = {"first_day": str(first), "last_day": str(first + timedelta(days=chance.randrange(30)))}
        found, totals = ask("overview", **days)["revenue_at_risk"], ask("organizations/totals", **days)
        ends = ("previous_first_day", "previous_last_day")
        assert [found and found[end] for end in ends] == [totals[end] for end in ends]
        if found is None:
            continue
        before = {end.removeprefix("previous_"): totals[end] for end in ends}
        rows = {
            row["organization_id"]: row
            for asked in (before, days)
            for row in ask("organizations", limit=1000, mrr_min="0.0001", **asked)["rows"]
        }
        assert found["paying_organizations"] == len(rows)


def test_the_page_says_what_the_api_says_with_its_rules_and_ways_to_the_rows(tmp_path):
    publish(tmp_path, at_risk_rows())
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    page = client.get("/platform/support/overview").text
    for said in (
        "$1,440.50",
        "from 6 organizations, 37% of the $3,920.50 that 11 active organizations pay",
        "Compared with Oct 1 – 22, 2026.",
        "Less active: from 4 to 0 conversations",
        "a sentiment below -0.2 over at least 3 scored conversations",
        'href="/platform/support/organizations/silent"',
        "/platform/support/organizations?sort=sentiment&amp;scored_conversations_min=3&amp;sentiment_max=0",
        'href="/platform/support/organizations?plan=pro"',
        "Satisfaction over time",
    ):
        assert said in page, said
    assert client.get("/platform/support/overview?plan=pro").status_code == 422
    assert "No activity today" in client.get("/platform/support/overview?range=today").text
