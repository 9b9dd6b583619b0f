"""The snapshot's views say what its table macros say, for every chatbot, on the days that the pages mean."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestration.publish.views import MONTHS, PERIODS_SQL, TABLES, VIEWED
from orchestration.publish.zone_offsets import HORIZON, write_zone_offsets
from serving.snapshot import Chatbot
from serving.tables.ranges import WEEKDAYS, Days, Preset, days_of, today_of
from tests.serving.published_fixture import CHATBOTS, NOW, Rows, publish

PRESETS: tuple[Preset, ...] = Preset.__args__
# Months of the data's chatbots, and the moments around which their days change.
MOMENTS = [NOW, *(datetime(2026, 11, day, hour, tzinfo=UTC) for day in (1, 8, 15, 30) for hour in (3, 12, 19))]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("views"))


@pytest.fixture
def at(directory: Path, tmp_path: Path):
    """A copy of the snapshot in which it is another moment."""
    shutil.copy(directory / "clientele.duckdb", tmp_path)
    connection = duckdb.connect(str(tmp_path / "clientele.duckdb"))

    def set_clock(moment: datetime) -> duckdb.DuckDBPyConnection:
        instant = moment.astimezone(UTC).replace(tzinfo=None)
        connection.execute(f"create or replace view periods as from periods_at(timestamp '{instant}')")
        return connection

    yield set_clock
    connection.close()


def days_by_hand(period: str, chatbot: Chatbot, moment: datetime) -> Days:
    today = today_of(chatbot, moment)
    if period == "last_30_days":
        return Days(today - timedelta(days=29), today)
    return days_of(period, today, chatbot.week_start)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_view_has_the_rows_of_the_macro_for_each_chatbot_and_period(at, moment) -> None:
    connection = at(moment)
    found = 0
    for table in TABLES:
        for period in VIEWED:
            wanted = []
            for row in CHATBOTS:
                days = days_by_hand(period, Chatbot(*row[:5]), moment)
                rows = connection.execute(f"select ?, * from {table}(?, ?, ?)", [row[0], row[0], *days]).fetchall()
                wanted += rows
            view = connection.execute(f"from {table}_{period}").fetchall()
            assert sorted(view, key=str) == sorted(wanted, key=str), (table, period)
            found += len(view)
    assert found > 100


@pytest.mark.parametrize("table", TABLES)
def test_a_months_view_has_the_rows_of_the_macro_for_each_chatbot_and_month(at, table) -> None:
    connection = at(NOW)
    wanted = []
    for chatbot, *_ in CHATBOTS:
        for month in range(1, 13):
            first = date(2026, month, 1)
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            sql = f"select ?, ?, * from {table}(?, ?, ?)"
            wanted += connection.execute(sql, [chatbot, first, chatbot, first, last]).fetchall()
    months = connection.execute(f"from {MONTHS[table]}").fetchall()
    assert sorted(months, key=str) == sorted(wanted, key=str)
    assert len({row[:2] for row in months}) == 5


def test_every_view_begins_with_the_chatbot_and_a_months_view_goes_on_with_the_month(at) -> None:
    connection = at(NOW)
    for view in [*(f"{table}_{period}" for table in TABLES for period in VIEWED), *MONTHS.values()]:
        columns = [row[0] for row in connection.execute(f"describe {view}").fetchall()]
        assert columns[0] == "chatbot_id"
        assert (columns[1] == "month") == (view in MONTHS.values())


@settings(max_examples=200, deadline=None)
@given(
    zone=some.sampled_from(sorted(available_timezones() - {"localtime"})),
    week_start=some.sampled_from(WEEKDAYS),
    built_at=some.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    after=some.timedeltas(timedelta(0), HORIZON - timedelta(days=2)),
    near_midnight=some.none() | some.integers(-1, 1),
)
def test_periods_are_those_of_the_pages_at_any_instant_in_any_zone(
    zone: str, week_start: str, built_at: datetime, after: timedelta, near_midnight: int | None
) -> None:
    built_at = built_at.replace(tzinfo=UTC)
    moment = built_at + after
    if near_midnight is not None:
        local = moment.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        moment = max(built_at, local.astimezone(UTC) + timedelta(microseconds=near_midnight))
    with duckdb.connect() as connection:
        connection.execute(
            f"create table chatbots as select 'b' chatbot_id, '{zone}' time_zone, '{week_start}' week_start"
        )
        write_zone_offsets(connection, built_at)
        connection.execute(PERIODS_SQL.read_text(encoding="utf-8"))
        found = connection.execute("from periods_at(?)", [moment.replace(tzinfo=None)]).fetchall()
    chatbot = Chatbot("b", "b", zone, week_start, "USD")
    wanted = {("b", period, *days_by_hand(period, chatbot, moment)) for period in (*PRESETS, "last_30_days")}
    assert set(found) == wanted
    assert len(found) == len(wanted)


@pytest.mark.parametrize("session_zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_clock_of_periods_is_utc_whatever_zone_the_reader_has(directory, session_zone) -> None:
    with duckdb.connect(str(directory / "clientele.duckdb"), read_only=True) as connection:
        connection.execute(f"set TimeZone = '{session_zone}'")
        before = today_of(Chatbot(*CHATBOTS[1][:5]), datetime.now(UTC))
        sql = "select first_day from periods where chatbot_id = 'kolkata' and period = 'today'"
        ((found,),) = connection.execute(sql).fetchall()
        assert before <= found <= today_of(Chatbot(*CHATBOTS[1][:5]), datetime.now(UTC))


@pytest.mark.parametrize(
    "call",
    [
        "organizations('nobody', null, null)",
        "users('nobody', '2026-11-01', '2026-11-30')",
        "conversations_in_range('nobody', null, null)",
        "custom_values('nobody', 'user', null)",
    ],
)
def test_a_macro_asked_of_an_unknown_chatbot_names_those_that_there_are(directory, call) -> None:
    with duckdb.connect(str(directory / "clientele.duckdb"), read_only=True) as connection:
        with pytest.raises(duckdb.InvalidInputException) as caught:
            connection.execute(f"from {call}").fetchall()
        assert "no chatbot 'nobody'. It has: eu/neu é, kolkata, quiet, support" in str(caught.value)
        assert connection.execute(f"from {call.replace('nobody', 'eu/neu é')}").fetchall() == []
        assert connection.execute(f"from {call.replace(repr('nobody'), 'null')}").fetchall() == []


def test_a_snapshot_without_data_knows_its_chatbots_and_nobody_else(tmp_path) -> None:
    directory = publish(tmp_path, Rows())
    with duckdb.connect(str(directory / "clientele.duckdb"), read_only=True) as connection:
        for table in TABLES:
            assert connection.execute(f"from {table}('support', null, null)").fetchall() == []
            with pytest.raises(duckdb.InvalidInputException, match="no chatbot"):
                connection.execute(f"from {table}('nobody', null, null)").fetchall()
