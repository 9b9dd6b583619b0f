"""What is drawn of each row: the figures of its series, with the same in words, and only where it is asked for."""

import re
from dataclasses import replace
from datetime import date

import pytest

from serving.pages.asked import Asked
from serving.pages.sparklines import HEIGHT, MARGIN, WIDTH, sparklines
from serving.pages.state import page_query_of
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.columns import TRENDS
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.series import read_series
from tests.serving.published_fixture import NOW, Rows, publish

DRAWN = "columns=organization_name&columns=conversations_trend&columns=sentiment_trend"


def asked_of(published, table: str, state: str) -> Asked:
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    return Asked(snapshot, chatbot, page_query_of(table, chatbot).parse(state), f"?{state}", NOW)


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_the_series_of_the_rows_of_a_page_are_those_of_each_entity_by_itself(published, client, table):
    asked = asked_of(published, table, "range=this_month")
    one_page = client.get(f"/api/v1/chatbots/support/{table}?limit=20&sort=-conversations").json()
    ids = [row[asked.table.id_column] for row in one_page["rows"]]
    days = Days(date(2026, 11, 1), date(2026, 11, 22))
    for by in ("day", "week", "month"):
        found = read_series(asked.snapshot, asked.query, asked.chatbot, ids, days, by)
        assert list(found) == ids
        for entity_id in ids:
            alone = client.get(f"/api/v1/chatbots/support/{table}/{entity_id.replace('+', '%2B')}?by={by}").json()
            told = [
                {**bucket, **{end: str(bucket[end]) for end in ("first_day", "last_day")}}
                for bucket in found[entity_id]
            ]
            assert told == alone["series"]


def test_bars_and_lines_stand_where_the_figures_are_and_say_so_in_words(tmp_path):
    made = Rows()
    made.organization("support", "acme", "Acme")
    for day, scores in ((1, (1,)), (2, (-1,)), (2, (-1,)), (2, (-1,)), (20, (0,)), (21, ())):
        made.conversation("support", f"2026-11-{day:02}T10:00:00", None, "acme", scores)
    publish(tmp_path, made)
    snapshot = Snapshots(tmp_path).current()
    view = view_of(snapshot, snapshot.chatbots["support"], "organizations", f"?{DRAWN}", NOW)
    bars, line = (view.rows[0].cells[TRENDS[figure].name].drawing for figure in ("conversations", "sentiment"))
    room = WIDTH / 22
    drawn = [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) 24V([\d.]+)", bars.path)]
    third = HEIGHT - (HEIGHT - MARGIN) / 3
    expected = [(0.5, third), (1.5, MARGIN), (19.5, third), (20.5, third)]
    assert drawn == [(pytest.approx(place * room, abs=0.06), pytest.approx(top, abs=0.06)) for place, top in expected]
    assert bars.about == "Conversations by day, at most 3 (Nov 2, 2026)"
    assert (line.path, line.dots) == ("M2.7 2.0L8.2 22.0", "M2.7 2.0h0M8.2 22.0h0M106.4 12.0h0")
    assert line.about == "Sentiment by day, from -1.00 to +1.00, last 0.00 (Nov 20, 2026)"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("range=this_month", "by day"),
        ("first_day=2026-09-22&last_day=2026-11-22", "by day"),
        ("first_day=2026-09-21&last_day=2026-11-22", "by week"),
        ("range=all_time", "by week"),
        ("first_day=2024-01-01&last_day=2026-11-22", "by month"),
        ("first_day=0001-01-01&last_day=9999-12-31", "by month"),
    ],
)
def test_a_longer_range_is_drawn_in_longer_steps_and_none_breaks_the_page(client, state, words):
    page = client.get(f"/platform/support/organizations?{state}&{DRAWN}")
    assert page.status_code == 200
    abouts = re.findall(r'<svg class="spark"[^>]* aria-label="([^"]*)"', page.text)
    assert abouts
    assert {re.search("by (day|week|month)", about).group() for about in abouts} == {words}


def test_a_row_without_a_score_has_a_dash_and_no_line(published, client):
    page = client.get(f"/platform/support/organizations?range=all_time&{DRAWN}&search=noname").text
    assert page.count('<svg class="spark"') == 1
    assert re.search(r'class="trend missing" data-label="Trend of sentiment">—<', page)


def test_what_is_drawn_is_of_the_conversations_that_count(published):
    """On Users, `organization_id` limits the conversations: the trend is of these, as the row is."""
    for state in ("range=all_time", "range=all_time&organization_id=minus"):
        asked = asked_of(published, "users", f"{state}&columns=user_name&columns=conversations_trend")
        drawing = sparklines(asked, ["conversations_trend"], ["mover"])["mover"]["conversations_trend"]
        limited = read_series(
            asked.snapshot, asked.query, asked.chatbot, ["mover"], Days(date(2026, 9, 1), date(2026, 11, 22)), "month"
        )
        assert sum(bucket["conversations"] for bucket in limited["mover"]) == (2 if "minus" in state else 4)
        assert ("at most 2" if "minus" in state else "at most 3") in drawing.about


def test_a_reader_who_sees_no_addresses_has_trends_of_users_known_by_theirs(tmp_path):
    made = Rows()
    made.user("support", "email:a@x.example", None, "a@x.example")
    made.conversation("support", "2026-11-20T10:00:00", "email:a@x.example", None, (0.5,))
    publish(tmp_path, made)
    snapshot = Snapshots(tmp_path).current()
    chatbot = replace(snapshot.chatbots["support"], hides_emails=True)
    view = view_of(snapshot, chatbot, "users", "?columns=user_name&columns=conversations_trend", NOW)
    (row,) = view.rows
    assert row.row_id.startswith("masked:")
    assert row.cells["conversations_trend"].drawing.about == "Conversations by day, at most 1 (Nov 20, 2026)"


def test_trends_are_no_columns_of_the_api_and_no_order_and_leave_the_files_of_the_page(client):
    for route in ("organizations", "organizations.csv"):
        answer = client.get(f"/api/v1/chatbots/support/{route}?columns=conversations_trend")
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["msg"] == "Unknown column: conversations_trend"
    page = client.get(f"/platform/support/organizations?range=all_time&{DRAWN}&columns=mrr&width=mrr:120").text
    href = re.search(r'id="export-csv" href="([^"]*)"', page).group(1).replace("&amp;", "&")
    assert client.get(href).text.splitlines()[0] == "\ufefforganization_name,mrr"
    broken = client.get("/platform/support/organizations?sort=conversations_trend")
    assert "Rows have no order by what is drawn of them" in broken.text


def test_nothing_is_read_for_trends_unless_a_column_shows_them(published):
    asked = asked_of(published, "organizations", "range=all_time")
    statement = rows_of(asked.query, asked.chatbot, asked.days)
    assert "asof" not in statement.sql
    assert sparklines(asked, asked.table.default_columns, ["a_b"]) == {}
