"""Traps 1 to 12: what is in a range, and what is counted in it."""

from datetime import UTC, date, datetime

import pytest

from orchestration.publish.leaving_out import MARTS
from serving.snapshot import Snapshots
from serving.tables.query_models import query_of
from serving.tables.totals import read_totals
from tests.support.pipeline import Crash, Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import analysis, capture, said, write_chatbots

FEBRUARY = ("2026-02-01", "2026-02-28")
MARCH = ("2026-03-01", "2026-03-31")
APRIL = ("2026-04-01", "2026-04-30")
LATER = "2026-05-01T00:00:00Z"


def visit(conversation: str, at: str, user: str = "ann", organization: str = "acme") -> dict[str, object]:
    """A conversation, or one more message of it."""
    return capture(conversation, said(at, at), user={"id": user}, organization={"id": organization})


def test_trap_01_users_of_several_days_count_once(pipeline: Pipeline) -> None:
    days = {"02": ["a", "b"], "03": ["a"], "04": ["a", "c"]}
    pipeline.run(*(visit(f"{user}{day}", f"2026-03-{day}T10:00:00Z", user) for day in days for user in days[day]))
    assert pipeline.organizations(*MARCH)["acme"]["users"] == 3
    by_day = pipeline.query("select users from fct_organization_days order by activity_date")
    assert [row["users"] for row in by_day] == [2, 1, 2]


def test_trap_01_a_user_of_two_organizations_is_one_user(pipeline: Pipeline) -> None:
    pipeline.run(
        visit("c1", "2026-03-02T10:00:00Z", organization="acme"),
        visit("c2", "2026-03-03T10:00:00Z", organization="bolt"),
    )
    assert [row["users"] for row in pipeline.organizations(*MARCH).values()] == [1, 1]
    assert len(pipeline.users(*MARCH)) == 1


def test_trap_02_the_total_of_two_organizations_holds_their_common_user_once(pipeline: Pipeline) -> None:
    publisher = Publisher(pipeline).run(
        visit("c1", "2026-03-02T10:00:00Z", organization="acme"),
        visit("c2", "2026-03-03T10:00:00Z", organization="bolt"),
        visit("c2", "2026-03-04T10:00:00Z", organization="bolt"),
    )
    snapshot = Snapshots(publisher.folder).current()
    chatbot = snapshot.chatbots["support"]
    query = query_of("organizations", chatbot).parse("first_day=2026-03-01&last_day=2026-03-31")
    found = read_totals(snapshot, query, chatbot, datetime(2026, 3, 31, tzinfo=UTC))
    counts = ("organizations", "users", "conversations", "messages")
    assert [found.totals[name] for name in counts] == [2, 1, 2, 3]
    assert found.previous_days == (date(2026, 2, 1), date(2026, 2, 4))  # the data ends on the 4th
    assert found.change is not None
    assert set(found.change.values()) == {None}  # nobody was there in February


def test_trap_02_a_total_comes_from_the_conversations_not_from_the_rows(pipeline: Pipeline) -> None:
    """Two conversations of acme at -1, one of bolt at +1, one of nobody: the mean of the two rows would be 0."""
    noon = "2026-03-02T12:00:00Z"
    pipeline.run(
        *(visit(f"c{n}", noon, organization=one) for n, one in enumerate(("acme", "acme", "bolt"))),
        *(analysis(f"c{n}", {noon: [score]}, LATER) for n, score in enumerate((-1, -1, 1))),
        capture("c3", said("m1", noon)),
    )
    rows = pipeline.organizations(*MARCH)
    assert (rows["acme"]["sentiment"], rows["bolt"]["sentiment"]) == (-1, 1)
    (total,) = pipeline.query(
        "select count(*) as conversations, count(distinct user_key) as users, avg(sentiment) as sentiment"
        " from conversations_in_range('support', ?, ?)",
        list(MARCH),
    )
    assert total == {"conversations": 4, "users": 1, "sentiment": pytest.approx(-1 / 3)}


def test_trap_03_a_row_shows_the_range_and_not_the_lifetime(pipeline: Pipeline) -> None:
    pipeline.run(
        *(visit(f"c{n}", f"2026-02-{n + 10}T10:00:00Z") for n in range(10)), visit("m", "2026-03-05T10:00:00Z")
    )
    assert pipeline.users(*FEBRUARY)["ann"]["conversations"] == 10
    assert pipeline.users(*MARCH)["ann"]["conversations"] == 1


def test_trap_04_a_conversation_over_the_boundary_counts_on_both_sides_and_once_in_both(pipeline: Pipeline) -> None:
    before, after = "2026-03-31T23:50:00Z", "2026-04-01T00:10:00Z"
    pipeline.run(visit("c1", before), visit("c1", after), analysis("c1", {before: [-1], after: [0.5]}, LATER))
    march, april = pipeline.organizations(*MARCH)["acme"], pipeline.organizations(*APRIL)["acme"]
    both = pipeline.organizations(MARCH[0], APRIL[1])["acme"]
    assert [row["conversations"] for row in (march, april, both)] == [1, 1, 1]
    assert [row["messages"] for row in (march, april, both)] == [1, 1, 2]
    assert march["last_activity_at"] == datetime(2026, 3, 31, 23, 50)
    assert april["last_activity_at"] == datetime(2026, 4, 1, 0, 10)
    assert [row["sentiment"] for row in (march, april, both)] == [-1, 0.5, -0.25]


def test_trap_05_the_last_half_second_of_the_last_day_is_in_the_range(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-03-31T23:59:59.5Z"))
    assert pipeline.organizations(*MARCH)["acme"]["conversations"] == 1
    assert pipeline.organizations(*APRIL) == {}


def test_trap_05_midnight_belongs_to_one_of_two_neighbouring_ranges(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-04-01T00:00:00.000Z"))
    assert pipeline.organizations(*MARCH) == {}
    assert pipeline.organizations(*APRIL)["acme"]["conversations"] == 1


def test_trap_06_last_activity_is_of_the_range_and_first_seen_of_the_lifetime(pipeline: Pipeline) -> None:
    pipeline.run(*(visit(f"c{month}", f"2026-{month}-10T08:00:00Z") for month in ("02", "03", "04")))
    for row in (pipeline.organizations(*MARCH)["acme"], pipeline.users(*MARCH)["ann"]):
        assert row["last_activity_at"] == datetime(2026, 3, 10, 8)
        assert row["first_seen_at"] == datetime(2026, 2, 10, 8)


def test_trap_06_an_entity_active_only_before_and_after_the_range_has_no_row(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-02-10T08:00:00Z"), visit("c1", "2026-04-10T08:00:00Z"))
    assert pipeline.organizations(*MARCH) == {}


def test_trap_07_days_are_those_of_the_reporting_zone(pipeline: Pipeline) -> None:
    write_chatbots(pipeline.home, support={"time_zone": "America/New_York"})
    pipeline.run(visit("c1", "2026-03-01T03:30:00Z"))
    assert pipeline.organizations(*FEBRUARY)["acme"]["conversations"] == 1
    assert pipeline.organizations(*MARCH) == {}


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59.999Z"),  # 23 hours
        ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59.999Z"),  # 25 hours
        ("Asia/Kolkata", "2026-03-01", "2026-02-28T18:30:00Z", "2026-03-01T18:29:59.999Z"),
        ("Pacific/Auckland", "2026-04-05", "2026-04-04T11:00:00Z", "2026-04-05T11:59:59.999Z"),  # 25 hours
        ("Pacific/Auckland", "2026-09-27", "2026-09-26T12:00:00Z", "2026-09-27T10:59:59.999Z"),  # 23 hours
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59.999Z"),  # midnight comes twice
    ],
)
def test_trap_07_a_day_has_the_hours_that_its_zone_gives_it(
    pipeline: Pipeline, zone: str, day: str, first: str, last: str
) -> None:
    write_chatbots(pipeline.home, support={"time_zone": zone})
    before = datetime.fromisoformat(first).timestamp() - 0.001
    after = datetime.fromisoformat(last).timestamp() + 0.001
    outside = [datetime.utcfromtimestamp(one).isoformat(timespec="milliseconds") + "Z" for one in (before, after)]
    pipeline.run(*(visit(f"c{number}", at) for number, at in enumerate([first, last, *outside])))
    assert pipeline.organizations(day, day)["acme"]["conversations"] == 2
    assert pipeline.organizations()["acme"]["conversations"] == 4


@pytest.mark.parametrize("zones", [("UTC", "Asia/Kolkata"), ("Pacific/Kiritimati", "Pacific/Pago_Pago")])
def test_trap_07_a_new_zone_moves_the_days_that_were_counted_in_the_old_one(
    pipeline: Pipeline, zones: tuple[str, str]
) -> None:
    """The second pair is 25 hours apart: its days move by two, and one of the old days was left behind."""
    for zone in zones:
        write_chatbots(pipeline.home, support={"time_zone": zone}, sales={"time_zone": "Asia/Kolkata"})
        pipeline.run(visit("c1", "2026-01-01T10:30:00Z"), visit("c2", "2025-12-31T19:00:00Z"))
    days = "select activity_date, conversations, messages from fct_user_days order by 1"
    moved = pipeline.query(days)
    assert moved == pipeline.refresh(full=True).query(days)
    assert sum(row["messages"] for row in moved) == 2


def test_trap_07_a_zone_that_is_taken_back_after_a_crash_leaves_no_trace(pipeline: Pipeline) -> None:
    zones = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    write_chatbots(pipeline.home, support={"time_zone": zones[0]})
    pipeline.run(visit("c1", "2026-01-01T10:30:00Z"), visit("c1", "2026-01-02T19:30:00Z"))
    before = [pipeline.query(f"from {table} order by all") for table in MARTS]
    for crash_after in range(0, len(pipeline.project.models) + 1, 3):
        write_chatbots(pipeline.home, support={"time_zone": zones[1]})
        with pytest.raises(Crash):
            pipeline.refresh(crash_after=crash_after)
        write_chatbots(pipeline.home, support={"time_zone": zones[0]})
        pipeline.refresh()
        assert [pipeline.query(f"from {table} order by all") for table in MARTS] == before, crash_after


def test_trap_08_without_activity_there_is_no_row_and_without_scores_no_sentiment(pipeline: Pipeline) -> None:
    pipeline.run(visit("c1", "2026-03-10T08:00:00Z"))
    assert pipeline.organizations(*FEBRUARY) == {}
    assert pipeline.users(*FEBRUARY) == {}
    row = pipeline.organizations(*MARCH)["acme"]
    assert (row["sentiment"], row["message_sentiment"], row["satisfied_share"]) == (None, None, None)


@pytest.mark.parametrize("impossible", ["2062-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z"])
def test_trap_09_impossible_times_are_quarantined_and_counted(pipeline: Pipeline, impossible: str) -> None:
    good = visit("c1", "2026-03-10T08:00:00Z")
    bad = capture("c2", said("m1", impossible), received_at="2026-03-10T09:00:00Z", user={"id": "ann"})
    pipeline.run(good, bad)
    assert pipeline.users()["ann"]["last_activity_at"] == datetime(2026, 3, 10, 8)
    (receipt,) = pipeline.query("select lines, accepted, duplicates, quarantined from receipts")
    assert receipt == {"lines": 2, "accepted": 1, "duplicates": 0, "quarantined": 1}


def test_trap_09_a_clock_may_be_a_day_ahead_and_no_more(pipeline: Pipeline) -> None:
    received_at = "2026-03-10T09:00:00Z"
    ahead = capture("c1", said("m1", "2026-03-11T09:00:00Z"), received_at=received_at, user={"id": "ann"})
    beyond = capture("c2", said("m1", "2026-03-11T09:00:00.000001Z"), received_at=received_at, user={"id": "bob"})
    pipeline.run(ahead, beyond)
    assert set(pipeline.users()) == {"ann"}


def test_trap_10_ten_thousand_users_are_exactly_ten_thousand(pipeline: Pipeline) -> None:
    pipeline.run(*(visit(f"c{n}", f"2026-03-{1 + n % 31:02}T10:00:00Z", f"u{n}") for n in range(10_000)))
    row = pipeline.organizations(*MARCH)["acme"]
    assert (row["users"], row["conversations"]) == (10_000, 10_000)


def test_trap_10_a_hundred_thousand_users_are_exactly_a_hundred_thousand(pipeline: Pipeline) -> None:
    """One visit, copied for every user. One version of the engine estimates 96,408 of them, another one 99,467."""
    pipeline.run(visit("c1", "2026-03-10T10:00:00Z"))
    pipeline.query(
        "insert into fct_conversation_days select days.* replace (n as conversation_key, n as user_key)"
        " from fct_conversation_days as days cross join range(1, 100000) as copies (n)"
    )
    row = pipeline.organizations(*MARCH)["acme"]
    assert (row["users"], row["conversations"]) == (100_000, 100_000)
    (estimate,) = pipeline.query("select approx_count_distinct(user_key) as users from fct_conversation_days")
    assert estimate["users"] != 100_000


def test_trap_11_the_table_of_one_day_is_the_fact_of_that_day(pipeline: Pipeline) -> None:
    pipeline.run(
        visit("c1", "2026-03-10T08:00:00Z"),
        visit("c1", "2026-03-11T08:00:00Z"),
        visit("c2", "2026-03-10T09:00:00Z", "bob"),
        visit("c3", "2026-03-10T09:00:00Z", "bob", "bolt"),
    )
    columns = "conversations, messages, scored_conversations, sentiment, message_sentiment"
    for table, key in (("organizations", "organization_id"), ("users", "user_id")):
        facts = f"select {key}, {columns} from fct_{table[:-1]}_days where activity_date = '2026-03-10' order by 1"
        shown = f"select {key}, {columns} from {table}('support', '2026-03-10', '2026-03-10') order by 1"
        assert pipeline.query(facts) == pipeline.query(shown)
