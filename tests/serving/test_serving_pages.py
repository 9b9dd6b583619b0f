"""What a page says: formats, freshness, empty states and links."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from serving.pages import formats, links
from serving.pages.view import freshness, view_of
from serving.snapshot import Snapshots
from serving.tables.columns import ORGANIZATIONS
from serving.tables.query import QUERIES
from serving.tables.results import read_choices
from tests.serving.published_fixture import NOW


@pytest.fixture(scope="module")
def snapshot(published):
    return Snapshots(published).current()


def view(snapshot, chatbot="support", table="organizations", search="?range=all_time", now=NOW):
    return view_of(snapshot, snapshot.chatbots[chatbot], table, search, now)


def texts(component):
    """Return every text in a component, in order."""
    if component is None:
        return []
    if isinstance(component, (list, tuple)):
        return [text for item in component for text in texts(item)]
    return [str(component)] if isinstance(component, (str, int)) else texts(getattr(component, "children", None))


@pytest.mark.parametrize(
    ("value", "label", "text"),
    [
        (-1, "Very Negative", "-1.00"),
        (-0.6, "Very Negative", "-0.60"),
        (-0.5999, "Negative", "-0.60"),
        (-0.2004, "Negative", "-0.20"),
        (-0.2, "Neutral", "-0.20"),
        (-0.001, "Neutral", "0.00"),
        (0, "Neutral", "0.00"),
        (0.2, "Neutral", "+0.20"),
        (0.2001, "Positive", "+0.20"),
        (0.5999, "Positive", "+0.60"),
        (0.6, "Very Positive", "+0.60"),
        (1, "Very Positive", "+1.00"),
    ],
)
def test_trap_22_a_sentiment_is_labelled_by_its_unrounded_value_and_shown_rounded(value, label, text):
    shown = formats.sentiment(value)
    assert (shown["label"], shown["text"]) == (label, text)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("5000", "USD", "$5,000"),
        ("1234.5678", "USD", "$1,234.57"),
        ("0", "USD", "$0"),
        ("-20", "EUR", "-€20"),
        ("1250000", "INR", "₹1,250,000"),
        ("7", "CHF", "CHF 7"),
    ],
)
def test_money_has_its_currency_and_thousands_separators(amount, currency, text):
    assert formats.money(Decimal(amount), currency) == text


def test_a_missing_value_is_a_dash_and_never_zero(snapshot):
    cell = formats.cell(ORGANIZATIONS.column("mrr"), None, snapshot.chatbots["support"])
    assert cell == "—"
    assert formats.cell(ORGANIZATIONS.column("sentiment"), None, snapshot.chatbots["support"]) is None


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "Nov 22, 2026, 10:15 AM UTC"),
        ("America/New_York", "Nov 22, 2026, 5:15 AM EST"),
        ("Asia/Kolkata", "Nov 22, 2026, 3:45 PM IST"),
        ("America/Sao_Paulo", "Nov 22, 2026, 7:15 AM UTC-03"),
    ],
)
def test_an_instant_is_written_in_the_chatbots_zone(zone, text):
    assert formats.instant(datetime(2026, 11, 22, 10, 15), zone, with_zone=True) == text


def test_midnight_and_noon_are_twelve():
    assert formats.instant(datetime(2026, 1, 2, 0, 5), "UTC") == "Jan 2, 2026, 12:05 AM"
    assert formats.instant(datetime(2026, 1, 2, 12, 5), "UTC") == "Jan 2, 2026, 12:05 PM"


def test_a_range_of_days_says_nothing_twice():
    assert formats.days(date(2026, 11, 1), date(2026, 11, 22)) == "Nov 1 – 22, 2026"
    assert formats.days(date(2026, 10, 30), date(2026, 11, 2)) == "Oct 30 – Nov 2, 2026"
    assert formats.days(date(2025, 12, 30), date(2026, 1, 2)) == "Dec 30, 2025 – Jan 2, 2026"
    assert formats.days(date(2026, 11, 1), None) == "Nov 1, 2026 onwards"


def test_trap_56_the_page_says_through_when_the_data_runs_and_when_that_is_long_ago(snapshot):
    chatbot = snapshot.chatbots["support"]
    assert texts(freshness(snapshot, chatbot, NOW)) == ["Data through Nov 22, 2026, 10:15 AM UTC"]
    a_day_later = snapshot.data_through + timedelta(hours=24)
    assert "Stale" not in texts(freshness(snapshot, chatbot, a_day_later))
    assert "Stale" in texts(freshness(snapshot, chatbot, a_day_later + timedelta(seconds=1)))


def test_trap_56_a_partial_today_and_a_range_beyond_the_data_are_marked(snapshot):
    assert texts(view(snapshot).notices) == ["Today is partial"]
    assert texts(view(snapshot, search="?range=last_month").notices) == []
    beyond = view(snapshot, search="?first_day=2026-11-01&last_day=2026-11-30")
    assert texts(beyond.notices) == ["Range reaches beyond the data"]
    assert beyond.notices[0].title == "Data ends Nov 22, 2026, 10:15 AM"
    next_day = view(snapshot, search="", now=datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert texts(next_day.notices) == ["Range reaches beyond the data"]


def test_without_activity_in_the_range_the_page_offers_all_time(snapshot):
    quiet = view(snapshot, "quiet", search="?plan=")
    assert texts(quiet.empty)[0] == "No organization matches"
    quiet = view(snapshot, "quiet", search="")
    assert texts(quiet.empty) == ["No activity this month", "The newest activity was Sep 3, 2026.", "Show all time"]
    assert quiet.empty.children[2].href == "?range=all_time"
    assert view(snapshot, "quiet", search="?range=all_time").empty is None


def test_without_any_organization_the_page_says_that_none_is_there_yet(snapshot):
    assert texts(view(snapshot, "eu/neu é").empty)[0] == "No organizations yet"
    assert texts(view(snapshot, "eu/neu é", "users").empty)[0] == "No users yet"


def test_without_a_match_the_page_offers_to_clear_the_filters(snapshot):
    empty = view(snapshot, search="?range=all_time&search=zzz&plan=pro&sort=-mrr").empty
    assert texts(empty)[0] == "No organization matches"
    assert empty.children[2].href == "?range=all_time&sort=-mrr"


def test_a_state_that_makes_no_sense_is_named_and_can_be_reset(snapshot):
    broken = view(snapshot, search="?sort=nope")
    assert "sort: Unknown column: nope" in texts(broken.empty)
    assert broken.marked["search"] is None  # no totals beside no rows


def test_a_page_behind_the_last_leads_back(snapshot):
    shown = view(snapshot, search="?range=all_time&offset=5000")
    assert texts(shown.empty)[0] == "No rows here"
    assert shown.empty.children[2].href == "?range=all_time"


def test_every_active_filter_is_a_chip_that_removes_it(snapshot):
    shown = view(snapshot, search="?range=all_time&plan=pro&plan=&mrr_min=10&organization_id=00123&search=x")
    labels = ["".join(texts(chip)[:2]) for chip in shown.chips[:-1]]
    assert labels == ["Search: “x”", "Organization: 100% Co", "Plan: pro", "Plan: None", "MRR: at least 10"]
    assert shown.filter_count == "5"
    assert shown.chips[2].children[2].href == "?range=all_time&mrr_min=10&organization_id=00123&search=x&plan="


def test_an_export_link_has_the_state_of_the_page_with_its_columns_and_no_paging(snapshot):
    link = view(snapshot, search="?range=all_time&sort=-mrr&limit=10&offset=10&columns=mrr").files[0].href
    assert link == "/api/v1/chatbots/support/organizations.csv?range=all_time&sort=-mrr&columns=mrr&bom=1"


def test_a_name_leads_to_the_users_of_the_organization_in_the_same_range(snapshot):
    row = next(row for row in view(snapshot, search="?range=all_time&search=100%25").rows)
    assert row["organization_link"] == "/platform/support/users?range=all_time&organization_id=00123"
    user = view(snapshot, table="users", search="?search=loner").rows[0]
    assert (user["organization_name"], user["organization_link"]) == ("—", None)


def test_pandas_is_loaded_before_the_first_request(published):
    """The first query loaded it in one thread; Dash, in another, met the half of it: "Error loading layout"."""
    loaded = "import sys, serving.http.app; print(hasattr(sys.modules.get('pandas'), 'NaT'))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_search_and_filters_are_kept_between_the_tables_where_both_have_them(snapshot):
    asked = "?range=all_time&search=a&plan=pro&users_min=2&custom.seats_min=1&sort=-mrr&offset=20&columns=mrr"
    organizations, users = view(snapshot, search=asked).tabs
    assert users.href == "/platform/support/users?range=all_time&search=a&plan=pro&custom.seats_min=1"
    assert organizations.href.endswith("?range=all_time&search=a&plan=pro&users_min=2&custom.seats_min=1")
    link = view(snapshot, search="?range=all_time&search=100%25&users_min=1").rows[0]["organization_link"]
    assert link == "/platform/support/users?range=all_time&organization_id=00123"


def test_a_link_keeps_names_that_look_like_its_own_arguments():
    assert links.changed("?search=a&range=today", search=None) == "?range=today"
    assert links.ranged("?first_day=2026-01-01&search=a", range="all_time") == "?search=a&range=all_time"


def test_trap_31_spellings_of_a_plan_are_one_choice_with_the_newest_spelling(snapshot):
    query = QUERIES["organizations"](range="all_time", search="ignored", plan=["free"])
    chatbot = snapshot.chatbots["support"]
    choices = {choice.value: choice for choice in read_choices(snapshot, query, "plan", chatbot, NOW)}
    assert sorted(value.lower() for value in choices) == ["", "enterprise", "free", "pro"]
    assert "Enterprise" in choices
    total = snapshot.cursor().execute("select count(*) from organizations('support', null, null)").fetchone()[0]
    assert sum(choice.rows for choice in choices.values()) == total


def test_the_choices_of_a_filter_can_be_searched_and_are_never_more_than_asked(snapshot):
    query, chatbot = QUERIES["organizations"](range="all_time"), snapshot.chatbots["support"]
    found = read_choices(snapshot, query, "organization_id", chatbot, NOW, "zurich")
    assert [(choice.value, choice.label) for choice in found] == [("cafe", "Cafe\u0301 Zürich")]
    assert len(read_choices(snapshot, query, "organization_id", chatbot, NOW, most=5)) == 5
