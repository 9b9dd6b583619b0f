"""What a page says: formats, freshness, empty states and links."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from serving.pages import formats, links
from serving.pages.navigation import Link
from serving.pages.notices import freshness_of
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.choices import read_choices
from serving.tables.columns import ORGANIZATIONS
from serving.tables.query_models import QUERIES
from tests.serving.published_fixture import NOW
from tests.serving.readers import client_of


@pytest.fixture(scope="module")
def snapshot(published):
    return Snapshots(published).current()


def view(snapshot, chatbot="support", table="organizations", search="?range=all_time", now=NOW):
    return view_of(snapshot, snapshot.chatbots[chatbot], table, search, now)


def said(notices):
    """Return the texts of a page's notices."""
    return [notice.text for notice in notices]


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
        ("1234.5678", "USD", "$1,234.5678"),
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
    shown = freshness_of(snapshot, chatbot, NOW, snapshot.data_through)
    assert (shown.through, shown.newest, shown.stale) == ("Data through Nov 22, 2026, 10:15 AM UTC", None, None)
    a_day_later = snapshot.data_through + timedelta(hours=24)
    assert freshness_of(snapshot, chatbot, a_day_later, None).stale is None
    stale = freshness_of(snapshot, chatbot, a_day_later + timedelta(seconds=1), None).stale
    assert stale == "The newest data is 1 day old"


def test_trap_56_a_chatbot_that_is_behind_the_data_says_when_its_newest_message_was(snapshot):
    """The data runs through the newest request of any chatbot; this one was quiet since September."""
    assert view(snapshot, "quiet").freshness.newest == "Newest message Sep 3, 2026, 11:00 AM"
    assert view(snapshot).freshness.newest is None


def test_trap_56_a_range_that_ends_behind_the_data_is_marked_but_for_what_is_so_every_day(snapshot):
    """A notice that is always there is read by nobody: today is partial on every day, and missing on every morning."""
    ahead = "?first_day=2026-11-01&last_day=2026-11-30"
    wholly_ahead = "?first_day=2026-11-23&last_day=2026-11-30"
    next_morning, stale = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
    for now in (NOW, next_morning):
        for usual in ("", "?range=last_month", "?range=this_year", "?range=all_time", "?last_day=2026-11-22"):
            assert view(snapshot, search=usual, now=now).notices == []
        (reaches,) = view(snapshot, search=ahead, now=now).notices
        assert (reaches.text, reaches.is_warning) == ("Range reaches beyond the data", False)
        assert reaches.about == "Data ends Nov 22, 2026, 10:15 AM"
        (lies_behind,) = view(snapshot, search=wholly_ahead, now=now).notices
        assert (lies_behind.text, lies_behind.is_warning) == ("The data ends before this range", True)
    for search in ("", ahead, "?range=all_time"):
        (old,) = view(snapshot, search=search, now=stale).notices
        assert (old.text, old.is_warning) == ("Range reaches beyond the data", True)
    assert view(snapshot, search="?range=last_month", now=stale).notices == []


def test_without_activity_in_the_range_the_page_offers_all_time(snapshot):
    assert view(snapshot, "quiet", search="?plan=").empty.title == "No organization matches"
    empty = view(snapshot, "quiet", search="").empty
    assert (empty.title, empty.text) == ("No activity this month", "The newest activity was Sep 3, 2026.")
    assert empty.action == Link("Show all time", "?range=all_time")
    assert view(snapshot, "quiet", search="?range=all_time").empty is None


def test_without_any_organization_the_page_says_that_none_is_there_yet(snapshot):
    assert view(snapshot, "eu/neu é").empty.title == "No organizations yet"
    assert view(snapshot, "eu/neu é", "users").empty.title == "No users yet"


def test_without_a_match_the_page_offers_to_clear_the_filters(snapshot):
    empty = view(snapshot, search="?range=all_time&search=zzz&plan=pro&sort=-mrr").empty
    assert empty.title == "No organization matches"
    assert empty.action.href == "?range=all_time&sort=-mrr"


def test_a_least_value_above_the_greatest_is_said_to_be_why_nothing_matches(snapshot):
    shown = view(snapshot, search="?range=all_time&conversations_min=5&conversations_max=2")
    assert shown.empty.text == "Conversations: the least value asked for is above the greatest."
    problems = {one.name: one.problem for one in shown.filters.bounds if one.problem}
    assert problems == {"conversations": "Min is above max"}


def test_a_state_that_makes_no_sense_is_named_can_be_reset_and_has_no_totals_beside_no_rows(snapshot):
    broken = view(snapshot, search="?sort=nope")
    assert "sort: Unknown column: nope" in broken.empty.text
    assert (broken.rows, broken.total, broken.totals.figures) == ([], "0", [])


def test_a_page_behind_the_last_leads_back(snapshot):
    empty = view(snapshot, search="?range=all_time&offset=5000").empty
    assert (empty.title, empty.action.href) == ("No rows here", "?range=all_time")


def test_every_active_filter_is_a_chip_that_removes_it(snapshot):
    shown = view(snapshot, search="?range=all_time&plan=pro&plan=&mrr_min=10&organization_id=00123&search=x")
    labels = [f"{chip.label}: {chip.value}" for chip in shown.chips]
    assert labels == ["Search: “x”", "Organization: 100% Co", "Plan: pro", "Plan: None", "MRR: at least 10"]
    assert shown.filter_count == "5"
    assert shown.chips[2].remove == "?range=all_time&mrr_min=10&organization_id=00123&search=x&plan="
    assert shown.clear == "?range=all_time"


def test_an_order_by_a_hidden_column_and_attributes_as_of_now_are_chips_but_no_filters(snapshot):
    shown = view(snapshot, search="?range=all_time&sort=-messages&attributes=now")
    chips = [(chip.label, chip.value, chip.remove) for chip in shown.view_chips]
    assert chips == [
        ("Sorted by", "Messages, highest first", "?range=all_time&attributes=now"),
        ("Attributes", "as of now", "?range=all_time&sort=-messages"),
    ]
    assert (shown.chips, shown.filter_count, shown.clear) == ([], "", None)
    assert view(snapshot, search="?range=all_time&sort=-messages&columns=messages").view_chips == []
    hidden = view(snapshot, search="?range=all_time&columns=messages").view_chips
    assert [(chip.value, chip.remove) for chip in hidden] == [("Last activity, newest first", None)]


def test_an_export_link_has_the_state_of_the_page_with_its_columns_and_no_paging(snapshot):
    link = view(snapshot, search="?range=all_time&sort=-mrr&limit=10&offset=10&columns=mrr").files[0].href
    assert link == "/api/v1/chatbots/support/organizations.csv?range=all_time&sort=-mrr&columns=mrr&bom=1"


def test_a_name_leads_to_its_page_and_a_count_of_users_to_these_in_the_same_range(snapshot):
    (row,) = view(snapshot, search="?range=all_time&search=100%25").rows
    assert row.cells["organization_name"].href == "/platform/support/organizations/00123?range=all_time"
    assert row.cells["users"].href == "/platform/support/users?range=all_time&organization_id=00123"
    cells = view(snapshot, table="users", search="?search=loner").rows[0].cells
    assert cells["user_name"].href == "/platform/support/users/loner"
    assert (cells["organization_name"].text, cells["organization_name"].href) == ("—", None)


def test_the_page_of_a_user_counts_the_conversations_that_its_row_counts(snapshot):
    (row,) = view(snapshot, table="users", search="?organization_id=minus&organization_id=&search=mover").rows
    href = row.cells["user_name"].href
    assert href == "/platform/support/users/mover?organization_id=minus&organization_id="


def test_the_name_stands_first_however_the_columns_were_chosen(snapshot):
    shown = view(snapshot, search="?range=all_time&columns=mrr&columns=plan&columns=organization_name")
    assert [heading.name for heading in shown.headings] == ["organization_name", "mrr", "plan"]
    assert "columns=mrr&columns=plan&columns=organization_name" in shown.files[0].href


def test_the_first_click_on_a_number_brings_the_highest_and_on_the_sentiment_the_unhappiest(snapshot):
    first = {heading.name: heading.href for heading in view(snapshot, search="?sort=-plan").headings}
    assert first["mrr"] == "?sort=-mrr"
    assert first["sentiment"] == "?sort=sentiment"
    assert first["organization_name"] == "?sort=organization_name"
    assert first["last_activity_at"] == "?"
    assert first["plan"] == "?sort=plan"


def test_what_a_form_sends_only_because_it_is_one_is_not_part_of_the_state(client):
    sent = "search=&range=all_time&mrr_min=&mrr_max=&plan=&columns=organization_name&columns=mrr"
    answer = client.get(f"/platform/support/organizations?{sent}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/platform/support/organizations?range=all_time&plan=&columns=organization_name&columns=mrr",
    )
    assert client.get(answer.headers["location"], follow_redirects=False).status_code == 200
    usual = "&".join(f"columns={name}" for name in ORGANIZATIONS.default_columns)
    answer = client.get(f"/platform/support/organizations?{usual}", follow_redirects=False)
    assert answer.headers["location"] == "/platform/support/organizations"


def test_the_chatbots_to_switch_to_are_those_that_the_reader_may_see(published):
    guarded = client_of(published, "support", "quiet")
    text = guarded.get("/platform/support/users?range=all_time&search=a&excluded=include").text
    assert 'href="/platform/quiet/users?range=all_time&amp;excluded=include"' in text
    assert "kolkata" not in text.lower()
    assert "chatbot-popover" not in client_of(published, "support").get("/platform/support/users").text


def test_conversations_that_are_in_no_row_are_said_beside_the_totals_unless_something_filters(snapshot):
    assert view(snapshot).totals.beside == "2 conversations without an organization are in no row"
    assert view(snapshot, table="users").totals.beside == "1 conversation without a user is in no row"
    assert view(snapshot, search="?range=all_time&plan=pro").totals.beside is None


def test_search_and_filters_are_kept_between_the_tables_where_both_have_them(snapshot):
    asked = "?range=all_time&search=a&plan=pro&users_min=2&custom.seats_min=1&sort=-mrr&offset=20&columns=mrr"
    organizations, users, overview = view(snapshot, search=asked).tabs
    assert overview.href == "/platform/support/overview?range=all_time"
    assert users.href == "/platform/support/users?range=all_time&search=a&plan=pro&custom.seats_min=1"
    assert organizations.href.endswith("?range=all_time&search=a&plan=pro&users_min=2&custom.seats_min=1")
    row = view(snapshot, search="?range=all_time&search=100%25&users_min=1").rows[0]
    assert row.cells["users"].href == "/platform/support/users?range=all_time&organization_id=00123"


def test_a_link_keeps_names_that_look_like_its_own_arguments():
    assert links.changed("?search=a&range=today", search=None) == "?range=today"
    assert links.ranged("?first_day=2026-01-01&search=a", range="all_time") == "?search=a&range=all_time"


def test_trap_31_spellings_of_a_plan_are_one_choice_with_the_newest_spelling(snapshot):
    query = QUERIES["organizations"](range="all_time", plan=["free"])
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


def test_a_filter_without_anything_to_choose_is_not_offered(client):
    page = client.get("/filters/support/users?range=all_time").text
    hidden = re.findall(r'<fieldset class="list" id="list-\d+" hidden>\s*<legend>([^<]*)<', page)
    assert set(hidden) == {"size, &#34;m²&#34;", "tier", "beta", "Seats", "nested.name"}
    page = client.get("/filters/support/users?range=all_time&custom.tier=gold").text
    assert "tier" not in re.findall(r"hidden>\s*<legend>([^<]*)<", page)
