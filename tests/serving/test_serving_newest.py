"""The first page of a large range, whose rows are made alone: it is the page that all rows would give."""

from dataclasses import replace

import pytest

from orchestration.identity.exclusions import Exclusion
from serving.kept import Kept
from serving.snapshot import Snapshot, Snapshots
from serving.tables import newest
from serving.tables.query_models import query_of
from serving.tables.results import is_kept, ordered_page, read_page, rows_of
from serving.tables.totals import read_totals
from tests.serving.published_fixture import NOW, Rows, interesting_rows, publish

PAGES = (
    "range=all_time",
    "range=all_time&limit=7",
    "range=all_time&limit=7&offset=3",
    "range=all_time&limit=3&offset=40",
    "range=all_time&offset=5000",
    "range=this_month&attributes=now",
    "range=last_month&limit=1000",
    "range=this_year&excluded=include",
    "range=this_month&columns=conversations_change&columns=sentiment_change&columns=status",
    "range=last_month&columns=status",
    "first_day=2027-01-01&last_day=2027-01-31",
)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every range is a large one; what is to be made later is listed, and not made."""
    calls: list[str] = []
    monkeypatch.setattr(newest, "MANY_ROWS", 0)
    monkeypatch.setattr(Kept, "make_later", lambda self, call, parameters: calls.append(call))
    return calls


def all_told(snapshot: Snapshot, table: str, text: str, *, hides_emails: bool = False) -> tuple[list, int, object]:
    """The rows of a page as the macro alone gives them, their number in all, and the page."""
    chatbot = replace(snapshot.chatbots["support"], hides_emails=hides_emails)
    query = query_of(table, chatbot).parse(text)
    cut = query.model_copy(update={"limit": query.limit or 20})
    rows = rows_of(cut, chatbot, cut.days(chatbot, NOW))
    ((count,),) = rows.around(f"select count(*) from ({rows.sql})").read(snapshot)
    return ordered_page(cut, rows).read(snapshot), count, read_page(snapshot, query, chatbot, NOW)


@pytest.mark.parametrize("hides_emails", [False, True])
@pytest.mark.parametrize("table", ["organizations", "users"])
def test_the_first_rows_of_a_large_range_are_those_that_all_its_rows_begin_with(tmp_path, later, table, hides_emails):
    publish(tmp_path, interesting_rows(), exclusions=[Exclusion("support", "user", "u0-0", "our own")])
    snapshot = Snapshots(tmp_path).current()
    read = 0
    for text in PAGES:
        expected, total, page = all_told(snapshot, table, text, hides_emails=hides_emails)
        assert ([tuple(row.values()) for row in page.rows], page.total) == (expected, total), text
        read += len(expected)
    assert read > 80
    assert len(later) == len(PAGES) - 1  # whoever leaves out so many rows reads them among all


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_whoever_was_active_at_the_same_instant_stands_in_the_order_of_all_rows(tmp_path, later, table):
    rows = Rows()
    for place in range(30):
        rows.organization("support", f"o{place * 7 % 30:02}", f"Company {place}")
        rows.user("support", f"u{place * 7 % 30:02}", f"Person {place}")
        sent = f"2026-11-{19 if place < 5 else 20}T10:00:00"
        rows.conversation("support", sent, f"u{place * 7 % 30:02}", f"o{place * 7 % 30:02}", (0.5,))
    publish(tmp_path, rows)
    snapshot = Snapshots(tmp_path).current()
    for text in ("limit=4", "limit=4&offset=4", "limit=4&offset=24", "limit=9&offset=21"):
        expected, total, page = all_told(snapshot, table, text)
        assert ([tuple(row.values()) for row in page.rows], page.total) == (expected, total)
    assert later


def test_no_page_of_all_rows_makes_them_for_its_totals_and_another_order_does(published, later):
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    for table in ("organizations", "users"):
        query = query_of(table, chatbot).parse("")
        days = query.days(chatbot, NOW)
        read_page(snapshot, query, chatbot, NOW)
        totals = read_totals(snapshot, query, chatbot, NOW)
        assert not is_kept(query, chatbot, days, snapshot)
        read_page(snapshot, query_of(table, chatbot).parse("sort=sentiment"), chatbot, NOW)
        assert is_kept(query, chatbot, days, snapshot)
        assert read_totals(Snapshots(published).current(), query, chatbot, NOW) == totals
    assert len(later) == 2


def test_rows_that_are_made_later_are_there_for_whoever_asks_next(published):
    snapshot = Snapshots(published).current()
    call, parameters = "users(?, null, null)", ["support"]
    for _ in range(2):
        snapshot.kept.make_later(call, parameters)
    made = snapshot.kept.rows(call, parameters)
    assert made.rows > 0
    assert snapshot.kept.rows(call, parameters) is made
