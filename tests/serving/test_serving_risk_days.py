"""Who was at risk on a day, as the snapshot tells it: the rows of the page for the same days, and what came later."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish, read

WEEKS = timedelta(days=35)
FIGURES = (
    "organization_id",
    "organization_name",
    "plan",
    "mrr",
    "is_dissatisfied",
    "is_less_satisfied",
    "is_less_active",
    "conversations",
    "conversations_before",
    "sentiment",
    "sentiment_before",
    "scored_conversations",
    "scored_conversations_before",
)


@pytest.fixture(scope="module")
def published(spread: Path) -> Path:
    return spread


@pytest.fixture(scope="module")
def asking(published: Path) -> TestClient:
    return TestClient(create_app(published, clock=lambda: NOW), BASE)


def shown_on(client: TestClient, day: date, **asked: str) -> dict[str, Any]:
    """What the API shows as revenue at risk of the five weeks that end on a day."""
    first = day - WEEKS + timedelta(days=1)
    answer = client.get(
        "/api/v1/chatbots/support/overview", params={"first_day": str(first), "last_day": str(day), **asked}
    )
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content, parse_float=Decimal)["revenue_at_risk"]


def kept_of(published: Path, day: date, excluded: str = "leave out") -> list[dict[str, Any]]:
    """The rows of the macro of one day, those that pay most first."""
    names = (*FIGURES, "is_at_risk", "conversations_after", "mrr_after")
    rows = read(
        published,
        f"""
        select {", ".join(names)} from organization_risk('support', ?, ?, excluded := '{excluded}')
        order by mrr desc, organization_id
        """,
        day,
        day,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_on_any_day_page_and_api_show_the_rows_that_the_snapshot_tells(published: Path, asking: TestClient) -> None:
    chance, found = random.Random(5), 0
    days = [date(2026, 11, 22), *(date(2026, 9, 2) + timedelta(days=chance.randrange(81)) for _ in range(40))]
    for number, day in enumerate(days):
        excluded = "include" if number % 3 == 0 else "leave_out"
        shown = shown_on(asking, day, excluded=excluded)
        kept = kept_of(published, day, excluded.replace("_", " "))
        at_risk = [one for one in kept if one["is_at_risk"]]
        told = [{name: one[name] for name in FIGURES} for one in shown["organizations"]]
        assert as_written(told) == as_written([{name: one[name] for name in FIGURES} for one in at_risk]), day
        assert shown["paying_organizations"] == len(kept)
        assert shown["paying_mrr"] == sum(one["mrr"] for one in kept)
        assert shown["mrr"] == sum(one["mrr"] for one in at_risk)
        found += len(at_risk)
    assert found > 30


def as_written(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with doubles as they are written."""
    decimal = (float, Decimal)
    return [
        {name: Decimal(repr(value) if isinstance(value, float) else value) if isinstance(value, decimal) else value
         for name, value in row.items()}
        for row in rows
    ]  # fmt: skip


def test_what_came_later_is_what_the_tables_say_of_the_five_weeks_after(published: Path) -> None:
    chance, silent = random.Random(6), 0
    for _ in range(12):
        day = date(2026, 9, 5) + timedelta(days=chance.randrange(42))
        later = dict(
            read(
                published,
                "select organization_id, conversations from organizations('support', ?, ?)",
                day + timedelta(days=1),
                day + WEEKS,
            )
        )
        for one in kept_of(published, day):
            assert one["conversations_after"] == later.get(one["organization_id"], 0), day
            silent += one["conversations_after"] == 0
    assert silent > 5


def one_organization(**changes: Any) -> Rows:
    """Acme, with four conversations in January and a new MRR since the first of March."""
    rows = Rows()
    rows.organizations["support", "acme"] = [
        ("Acme", "pro", None, Decimal(100), None, date(2026, 3, 1)),
        ("Acme", "free", None, changes.get("mrr"), date(2026, 3, 1), None),
    ]
    for day in range(20, 24):
        rows.conversation("support", f"2026-01-{day}T10:00:00", "ann", "acme", [Decimal("0.5")])
    return rows


def told_on(published: Path, day: date) -> tuple:
    """What is told of the only organization on a day."""
    columns = "conversations, conversations_before, is_less_active, mrr, plan, conversations_after, mrr_after"
    found = read(published, f"select {columns} from organization_risk('support', ?, ?)", day, day)
    return found[0] if found else ()


def test_a_fall_shows_in_the_five_weeks_behind_it_and_the_loss_that_followed_beside_it(tmp_path: Path) -> None:
    publish(tmp_path, one_organization(mrr=Decimal(20)), data_through=datetime(2026, 4, 30, 12))
    assert told_on(tmp_path, date(2026, 1, 19)) == ()
    assert told_on(tmp_path, date(2026, 2, 23)) == (4, 0, False, 100, "pro", 0, 20)
    assert told_on(tmp_path, date(2026, 2, 26)) == (1, 3, False, 100, "pro", 0, 20)
    assert told_on(tmp_path, date(2026, 2, 27)) == (0, 4, True, 100, "pro", 0, 20)
    # Attributes are those of the day's end.
    assert told_on(tmp_path, date(2026, 3, 1)) == (0, 4, True, 20, "free", 0, 20)
    assert told_on(tmp_path, date(2026, 4, 3)) == ()


def test_february_is_compared_with_five_weeks_too_on_the_page_and_in_the_snapshot(tmp_path: Path) -> None:
    """A range of four weeks that is a calendar month is compared with the month before: five weeks never are one."""
    publish(tmp_path, one_organization(), data_through=datetime(2026, 4, 30, 12))
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for day in (date(2026, 2, 26), date(2026, 2, 28), date(2026, 3, 3)):
        shown = shown_on(client, day)
        assert (shown["previous_first_day"], shown["previous_last_day"]) == (
            str(day - 2 * WEEKS + timedelta(days=1)),
            str(day - WEEKS),
        )


def test_what_came_later_is_unknown_until_the_data_covers_it_and_a_cleared_mrr_is_not_unknown(tmp_path: Path) -> None:
    publish(tmp_path, one_organization(mrr=None), data_through=datetime(2026, 4, 2, 23, 30))
    assert told_on(tmp_path, date(2026, 2, 26))[-2:] == (0, None)
    assert told_on(tmp_path, date(2026, 2, 27))[-2:] == (None, None)


def test_no_day_behind_the_data_is_told_of_in_the_zone_of_the_chatbot(tmp_path: Path) -> None:
    """Half past six in the evening in UTC is the next day in Kolkata, whatever season the snapshot was built in."""
    rows = Rows()
    for chatbot in ("support", "kolkata"):
        rows.organization(chatbot, "acme", "Acme", mrr=Decimal(5))
        rows.conversation(chatbot, "2026-03-03T10:00:00", None, "acme")
    publish(tmp_path, rows, data_through=datetime(2026, 3, 10, 18, 30))
    last = dict(read(tmp_path, "select chatbot_id, max(as_of_date) from organization_risk_days group by all"))
    assert last == {"support": date(2026, 3, 10), "kolkata": date(2026, 3, 11)}


def test_the_view_has_the_rows_of_the_macro_for_every_day_of_each_chatbot(published: Path) -> None:
    view = read(published, "from organization_risk_days")
    wanted = []
    for (chatbot,) in read(published, "select chatbot_id from chatbots"):
        ((first, last),) = read(published, "select min(activity_date), max(activity_date) from fct_conversation_days")
        day = first - WEEKS
        while day <= last + 2 * WEEKS:
            wanted += read(published, "select $1, * from organization_risk($1, $2, $2)", chatbot, day)
            day += timedelta(days=1)
    assert sorted(view, key=str) == sorted(wanted, key=str)
    assert len(view) > 1000


def test_the_rules_are_held_against_what_came_later_by_the_documented_query(tmp_path: Path) -> None:
    rows = Rows()
    for key, later in (("silent", 0), ("loyal", 2), ("happy", 3)):
        rows.organizations["support", key] = [
            (key, "pro", None, Decimal(100), None, date(2026, 10, 1)),
            (key, "pro", None, None if key == "silent" else Decimal(100), date(2026, 10, 1), None),
        ]
        score = Decimal("0.9") if key == "happy" else Decimal("-0.9")
        for number in range(4):
            rows.conversation("support", f"2026-09-0{number + 2}T10:00:00", None, key, [score])
        for number in range(later):
            rows.conversation("support", f"2026-10-{number + 10}T10:00:00", None, key, [score])
    publish(tmp_path, rows, data_through=datetime(2026, 11, 22, 12, tzinfo=UTC).replace(tzinfo=None))
    page = (Path(__file__).parents[2] / "docs" / "bi.md").read_text(encoding="utf-8")
    (query,) = (block.partition("\n```")[0] for block in page.split("```sql\n")[1:] if "organization_risk" in block)
    found = read(tmp_path, query.replace("2026-10-18", "2026-09-30"))
    assert found == [(True, 2, 0.5, 0.5), (False, 1, 0.0, 0.0)]
