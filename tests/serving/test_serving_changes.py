"""Changes and status of each row, held against pandas over the conversation-day facts; and how they are asked for."""

import io
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.query_models import query_of
from serving.tables.results import rows_of
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish, read
from tests.serving.random_questions import EXCLUSIONS, spread_rows
from tests.serving.readers import client_of

API = "/api/v1/chatbots/support"
NEW_COLUMNS = ["conversations_change", "sentiment_change", "status"]
IDS = ("user_id", "organization_id")
ENDS_EARLY = datetime(2026, 11, 20, 18)
# The data ends on the 20th: what is asked, its days, and the days that it is compared with.
RANGES = [
    ("range=this_month", ("2026-11-01", "2026-11-22"), ("2026-10-01", "2026-10-20")),
    ("range=last_month", ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")),
    ("range=this_week", ("2026-11-16", "2026-11-22"), ("2026-11-09", "2026-11-13")),
    ("first_day=2026-10-05&last_day=2026-10-14", ("2026-10-05", "2026-10-14"), ("2026-09-25", "2026-10-04")),
    ("first_day=2026-11-18&last_day=2026-11-25", ("2026-11-18", "2026-11-25"), ("2026-11-10", "2026-11-12")),
    ("range=all_time", ("0001-01-01", "9999-12-31"), None),
    ("first_day=2026-10-20", ("2026-10-20", "9999-12-31"), None),
    ("last_day=2026-10-20", ("0001-01-01", "2026-10-20"), None),
]


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    published = tmp_path_factory.mktemp("spread")
    publish(published, spread_rows(), data_through=ENDS_EARLY, exclusions=EXCLUSIONS)
    return published


@pytest.fixture(scope="module")
def client(spread) -> TestClient:
    return TestClient(create_app(spread, clock=lambda: NOW), BASE)


@pytest.fixture(scope="module")
def facts(spread) -> pd.DataFrame:
    columns = [
        "activity_date",
        "conversation_key",
        "user_id",
        "organization_id",
        "score_sum",
        "scored_messages",
        "first_message_at",
    ]
    asked = f"select {', '.join(columns)} from fct_conversation_days where chatbot_id = 'support'"
    return pd.DataFrame(read(spread, asked), columns=columns)


def figures(facts: pd.DataFrame, entity: str, days: tuple[str, str] | None) -> pd.DataFrame:
    """Conversations and mean of the conversations' means of each entity within days, both included."""
    first, last = (date.fromisoformat(day) for day in days or ("9999-12-31", "0001-01-01"))
    within = facts[(facts.activity_date >= first) & (facts.activity_date <= last) & facts[entity].notna()]
    sums = within.groupby([entity, "conversation_key"])[["score_sum", "scored_messages"]].sum().reset_index()
    scored = sums[sums.scored_messages > 0]
    means = (scored.score_sum / scored.scored_messages).astype(float).groupby(scored[entity]).mean()
    return pd.DataFrame({"conversations": sums.groupby(entity).size(), "sentiment": means})


def expected(facts: pd.DataFrame, entity: str, days: tuple[str, str], before: tuple[str, str] | None):
    """By id: change of conversations, change of sentiment, status; and who is dormant."""
    now, earlier = figures(facts, entity, days), figures(facts, entity, before)
    life = facts[facts[entity].notna()].groupby(entity).first_message_at.min()
    rows = {}
    for one, row in now.iterrows():
        was = earlier.loc[one] if one in earlier.index else None
        both = was is not None and pd.notna(row.sentiment) and pd.notna(was.sentiment)
        is_new = str(life[one].date()) >= days[0]
        others = None if before is None else "reactivated" if was is None else "returning"
        rows[one] = (
            None if was is None else int(row.conversations - was.conversations),
            pytest.approx(row.sentiment - was.sentiment, abs=1e-8) if both else None,
            "new" if is_new else others,
        )
    known = {one for one, at in life.items() if str(at.date()) < days[0]}
    return rows, known - rows.keys()


@pytest.mark.parametrize(("asked", "days", "before"), RANGES)
@pytest.mark.parametrize(("table", "entity"), [("organizations", "organization_id"), ("users", "user_id")])
def test_changes_status_and_who_is_dormant_are_what_pandas_finds(client, facts, table, entity, asked, days, before):
    wanted, dormant = expected(facts, entity, days, before)
    columns = "".join(f"&columns={name}" for name in (entity, *NEW_COLUMNS))
    rows = client.get(f"{API}/{table}?{asked}{columns}&limit=1000").json()["rows"]
    assert {row[entity]: tuple(row[name] for name in NEW_COLUMNS) for row in rows} == wanted
    absent = client.get(f"{API}/{table}?{asked}&status=dormant&limit=1000").json()["rows"]
    assert {row[entity] for row in absent} == dormant
    assert {row["conversations"] for row in absent} <= {0}
    assert {row["sentiment"] for row in absent} | {row["last_activity_at"] for row in absent} <= {None}


def test_the_ranges_of_this_test_know_every_status(facts):
    found = {
        status for _, days, before in RANGES for *_, status in expected(facts, "user_id", days, before)[0].values()
    }
    assert found == {"new", "returning", "reactivated", None}
    assert expected(facts, "user_id", *RANGES[2][1:])[1]


def test_a_file_an_order_and_a_filter_by_changes_hold_what_the_rows_hold(client):
    asked = "range=this_month&columns=user_id&columns=conversations_change&columns=sentiment_change&columns=status"
    up, down = (
        [
            row["conversations_change"]
            for row in client.get(f"{API}/users?{asked}&limit=1000&sort={sort}").json()["rows"]
        ]
        for sort in ("conversations_change", "-conversations_change")
    )
    known = [change for change in up if change is not None]
    assert known == sorted(known)
    assert up == [*known, *[None] * (len(up) - len(known))]
    assert down == [*known[::-1], *[None] * (len(up) - len(known))]
    fallen = client.get(f"{API}/users?{asked}&conversations_change_max=-1&limit=1000").json()
    assert [row["conversations_change"] for row in fallen["rows"]].count(None) == 0
    assert fallen["total"] == len([change for change in known if change < 0]) > 0
    nothing_before = client.get(f"{API}/users?{asked}&conversations_change=&limit=1").json()["total"]
    assert nothing_before == len(up) - len(known) > 0
    frame = pd.read_parquet(io.BytesIO(client.get(f"{API}/users.parquet?{asked}&sort=conversations_change").content))
    assert [None if pd.isna(one) else int(one) for one in frame.conversations_change] == up
    text = client.get(f"{API}/users.csv?{asked}&sort=conversations_change").text
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == ["" if one is None else str(one) for one in up]
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{API}/users.xlsx?{asked}").content)).active
    assert [cell.value for cell in sheet[1]] == ["User ID", "Change of conversations", "Change of sentiment", "Status"]


def test_the_choices_of_status_say_how_many_rows_each_would_leave_dormant_ones_too(client, spread):
    counts = {
        status: client.get(f"{API}/users?range=this_week&plan=pro&status={status}").json()["total"]
        for status in ("new", "returning", "reactivated", "dormant")
    }
    page = client.get("/filters/support/users?range=this_week&plan=pro").text
    for status, count in counts.items():
        assert f'<span class="option-label">{status}</span><span class="option-rows">{count}</span>' in page
    assert counts["dormant"] > counts["returning"] > 0


def test_with_an_organization_both_periods_count_its_conversations_alone(client, facts):
    own = facts[facts.organization_id == "o3"]
    now, before = figures(own, "user_id", RANGES[0][1]), figures(own, "user_id", RANGES[0][2])
    asked = "range=this_month&organization_id=o3&columns=user_id&columns=conversations_change&limit=1000"
    rows = client.get(f"{API}/users?{asked}").json()["rows"]
    shared = {one: int(now.conversations[one] - before.conversations[one]) for one in now.index if one in before.index}
    assert shared
    assert {row["user_id"]: row["conversations_change"] for row in rows} == {one: shared.get(one) for one in now.index}


@pytest.mark.parametrize("table", ["organizations", "users"])
@pytest.mark.parametrize("attributes", ["range_end", "now"])
def test_who_is_dormant_has_the_attributes_that_the_macro_tells_of_them(client, spread, table, attributes):
    """They are read from history and days; the macro, called up to the range's end, is what they must equal."""
    entity = {"organizations": "organization_id", "users": "user_id"}[table]
    organization = {"organizations": (), "users": ("email", "organization_id", "organization_name")}[table]
    names = (entity, *organization, "plan", "industry", "mrr", "first_seen_at")
    first, last = date(2026, 11, 20), date(2026, 11, 20)
    wanted = read(
        spread,
        f"""select {", ".join(names)} from {table}('support', null, ?, attributes := ?)
            where {entity} not in (select {entity} from {table}('support', ?, ?)) order by {entity}""",
        *(last, attributes, first, last),
    )
    columns = "".join(f"&columns={name}" for name in names)
    asked = f"first_day={first}&last_day={last}&attributes={attributes}&status=dormant&sort={entity}&limit=1000"
    rows = client.get(f"{API}/{table}?{asked}{columns}").json()["rows"]
    written = [
        tuple(f"{one.isoformat()}Z" if isinstance(one, datetime) else float(one) if name == "mrr" and one else one
              for name, one in zip(names, row, strict=True))
        for row in wanted
    ]  # fmt: skip
    assert len(rows) > 10
    assert [tuple(row[name] for name in names) for row in rows] == written


def test_who_is_dormant_keeps_the_plan_of_the_ranges_end_and_can_be_searched_and_sorted(tmp_path):
    rows = Rows()
    for name, plan in (("gone", "pro"), ("asleep", "free"), ("awake", "pro")):
        rows.organization("support", name, name.capitalize(), plan, None, 10)
        rows.user("support", f"of {name}")
        rows.conversation("support", "2026-09-05T10:00:00", f"of {name}", name, (0.5,))
    rows.organizations["support", "gone"] = [
        ("Gone", "pro", None, 10, None, date(2026, 10, 15)),
        ("Gone", "free", None, 20, date(2026, 10, 15), None),
    ]
    rows.conversation("support", "2026-11-05T10:00:00", "of awake", "awake")
    publish(tmp_path, rows)
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)

    def ask(more: str) -> list[tuple[str, str, float]]:
        found = client.get(f"{API}/organizations?status=dormant&{more}").json()["rows"]
        return [(row["organization_id"], row["plan"], row["mrr"]) for row in found]

    assert ask("sort=-mrr") == [("gone", "free", 20), ("asleep", "free", 10)]
    assert ask("sort=organization_name&search=SLEEP") == [("asleep", "free", 10)]
    assert ask("first_day=2026-10-01&last_day=2026-10-10&sort=organization_name&plan=pro") == [
        ("awake", "pro", 10),
        ("gone", "pro", 10),
    ]
    assert client.get(f"{API}/organizations?status=dormant&status=reactivated").json()["total"] == 3
    totals = client.get(f"{API}/organizations/totals?status=dormant").json()["totals"]
    assert (totals["conversations"], totals["mrr"]) == (0, 30)
    snapshot = Snapshots(tmp_path).current()
    page = view_of(snapshot, snapshot.chatbots["support"], "organizations", "?status=dormant", NOW)
    assert [(figure.name, figure.text) for figure in page.totals.figures] == [("MRR", "$30")]
    assert client.get(f"{API}/conversations?of=organizations&status=dormant").json()["total"] == 0


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_figures_of_the_period_before_are_read_only_where_they_are_asked_for(spread, table):
    """A status needs no figures: who was active says it, which costs a part. Who is dormant has none in the range."""
    chatbot = Snapshots(spread).current().chatbots["support"]

    def macros_called(asked: str) -> int:
        query = query_of(table, chatbot).parse(asked)
        return rows_of(query, chatbot, query.days(chatbot, NOW)).sql.count(f"{table}(?")

    assert [macros_called(one) for one in ("", "plan=pro&sort=-mrr", "columns=band&search=a")] == [1, 1, 1]
    statuses = ("columns=status", "sort=sentiment_change", "status=new", "status=dormant&status=new", "status=dormant")
    assert [macros_called(one) for one in statuses] == [1, 2, 1, 1, 0]


def test_the_page_shows_signed_changes_and_says_what_they_mean(spread):
    snapshot = Snapshots(spread).current()
    asked = "?columns=user_name&columns=conversations_change&columns=sentiment_change&columns=status&limit=100"
    page = view_of(snapshot, snapshot.chatbots["support"], "users", asked, NOW)
    texts = {row.cells["conversations_change"].text for row in page.rows}
    assert "—" in texts
    assert {text[0] for text in texts} == {"+", "-", "—", "0"}
    meaning = next(heading.meaning for heading in page.headings if heading.name == "conversations_change")
    assert "nothing before" in meaning
    default = view_of(snapshot, snapshot.chatbots["support"], "users", "", NOW)
    offered = {choice.name: choice.is_shown for choice in default.columns.choices}
    assert [offered[name] for name in NEW_COLUMNS] == [False] * 3


def test_a_reader_who_sees_no_addresses_has_the_same_changes_under_masked_ids(tmp_path):
    rows = Rows()
    for name, months in (("a", (10, 11, 11)), ("b", (10,))):
        rows.user("support", f"email:{name}@x.example", None, f"{name}@x.example")
        for number, month in enumerate(months):
            rows.conversation("support", f"2026-{month}-0{number + 1}T10:00:00", f"email:{name}@x.example", None)
    publish(tmp_path, rows)
    asked = f"{API}/users?columns=user_id&columns=conversations_change&columns=status&status=returning&status=dormant"
    seeing, unseeing = (
        client_of(tmp_path, "support", rights=rights).get(f"{asked}&sort=status").json()["rows"]
        for rights in (("email",), ())
    )
    assert [(row["user_id"], row["status"]) for row in seeing] == [
        ("email:b@x.example", "dormant"),
        ("email:a@x.example", "returning"),
    ]
    assert [row["conversations_change"] for row in seeing] == [-1, 1]
    assert [row | {"user_id": ""} for row in unseeing] == [row | {"user_id": ""} for row in seeing]
    assert all(row["user_id"].startswith("masked:") for row in unseeing)
