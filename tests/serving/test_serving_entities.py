"""One organization or user: its attributes, history and figures, and a series that is exact in every bucket."""

import itertools
import json
import random
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from serving.http.addresses import segment
from serving.http.app import create_app
from serving.tables.ranges import Days
from serving.tables.series import buckets
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish
from tests.serving.random_questions import questions

ODD_IDS = (
    "a/b",
    "x/organizations",
    "acme/organizations/acme",
    "/",
    "//",
    "users.csv",
    "organizations",
    "totals",
    "id:totals",
    ".",
    "..",
    "../../support/users",
    "id:..",
    "%2F",
    "%",
    "%252F",
    "a?limit=1",
    "a#b",
    "a b+c&d=e",
    "\\",
    "é\u0301\U0001f600",
    "\x00\n",
    "name:acme inc",
    "x" * 5000,
)
# Browsers take the first two of these out of an address, and the third is a route below each of them.
ODD_CHATBOTS = (".", "..", "totals", "id:totals", "a/b", "%2F")


@pytest.fixture(scope="module")
def asking(spread: Path) -> TestClient:
    return TestClient(create_app(spread, clock=lambda: NOW), BASE)


def ask(client: TestClient, path: str, chatbot: str = "support", **asked: object) -> dict:
    answer = client.get(f"/api/v1/chatbots/{chatbot}/{path}?{urlencode(asked, doseq=True)}")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content, parse_float=Decimal)


def test_an_entity_has_its_attributes_at_the_ranges_end_and_now_with_their_history(asking) -> None:
    found = ask(asking, "organizations/a_b", range="last_month")
    before = {"organization_name": "a_b", "plan": "free", "industry": "Software", "mrr": 9}
    after = {**before, "plan": "pro", "mrr": Decimal("99.5")}
    assert found["attributes"] == {
        "range_end": {**before, "custom": {"seats": 9, "tier": "silver"}},
        "now": {**after, "custom": {"seats": 40}},
    }
    change = "2026-11-01T00:00:00Z"
    assert found["history"] == [
        {"valid_from": "2026-01-01T00:00:00Z", "valid_to": change, **before},
        {"valid_from": change, "valid_to": None, **after},
    ]
    assert [(one["field"], one["value"], one["valid_to"]) for one in found["custom_history"]] == [
        ("seats", 9, change),
        ("seats", 40, None),
        ("tier", "silver", change),
    ]
    assert (found["first_seen_at"], found["last_seen_at"]) == (
        "2026-10-31T23:59:59.500000Z",
        "2026-11-12T08:02:00.200000Z",
    )


def test_own_fields_keep_the_type_that_each_value_was_sent_with(asking) -> None:
    assert ask(asking, "organizations/1000")["attributes"]["now"]["custom"] == {
        "Seats": "upper",
        "beta": False,
        "seats": Decimal("12.5"),
        'size, "m²"': "large",
        "tier": "gold ",
    }


def test_the_figures_are_the_tables_row_and_nothing_without_activity(asking) -> None:
    for table in ("organizations", "users"):
        for row in ask(asking, table, range="all_time", limit=40)["rows"]:
            path = f"{table}/{segment(row[f'{table[:-1]}_id'])}"
            assert ask(asking, path, range="all_time")["figures"] == row
    quiet = ask(asking, "organizations/cmd", first_day="2026-10-01", last_day="2026-10-31")
    assert quiet["figures"] is None
    assert {bucket["conversations"] for bucket in quiet["series"]} == {0}


def test_every_bucket_of_a_series_is_what_the_table_says_of_its_days(asking) -> None:
    chance, checked = random.Random(5), 0
    for (table, asked), _ in zip(questions(seed=4), range(60), strict=False):
        shared = {name: asked[name] for name in asked if name in ("range", "first_day", "last_day", "excluded")}
        if table == "users" and "organization_id" in asked:
            shared["organization_id"] = asked["organization_id"]
        rows = ask(asking, table, **shared, limit=1000)["rows"]
        if not rows:
            continue
        key = f"{table[:-1]}_id"
        entity = chance.choice(rows)[key]
        found = ask(asking, f"{table}/{segment(entity)}", **shared, by=chance.choice(["day", "week", "month"]))
        own = {name: value for name, value in shared.items() if name not in ("range", "first_day", "last_day")}
        for bucket in chance.sample(found["series"], min(len(found["series"]), 6)):
            days = {name: bucket.pop(name) for name in ("first_day", "last_day")}
            rows = ask(asking, table, **{**own, key: entity}, **days)["rows"]
            nothing = {name: None if name == "sentiment" else 0 for name in bucket}
            assert bucket == ({name: rows[0][name] for name in bucket} if rows else nothing), (table, entity, days, own)
            checked += bool(rows)
    assert checked > 60


def test_the_buckets_of_a_range_follow_each_other_and_lose_no_day(asking) -> None:
    for by in ("day", "week", "month"):
        for week_start in ("monday", "sunday", "saturday"):
            for first, last in (
                ("2026-02-27", "2026-03-29"),
                ("2026-11-01", "2026-11-01"),
                ("2027-12-30", "2028-03-01"),
            ):
                days = Days(date.fromisoformat(first), date.fromisoformat(last))
                found = list(buckets(days, by, week_start))
                assert (found[0][0], found[-1][1]) == days
                assert all((after[0] - before[1]).days == 1 for before, after in itertools.pairwise(found))
                inner = [start for start, _ in found[1:]]
                if by == "week":
                    assert {f"{start:%A}".lower() for start in inner} <= {week_start}
                if by == "month":
                    assert {start.day for start in inner} <= {1}
    assert list(buckets(Days(date(9999, 12, 30), date.max), "week", "monday")) == [(date(9999, 12, 30), date.max)]


@pytest.mark.parametrize(
    ("asked", "by", "count"),
    [
        ({"range": "this_month"}, "day", 22),
        ({"first_day": "2026-01-01", "last_day": "2026-11-22"}, "week", 47),
        ({"first_day": "2020-01-01", "last_day": "2026-11-22"}, "month", 83),
        ({"first_day": "2026-12-01", "last_day": "2026-12-31"}, "day", 31),
    ],
)
def test_the_step_follows_from_the_length_of_the_range_and_empty_buckets_are_there(asking, asked, by, count) -> None:
    found = ask(asking, "organizations/cmd", **asked)
    assert (found["by"], len(found["series"])) == (by, count)


def test_a_chatbots_week_begins_on_its_own_day(asking) -> None:
    found = ask(asking, "organizations/00123", "kolkata", first_day="2026-11-02", last_day="2026-11-14", by="week")
    assert [bucket["first_day"] for bucket in found["series"]] == ["2026-11-02", "2026-11-08"]


def test_the_links_lead_to_what_the_figures_count(asking) -> None:
    found = ask(asking, "organizations/o1", first_day="2026-09-10", last_day="2026-11-10", excluded="include")
    assert asking.get(found["links"]["users"]).json()["total"] == found["figures"]["users"]
    assert asking.get(found["links"]["conversations"]).json()["total"] == found["figures"]["conversations"]
    found = ask(asking, "users/mover", range="all_time", organization_id=["minus", ""])
    assert found["figures"]["conversations"] == 3
    assert asking.get(found["links"]["conversations"]).json()["total"] == 3
    assert "users" not in found["links"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("by=year", "by"),
        ("by=", "by"),
        ("by=day&by=day", "by"),
        ("plan=pro", "plan"),
        ("organization_id=o1", "organization_id"),
        ("limit=1", "limit"),
        ("custom.seats=1", "custom.seats"),
        ("first_day=0001-01-01&last_day=9999-12-31", "first_day"),
        ("first_day=2000-01-01&last_day=2026-12-31&by=day", "by"),
    ],
)
def test_a_question_that_makes_no_sense_of_an_entity_is_refused_by_name(asking, asked, named) -> None:
    answer = asking.get(f"/api/v1/chatbots/support/organizations/cmd?{asked}")
    assert answer.status_code == 422
    assert [problem["loc"][-1] for problem in answer.json()["detail"]] == [named]


def test_an_entity_that_is_not_there_is_not_found_in_a_sentence(asking) -> None:
    answer = asking.get("/api/v1/chatbots/support/users/nobody", headers={"If-None-Match": "*"})
    assert answer.status_code == 404
    assert answer.json() == {
        "detail": "This chatbot has no user with the id 'nobody'. One's own accounts are found with excluded=include."
    }
    assert asking.get("/api/v1/chatbots/support/organizations/o5").status_code == 404
    assert ask(asking, "organizations/o5", range="all_time", excluded="include")["figures"]["conversations"] > 0


def test_an_unknown_chatbot_is_not_found_as_everywhere(asking) -> None:
    answers = [
        asking.get(f"/api/v1/chatbots/nobody/{path}")
        for path in ("users", "users/u", "organizations/cmd", "conversations")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {b'{"detail":"Not found"}'}


def test_any_id_of_any_chatbot_has_one_address(tmp_path: Path) -> None:
    """Ids hold slashes, dots and percent signs: none is taken for another, for a route, or for another chatbot's.

    Each id is asked for in each chatbot, of the two tables by turns.
    """
    rows = Rows()
    for chatbot in ODD_CHATBOTS:
        rows.chatbot(chatbot)
        for number, odd in enumerate(ODD_IDS):
            rows.organization(chatbot, odd, f"organization {number} of {chatbot}")
            rows.user(chatbot, odd, f"user {number} of {chatbot}")
            rows.conversation(chatbot, "2026-11-20T10:00:00", odd, odd)
    publish(tmp_path, rows)
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for turn, chatbot in enumerate(ODD_CHATBOTS):
        for number, odd in enumerate(ODD_IDS):
            table = ("organizations", "users")[(turn + number) % 2]
            found = ask(client, f"{table}/{segment(odd)}", segment(chatbot))
            assert found[f"{table[:-1]}_id"] == odd
            assert found["figures"][f"{table[:-1]}_name"] == f"{table[:-1]} {number} of {chatbot}"
            assert client.get(found["links"]["conversations"]).json()["total"] == 1
    for leads_to in re.findall(r'href="(/platform/[^"]*)"', client.get("/").text):
        assert client.get(leads_to, follow_redirects=False).status_code == 200, leads_to


def test_a_slash_that_is_not_encoded_ends_an_id(asking) -> None:
    for path in ("support/organizations/a/b", "support/organizations/cmd/", "support/users//", "eu/neu é/users"):
        assert asking.get(f"/api/v1/chatbots/{path}", follow_redirects=False).status_code in (404, 307)
