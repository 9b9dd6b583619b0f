"""Totals of a range and of the period before it: exact, and from the conversations themselves."""

from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from serving.access.readers import RIGHTS
from serving.http.app import create_app
from serving.pages.totals import TotalsLine, totals_line
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.periods import previous_period
from serving.tables.query_models import query_of
from serving.tables.ranges import Days, days_of
from serving.tables.results import rows_of
from serving.tables.totals import Totals, paying_rows
from tests.serving.published_fixture import NOW

BY_SQL = """
    with conversations as (
        select any_value(user_key) as user_key, any_value(organization_key) as organization_key,
            sum(messages) as messages, max(last_message_at) as last_activity_at,
            sum(score_sum) / nullif(sum(scored_messages), 0) as mean
        from fct_conversation_days
        where chatbot_id = 'support' and activity_date between ? and ? and {kept}
        group by conversation_id
    )
    select count(*), count(distinct user_key), count(distinct organization_key), sum(messages), count(mean), avg(mean)
    from conversations
"""


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("preset", "today", "first", "last"),
    [
        ("this_month", "2026-11-22", "2026-10-01", "2026-10-22"),
        ("this_month", "2026-03-31", "2026-02-01", "2026-02-28"),  # 31 days with 28
        ("this_month", "2026-01-05", "2025-12-01", "2025-12-05"),
        ("last_month", "2026-03-10", "2026-01-01", "2026-01-31"),  # February with January, whole with whole
        ("this_year", "2028-02-29", "2027-01-01", "2027-02-28"),
        ("last_year", "2026-03-10", "2024-01-01", "2024-12-31"),
        ("this_week", "2026-11-18", "2026-11-09", "2026-11-11"),
        ("last_week", "2026-11-18", "2026-11-02", "2026-11-08"),
        ("today", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("yesterday", "2026-03-01", "2026-02-27", "2026-02-27"),
    ],
)
def test_trap_12_a_period_so_far_is_compared_with_as_much_of_the_one_before(
    preset: str, today: str, first: str, last: str
) -> None:
    asked = days_of(preset, date.fromisoformat(today))
    assert previous_period(preset, asked, date.max) == days(first, last)


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (days("2026-03-01", "2026-03-31"), days("2026-02-01", "2026-02-28")),
        (days("2026-01-01", "2026-03-31"), days("2025-10-01", "2025-12-31")),
        (days("2026-03-05", "2026-03-11"), days("2026-02-26", "2026-03-04")),
        (days("2026-03-01", "2026-03-30"), days("2026-01-30", "2026-02-28")),
        (Days(None, date(2026, 3, 1)), None),
        (Days(date(2026, 3, 1), None), None),
        (days("0001-01-01", "9999-12-31"), None),
    ],
)
def test_trap_12_whole_months_are_compared_with_whole_months_and_other_days_with_as_many(
    asked: Days, before: Days | None
) -> None:
    assert previous_period(None, asked, date.max) == before


@pytest.mark.parametrize(
    ("preset", "today", "covered", "before"),
    [
        ("this_month", "2026-11-26", "2026-11-20", days("2026-10-01", "2026-10-20")),
        ("this_month", "2026-11-26", "2026-11-26", days("2026-10-01", "2026-10-26")),
        ("this_month", "2026-11-26", "2026-12-02", days("2026-10-01", "2026-10-26")),
        ("this_month", "2026-03-31", "2026-03-30", days("2026-02-01", "2026-02-28")),
        ("this_year", "2028-11-26", "2028-03-01", days("2027-01-01", "2027-03-01")),
        ("this_week", "2026-11-20", "2026-11-17", days("2026-11-09", "2026-11-10")),
        ("last_month", "2026-11-26", "2026-10-20", days("2026-09-01", "2026-09-20")),
        ("last_week", "2026-11-18", "2026-11-10", days("2026-11-02", "2026-11-03")),
        ("today", "2026-11-26", "2026-11-20", None),
        ("this_month", "2026-12-02", "2026-11-30", None),
    ],
)
def test_trap_64_a_period_is_compared_with_as_much_of_the_one_before_as_its_data_covers(
    preset: str, today: str, covered: str, before: Days | None
) -> None:
    asked = days_of(preset, date.fromisoformat(today))
    assert previous_period(preset, asked, date.fromisoformat(covered)) == before


@pytest.mark.parametrize(
    ("first", "last", "covered", "before"),
    [
        ("2026-04-01", "2026-06-30", "2026-05-20", days("2026-01-01", "2026-02-20")),
        ("2026-03-05", "2026-03-14", "2026-03-07", days("2026-02-23", "2026-02-25")),
    ],
)
def test_trap_64_days_of_ones_own_too(first: str, last: str, covered: str, before: Days) -> None:
    assert previous_period(None, days(first, last), date.fromisoformat(covered)) == before


def test_trap_64_data_to_the_20th_on_the_26th_page_and_api_compare_with_the_first_to_the_20th(published) -> None:
    """The headline said -43 % where like for like it was -8 %: six days without data stood beside six with."""
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)  # the data runs through the 22nd
    client = TestClient(create_app(published, clock=lambda: now), "http://127.0.0.1:8000")
    answer = client.get("/api/v1/chatbots/support/users/totals").json()
    assert (answer["first_day"], answer["last_day"]) == ("2026-11-01", "2026-11-28")
    assert (answer["previous_first_day"], answer["previous_last_day"]) == ("2026-10-01", "2026-10-22")
    like = client.get("/api/v1/chatbots/support/users/totals?first_day=2026-10-01&last_day=2026-10-22").json()
    assert answer["previous"] == like["totals"]
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    shown = view_of(snapshot, chatbot, "users", "", now).totals
    assert shown.compared == "Nov 1 – 22, 2026 compared with Oct 1 – 22, 2026"
    behind = client.get("/api/v1/chatbots/support/users/totals?range=today").json()
    assert (behind["previous"], behind["change"], behind["previous_last_day"]) == (None, None, None)


def test_trap_12_after_nothing_there_is_no_change_rather_than_an_infinite_one(get) -> None:
    answer = get("organizations/totals", first_day="2026-11-01", last_day="2026-11-30")
    assert answer["totals"]["conversations"] > 0
    empty = get("organizations/totals", first_day="2010-01-01", last_day="2010-01-31")
    assert empty["totals"]["conversations"] == 0
    assert empty["totals"]["sentiment"] is None
    assert set(empty["change"].values()) == {None}
    assert get("organizations/totals", range="all_time")["change"] is None


def test_trap_12_the_change_of_a_count_is_relative_and_that_of_the_sentiment_a_difference(get) -> None:
    asked = {"first_day": "2026-11-16", "last_day": "2026-11-22"}
    answer = get("users/totals", **asked)
    before = get("users/totals", first_day=answer["previous_first_day"], last_day=answer["previous_last_day"])
    assert (answer["previous_first_day"], answer["previous_last_day"]) == ("2026-11-09", "2026-11-15")
    assert answer["previous"] == before["totals"]
    now, then = answer["totals"], answer["previous"]
    assert then["conversations"] > 0
    assert answer["change"]["conversations"] == pytest.approx(
        (now["conversations"] - then["conversations"]) / then["conversations"]
    )
    assert answer["change"]["sentiment"] == pytest.approx(now["sentiment"] - then["sentiment"])


@pytest.mark.parametrize("table", ["organizations", "users"])
@pytest.mark.parametrize("filters", [{}, {"plan": ["pro", ""]}, {"conversations_min": 2}])
def test_trap_02_totals_come_from_the_conversations_and_not_from_the_rows(get, sql, table, filters) -> None:
    asked = {"first_day": "2026-10-01", "last_day": "2026-11-22"}
    rows = get(table, **asked, **filters, limit=1000)["rows"]
    assert len(rows) > 1
    ids = ", ".join("'{}'".format(row[f"{table[:-1]}_id"].replace("'", "''")) for row in rows)
    (expected,) = sql(BY_SQL.format(kept=f"{table[:-1]}_id in ({ids})"), asked["first_day"], asked["last_day"])
    totals = get(f"{table}/totals", **asked, **filters)["totals"]
    counts = ("conversations", "users", "organizations", "messages", "scored_conversations")
    assert [totals[name] for name in counts] == list(expected[:-1])
    assert totals["sentiment"] == pytest.approx(expected[-1], abs=1e-9)
    assert totals["conversations"] == sum(row["conversations"] for row in rows)
    assert totals[table] == len(rows)
    assert totals["last_activity_at"] == max(row["last_activity_at"] for row in rows)


@pytest.mark.parametrize("name", ["sort", "limit", "offset", "columns"])
def test_what_makes_a_page_of_rows_is_no_parameter_of_totals(client, name: str) -> None:
    value = {"sort": "-mrr", "columns": "mrr"}.get(name, "1")
    answer = client.get("/api/v1/chatbots/support/users/totals", params={name: value})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", name]


def test_trap_55_totals_of_a_chatbot_that_nobody_has_are_not_found(client) -> None:
    assert client.get("/api/v1/chatbots/nobody/users/totals").status_code == 404


def test_trap_11_the_page_says_the_totals_of_the_api(published, get) -> None:
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    asked = {"range": "this_month", "plan": "pro"}
    line = view_of(snapshot, chatbot, "users", f"?{urlencode(asked)}", NOW).totals
    answer = get("users/totals", **asked)
    shown = {figure.name: (figure.text, figure.before) for figure in line.figures}
    for name in ("conversations", "users", "organizations"):
        now, before = answer["totals"][name], answer["previous"][name]
        assert shown[name if now != 1 else name[:-1]] == (f"{now:,}", f"{before:,}")
    assert line.compared == "Nov 1 – 22, 2026 compared with Oct 1 – 22, 2026"


def test_a_comparison_always_has_its_figures_and_nothing_is_compared_with_nothing(published) -> None:
    """It said with what it compared, and no figure where there was nothing before."""
    chatbot = Snapshots(published).current().chatbots["support"]
    now = dict.fromkeys(("users", "organizations"), 1) | {"conversations": 2, "sentiment": 0.25}
    before = dict.fromkeys(("conversations", "users", "organizations"), 0) | {"sentiment": None}
    found = Totals(now, days("2026-10-01", "2026-10-22"), before, dict.fromkeys(now))
    line = totals_line(found, chatbot, "users", days("2026-11-01", "2026-11-30"), date(2026, 11, 22))
    assert [(one.name, one.text, one.change, one.before) for one in line.figures] == [
        ("conversations", "2", None, "0"),
        ("user", "1", None, "0"),
        ("organization", "1", None, "0"),
        ("sentiment", "+0.25", None, None),
    ]
    assert line.compared == "Nov 1 – 22, 2026 compared with Oct 1 – 22, 2026"
    alone = totals_line(Totals(now, None, None, None), chatbot, "users", Days(None, None), None)
    assert (alone.compared, {one.before for one in alone.figures}) == (None, {None})
    nothing = Totals(now | {"conversations": 0}, None, None, None)
    assert totals_line(nothing, chatbot, "users", Days(None, None), None) == TotalsLine()


CHOICES = (
    "",
    "search=o",
    "search=EXAMPLE",
    "plan=pro",
    "plan=&industry_not=retail",
    "mrr_min=10&mrr_max=5000",
    "mrr=",
    "plan=pro&search=a&attributes=now",
    "conversations_min=2&plan=pro",
    "band=satisfied",
)


@pytest.mark.parametrize("rights", [RIGHTS, ("export",)])
@pytest.mark.parametrize("table", ["organizations", "users"])
def test_the_rows_of_the_period_before_are_those_that_the_table_has_for_it(published, table, rights) -> None:
    snapshot = Snapshots(published).current()
    kept = 0
    for chatbot in snapshot.chatbots.values():
        seen = replace(chatbot, hides_emails="email" not in rights)
        for choice in (*CHOICES, *(["email_not=", "organization_id=minus", "search=@"] if table == "users" else [])):
            query = query_of(table, seen).parse(choice)
            for days in (Days(date(2026, 10, 1), date(2026, 10, 31)), Days(date(2026, 11, 1), date(2026, 11, 20))):
                rows = rows_of(query, seen, days)
                expected = rows.around(f"select {query.table.id_column}, mrr from ({rows.sql}) order by all")
                found = paying_rows(query, seen, days)
                ordered = found.around(f"select {query.table.id_column}, mrr from ({found.sql}) order by all")
                assert ordered.read(snapshot) == expected.read(snapshot), (chatbot.chatbot_id, choice, days)
                kept += len(expected.read(snapshot))
    assert kept > 100
