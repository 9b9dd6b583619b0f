"""The functions and views of PostgreSQL say what the snapshot's macros and views say, digit for digit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish.postgres.publication import publish
from orchestration.publish.views import MONTHS, RISK_DAYS, TABLES, VIEWED
from tests.postgres.agreement import assert_same_rows, snapshot_rows
from tests.postgres.world import CHATBOTS, ZONES, World
from tests.support.pipeline import Pipeline, Project
from tests.support.postgres import Database, Server
from tests.support.publishing import Publisher
from tests.support.requests import analysis, capture, said, write_chatbots, write_exclusions

RANGES = 60


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Path]:
    """A snapshot of random data, some of it around today, with accounts that are left out."""
    pipeline = Pipeline(tmp_path_factory.mktemp("functions") / "home", project)
    publisher = Publisher(pipeline)
    settings = {"time_zone": ZONES["support"], "week_start": "sunday", "mrr_unit": "cents"}
    write_chatbots(publisher.home, support=settings, **{"it's": {"time_zone": ZONES["it's"]}})
    write_exclusions(publisher.home, ("user", "o'neill"), ("organization", "acme"), ("email_domain", "x.example"))
    now = datetime.now(UTC)
    recent = [
        capture(
            f"r{chatbot}{hours}",
            said("m1", f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"),
            chatbot=chatbot,
            user={"id": f"u{hours % 5}"},
            organization={"id": f"o{hours % 3}"},
        )
        for chatbot in CHATBOTS
        for hours in (0, 3, 9, 26, 100, 400, 800)
    ]
    publisher.run(*World(11).lines(400), *recent)
    # Kept open: to open it takes longer than to ask.
    with duckdb.connect(str((publisher.folder / "current.duckdb").resolve()), read_only=True):
        yield publisher.folder
    pipeline.close()


@pytest.fixture(scope="module")
def database(server: Server, published: Path) -> Iterator[Database]:
    """A database that holds it."""
    with server.database() as made:
        publish(made.url, published, 0)
        yield made


def ask(database: Database, published: Path, name: str, *values: Any, **named: Any) -> int:
    """Ask the function and the macro of one name; both have to answer the same. Returns the number of rows."""
    given = ", ".join(f"{key} := ?" for key in named)
    wanted = snapshot_rows(
        published, f"from {name}({', '.join('?' * len(values))}{given and ', ' + given})", *values, *named.values()
    )
    found = database.query(f"select * from clientele.{name}({_arguments(values, named)})")
    assert_same_rows(wanted, found, (name, values, named))
    return len(wanted)


def _arguments(values: tuple, named: dict[str, Any]) -> str:
    return ", ".join([*map(_literal, values), *(f"{key} => {_literal(value)}" for key, value in named.items())])


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"array[{', '.join(map(_literal, value))}]::text[]"
    return "'{}'".format(str(value).replace("'", "''"))


OF_CONVERSATIONS = ("conversations_in_range", "days_in_range")


@pytest.mark.parametrize("name", ["organizations", "users", *OF_CONVERSATIONS, "custom_values", "organization_risk"])
def test_random_ranges_of_all_chatbots_have_the_rows_of_the_macro(
    name: str, database: Database, published: Path
) -> None:
    world, found = World(5), 0
    for number in range(RANGES):
        first, last = world.days()
        named: dict[str, Any] = {"excluded": "include"} if number % 3 == 0 else {}
        if name not in (*OF_CONVERSATIONS, "organization_risk") and number % 2:
            named["attributes"] = "now"
        if name in ("users", *OF_CONVERSATIONS) and number % 5 == 0:
            named["organization_ids"] = ["acme", "\\N", ""]
        values = (world.chatbot(), first, last)
        if name == "custom_values":
            values = (values[0], "user" if number % 4 else "organization", last)
        found += ask(database, published, name, *values, **named)
    assert found > 300


@pytest.mark.parametrize("name", [*TABLES, "organization_risk"])
def test_all_of_time_of_every_chatbot_is_the_same(name: str, database: Database, published: Path) -> None:
    for (chatbot,) in snapshot_rows(published, "select chatbot_id from chatbots"):
        assert ask(database, published, name, chatbot, None, None) > 5


@pytest.mark.parametrize("name", [*TABLES, "organization_risk"])
def test_columns_have_the_names_and_the_order_of_the_macro(name: str, database: Database, published: Path) -> None:
    with database.session() as cursor:
        cursor.execute(f"select * from clientele.{name}(null, null, null)")
        found = [column[0] for column in cursor.description or []]
        assert cursor.fetchall() == []
    wanted = snapshot_rows(published, f"describe from {name}(null, null, null)")
    assert found == [column for column, *_ in wanted]


def test_every_view_has_the_columns_and_rows_of_the_snapshots(database: Database, published: Path) -> None:
    views = ["periods", RISK_DAYS, *MONTHS.values(), *(f"{table}_{period}" for table in TABLES for period in VIEWED)]
    found = 0
    for view in views:
        # At midnight in a chatbot's zone the two may be asked on different days: then once more.
        for _ in range(2):
            wanted, rows = snapshot_rows(published, f"from {view}"), database.query(f"select * from clientele.{view}")
            if sorted(map(repr, wanted)) == sorted(map(repr, rows)):
                break
        assert_same_rows(wanted, rows, view)
        found += len(rows)
        with database.session() as cursor:
            cursor.execute(f"select * from clientele.{view} limit 0")
            names = [column[0] for column in cursor.description or []]
        assert names == [column for column, *_ in snapshot_rows(published, f"describe {view}")]
    assert found > 300


@pytest.mark.parametrize("session_zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_periods_are_the_same_at_any_moment_whatever_zone_the_session_has(
    session_zone: str, database: Database, published: Path
) -> None:
    start = datetime.now(UTC)
    moments = [start + timedelta(days=days, minutes=137 * days) for days in range(0, 900, 11)]
    with database.session() as cursor:
        cursor.execute(f"set timezone = '{session_zone}'")
        for moment in moments:
            naive = moment.replace(tzinfo=None)
            wanted = snapshot_rows(published, f"from periods_at(timestamp '{naive}')")
            found = cursor.execute(f"select * from clientele.periods_at('{naive}+00')").fetchall()
            assert_same_rows(wanted, found, moment)


@pytest.mark.parametrize("call", ["organizations", "users", "conversations_in_range", "organization_risk"])
def test_an_unknown_chatbot_is_an_error_that_names_those_that_there_are(
    call: str, database: Database, published: Path
) -> None:
    with pytest.raises(Exception, match="has no chatbot") as said_here:
        database.query(f"select * from clientele.{call}('nobody', null, null)")
    with pytest.raises(duckdb.InvalidInputException) as said_there:
        snapshot_rows(published, f"from {call}('nobody', null, null)")
    sentence = str(said_there.value).removeprefix("Invalid Input Error: ")
    assert sentence.endswith("It has: it's, q\"uote \\ é😀, support")
    assert sentence in str(said_here.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("organizations('support', null, null, 'then')", "attributes must be 'range_end' or 'now'"),
        ("users('support', null, null, excluded => 'all')", "excluded must be 'leave out' or 'include'"),
        ("custom_values('support', 'bot', null)", "kind must be 'user' or 'organization'"),
    ],
)
def test_another_word_for_an_option_is_an_error(call: str, sentence: str, database: Database) -> None:
    with pytest.raises(Exception, match=sentence):
        database.query(f"select * from clientele.{call}")


def test_means_that_end_on_a_half_are_rounded_away_from_zero(publisher: Publisher, server: Server) -> None:
    """Half of a third of twelve places ends on a half: round() of PostgreSQL would go to the even digit."""
    pairs = [(1 / 3, 0), (-1 / 3, 0), (1 / 3, 2 / 3), (1 / 7, 0), (-1 / 7, 1 / 3), (0.2, 1 / 3), (1, 1 / 7)]
    lines = []
    for number, pair in enumerate(pairs):
        messages = [said(f"m{place}", f"2026-03-10T10:0{place}:00Z") for place in (1, 2)]
        scores = {f"m{place}": [score] for place, score in zip((1, 2), pair, strict=True)}
        lines += [capture(f"c{number}", *messages, user={"id": "ann"})]
        lines += [analysis(f"c{number}", scores, "2026-03-10T11:00:00Z")]
    publisher.run(*lines)
    with server.database() as made:
        publish(made.url, publisher.folder, 0)
        assert ask(made, publisher.folder, "conversations_in_range", "support", None, None) == len(pairs)
        assert ask(made, publisher.folder, "users", "support", None, None) == 1
        means = made.query(
            "select sentiment from clientele.conversations_in_range('support', null, null) order by conversation_id"
        )
    assert means[:3] == [("0.166666666667",), ("-0.166666666667",), ("0.500000000000",)]


def test_sums_that_a_double_cannot_hold_apart_are_rounded_alike(database: Database) -> None:
    sums = ["9007.199254740992", "9007.199254740993", "123456.789012345678", "-98765432.100000000001", "99999999.5"]
    with duckdb.connect() as connection:
        wanted = [connection.execute(f"select {one}::decimal(38, 12)::double").fetchall()[0] for one in sums]
    assert [database.query(f"select clientele.double_of({one}::numeric(38, 12))")[0] for one in sums] == wanted
