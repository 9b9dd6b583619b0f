"""What a publication leaves in PostgreSQL, and what it writes for that. Faults and crashes are in `test_faults.py`."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.publish.postgres.definition import KEYS
from orchestration.publish.postgres.publication import Way, is_current, publish
from orchestration.publish.snapshot import TABLES
from tests.postgres.agreement import assert_same_tables, snapshot_rows
from tests.postgres.conftest import visit
from tests.postgres.world import CHATBOTS, World
from tests.support.postgres import Database, Server
from tests.support.publishing import Publisher
from tests.support.requests import write_chatbots, write_exclusions

WORLDS = int(os.environ.get("POSTGRES_WORLDS") or 2)


@pytest.fixture(scope="module")
def standing(server: Server, states: list[Path]) -> Iterator[Database]:
    """A database that shows the first state, and does so again behind each test."""
    with server.database() as database:
        publish(database.url, states[0], 0)
        yield database


def changes_of_rows(database: Database) -> dict[str, int]:
    """How many rows each table holds that the newest transaction wrote."""
    newest = "(select max(xmin::text::bigint) from clientele.snapshot_info)"
    return {
        table: count
        for table in TABLES
        if (
            count := database.query(f"select count(*) from clientele.{table} where xmin::text::bigint = {newest}")[0][0]
        )
    }


@pytest.mark.parametrize("seed", range(WORLDS))
def test_random_data_that_arrives_in_parts_is_the_same_in_both_after_each(
    seed: int, publisher: Publisher, database: Database
) -> None:
    world = World(seed)
    write_chatbots(publisher.home, **{"support": {"time_zone": "America/New_York", "mrr_unit": "cents"}})
    ways = []
    for part in range(4):
        if part == 2:
            write_exclusions(publisher.home, ("user", "ann"), ("email_domain", "x.example"))
        publisher.run(*world.lines(40))
        ways.append(publish(database.url, publisher.folder, 0).way)
        assert assert_same_tables(database, publisher.folder) > 300
    assert ways == [Way.ANEW, Way.CHANGES, Way.CHANGES, Way.CHANGES]
    assert database.query("select count(*) from clientele.excluded_conversation_days") != [(0,)]


def test_only_rows_of_changed_days_and_entities_are_written(publisher: Publisher, database: Database) -> None:
    publisher.run(*(visit(number, 10 + number % 9, f"u{number}") for number in range(50)))
    publish(database.url, publisher.folder, 0)
    publisher.run(visit(7, day=12, user="u7"), visit(99, day=25, user="u7"))
    done = publish(database.url, publisher.folder, 0)
    # c7 moves from the 17th to the 12th, where its message arrived first, and c99 is new.
    written = changes_of_rows(database)
    assert {table: written.get(table) for table in ("fct_conversation_days", "fct_user_days", "dim_users")} == {
        "fct_conversation_days": 2,
        "fct_user_days": 2,
        "dim_users": 1,
    }
    assert done.way == Way.CHANGES
    assert done.inserted == sum(written.values()) < 30
    assert 2 < done.deleted < 30
    assert_same_tables(database, publisher.folder)


def test_a_publication_of_what_is_there_writes_nothing(states: list[Path], database: Database) -> None:
    assert not is_current(database.url, states[0], 0)
    publish(database.url, states[0], 0)
    before = database.query("select xmin::text from clientele.fct_conversation_days")
    assert is_current(database.url, states[0], 0)
    assert publish(database.url, states[0], 0).way == Way.NOTHING
    assert database.query("select xmin::text from clientele.fct_conversation_days") == before


def test_where_the_snapshot_that_stands_there_is_gone_everything_is_written(
    states: list[Path], database: Database, tmp_path: Path
) -> None:
    publish(database.url, states[0], 0)
    folder = Path(shutil.copytree(states[1], tmp_path / "published", symlinks=True))
    shutil.rmtree(folder / "snapshots" / (states[0] / "current").resolve().name)
    done = publish(database.url, folder, 0)
    assert (done.way, done.inserted) == (Way.EVERYTHING, assert_same_tables(database, folder))


@pytest.mark.parametrize(
    "damage",
    [
        "drop table clientele.fct_user_days cascade",
        "alter table clientele.dim_organizations rename column plan to tier",
        "alter table clientele.receipts alter column lines type text",
        "alter table clientele.dim_users disable row level security",
        "drop view clientele.users_this_month",
        "drop function clientele.custom_values cascade",
        "drop schema clientele cascade",
    ],
)
def test_damage_to_the_schema_is_noticed_and_mended_with_nothing_new(
    damage: str, states: list[Path], standing: Database
) -> None:
    """A refresh said that there was nothing new while readers met an error, or saw each other's rows."""
    standing.run(
        "create view clientele.mine as select 1 as one", "alter table clientele.dim_users add column mine integer"
    )
    assert is_current(standing.url, states[0], 0)
    standing.run("drop view clientele.mine", damage)
    assert not is_current(standing.url, states[0], 0)
    assert publish(standing.url, states[0], 0).way == Way.ANEW
    assert is_current(standing.url, states[0], 0)
    assert_same_tables(standing, states[0])
    assert standing.query("select user_id from clientele.users('support', null, null)") == [("ann",)]


@pytest.mark.parametrize(
    "damage",
    [
        "delete from clientele.fct_user_days",
        "drop table clientele.receipts",
        "alter table clientele.dim_users drop column email",
        "drop schema clientele cascade",
    ],
)
def test_what_somebody_else_did_to_the_schema_is_mended(damage: str, states: list[Path], database: Database) -> None:
    publish(database.url, states[0], 0)
    database.run(damage)
    assert publish(database.url, states[1], 0).way == Way.ANEW
    assert_same_tables(database, states[1])
    found = database.query("select user_id, conversations from clientele.users('support', null, null) order by 1")
    assert found == [("ann", 1), ("bob", 1)]


def test_behind_an_erasure_everything_is_written_into_new_files(publisher: Publisher, database: Database) -> None:
    publisher.run(visit(1), visit(2, user="Ann Archer"))
    publish(database.url, publisher.folder, 0)
    files = "select pg_relation_filepath(oid) from pg_class where relname = any (string_to_array($1, ','))"
    before = database.query(files, ",".join(TABLES))
    assert not is_current(database.url, publisher.folder, 1)
    assert publish(database.url, publisher.folder, 1).way == Way.EVERYTHING
    assert len(before) == len(TABLES)
    assert not {*before} & {*database.query(files, ",".join(TABLES))}
    assert is_current(database.url, publisher.folder, 1)
    assert_same_tables(database, publisher.folder)


def test_another_version_makes_everything_anew_and_leaves_the_table_of_access(
    states: list[Path], database: Database
) -> None:
    publish(database.url, states[0], 0)
    database.run(
        "insert into clientele.access values ('clientele_reader', 'support')",
        "create table clientele.of_an_older_version (a int)",
        "create function clientele.of_an_older_version(a int, b text[]) returns int language sql as 'select 1'",
        "create view clientele.older_view as select clientele.of_an_older_version(1, null) as a",
        "update clientele.publication set definition = 'older'",
    )
    assert publish(database.url, states[0], 0).way == Way.ANEW
    assert database.query("select role_name::text, chatbot_id from clientele.access") == [
        ("clientele_reader", "support")
    ]
    assert database.query("select relname from pg_class where relname like '%older%'") == []
    assert database.query("select proname from pg_proc where proname like '%older%'") == []
    assert_same_tables(database, states[0])


def test_a_nul_in_a_settings_file_is_replaced_and_counted(publisher: Publisher, database: Database) -> None:
    write_chatbots(publisher.home, support={"name": "a\0b"})
    publisher.run(visit(1))
    assert snapshot_rows(publisher.folder, "select name from chatbots") == [("a\0b",)]
    assert publish(database.url, publisher.folder, 0).texts_with_nul == 1
    assert database.query("select name from clientele.chatbots") == [("a\ufffdb",)]


def test_the_url_may_name_another_schema(publisher: Publisher, database: Database) -> None:
    publisher.run(*World(1).lines(30))
    url = f"{database.url}?options=-c%20clientele.schema%3Dodd%22Name"
    assert publish(url, publisher.folder, 0).way == Way.ANEW
    assert_same_tables(database, publisher.folder, 'odd""Name')
    assert database.query("select count(*) from pg_namespace where nspname = 'clientele'") == [(0,)]
    found = database.query('select sum(conversations)::bigint from "odd""Name".organization_months')
    assert found == snapshot_rows(publisher.folder, "select sum(conversations)::bigint from organization_months")
    publisher.run(visit(1))
    assert publish(url, publisher.folder, 0).way == Way.CHANGES
    assert publish(database.url, publisher.folder, 0).way == Way.ANEW


def test_types_are_exact_and_instants_have_a_zone(standing: Database) -> None:
    columns = dict(
        standing.query(
            "select distinct column_name, case data_type when 'numeric' then 'numeric(' || numeric_precision || ',' ||"
            " numeric_scale || ')' else data_type end from information_schema.columns where table_schema = 'clientele'"
            " and table_name in ('fct_conversation_days', 'dim_users')"
        )
    )
    wanted = {"mrr": "numeric(18,4)", "score_sum": "numeric(18,12)", "activity_date": "date", "messages": "integer"}
    wanted |= {"user_key": "bigint", "user_id": "text", "valid_from": "timestamp with time zone"}
    assert {name: columns[name] for name in wanted} == wanted


def test_every_table_of_a_snapshot_has_a_key_that_tells_its_rows_apart(publisher: Publisher) -> None:
    assert {*KEYS} == {*TABLES}
    publisher.run(*World(2).lines(60))
    for table, key in KEYS.items():
        assert (
            snapshot_rows(publisher.folder, f"select {', '.join(key)} from {table} group by all having count(*) > 1")
            == []
        )


def test_everything_in_the_schema_has_its_comment(states: list[Path], standing: Database) -> None:
    found = standing.query(
        """
        select relname, obj_description(oid, 'pg_class') from pg_class
        where relnamespace = 'clientele'::regnamespace and relkind in ('r', 'v')
        union all
        select relname || '.' || attname, col_description(pg_class.oid, attnum)
        from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relnamespace = 'clientele'::regnamespace and relkind in ('r', 'v')
        union all
        select proname, obj_description(oid, 'pg_proc') from pg_proc where pronamespace = 'clientele'::regnamespace
        """
    )
    assert len(found) > 500
    assert [name for name, comment in found if not comment] == []
    comments = dict(found)
    for name, comment in snapshot_rows(states[0], "select table_name, comment from duckdb_tables()"):
        assert comments[name] == comment


def test_chatbots_with_hostile_names_can_be_asked(publisher: Publisher, database: Database) -> None:
    publisher.run(*World(3).lines(60))
    publish(database.url, publisher.folder, 0)
    for chatbot in CHATBOTS:
        ((found,),) = database.query("select count(*) from clientele.users($1, null, null)", chatbot)
        assert found > 5


def test_a_second_server_gets_everything_too(states: list[Path], server: Server, standing: Database) -> None:
    assert is_current(standing.url, states[0], 0)
    with server.database() as other:
        assert publish(other.url, states[0], 0).way == Way.ANEW
        assert_same_tables(other, states[0])
