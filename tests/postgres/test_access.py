"""Who reads what in PostgreSQL: two roles with a chatbot each, one with all, and one with none."""

from collections.abc import Iterator

import pytest

from orchestration.publish.postgres.publication import publish
from orchestration.publish.snapshot import TABLES
from tests.postgres.world import World
from tests.support.pipeline import Pipeline, Project
from tests.support.postgres import Database, Server
from tests.support.publishing import Publisher

# Roles are of the whole server: a name for each module that makes some.
ONE, OTHER, ALL, NOBODY, STRANGER = "reads_one", "reads_other", "reads_all", "reads_none", "stranger"
SEES = {ONE: {"support"}, OTHER: {"it's"}, NOBODY: set()}
WITH_CHATBOT = [table for table in TABLES if table not in ("receipts", "input_files", "snapshot_info")]


@pytest.fixture(scope="module")
def database(server: Server, tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Database]:
    """A database whose owner has let the roles in."""
    pipeline = Pipeline(tmp_path_factory.mktemp("access") / "home", project)
    publisher = Publisher(pipeline).run(*World(21).lines(120))
    with server.database() as made:
        publish(made.url, publisher.folder, 0)
        made.run(
            *(f"create role {role} login" for role in (ONE, OTHER, ALL, NOBODY, STRANGER)),
            *(f"grant clientele_reader to {role}" for role in (ONE, OTHER, ALL, NOBODY)),
            f"insert into clientele.access values ('{ONE}', 'support'), ('{OTHER}', 'it''s'), ('{ALL}', null)",
            "insert into clientele.access values ('a role that is gone', 'support')",
        )
        yield made
    Database(server, "postgres").run(*(f"drop role {role}" for role in (ONE, OTHER, ALL, NOBODY, STRANGER)))
    pipeline.close()


def chatbots(database: Database, relation: str, role: str) -> set[str]:
    return {one for (one,) in database.query(f"select distinct chatbot_id from {relation}", user=role)}


@pytest.mark.parametrize("role", SEES)
def test_a_reader_sees_its_chatbots_in_every_table_and_view(role: str, database: Database) -> None:
    views = database.query("select viewname from pg_views where schemaname = 'clientele'")
    assert len(views) == 18
    seen = set()
    for relation in [*WITH_CHATBOT, *(view for (view,) in views)]:
        found = chatbots(database, f"clientele.{relation}", role)
        assert found <= SEES[role], relation
        seen |= found
    assert seen == SEES[role]
    everyone = chatbots(database, "clientele.fct_conversation_days", "postgres")
    assert chatbots(database, "clientele.fct_conversation_days", ALL) == everyone > {"support", "it's"}


@pytest.mark.parametrize("call", ["organizations", "users", "conversations_in_range", "organization_risk"])
def test_a_function_asked_of_another_ones_chatbot_knows_only_ones_own(call: str, database: Database) -> None:
    ask = f"select count(*) from clientele.{call}('{{}}', null, null)"
    assert database.query(ask.format("support"), user=ONE) == database.query(ask.format("support"))
    for hidden in ("it''s", "nobody"):
        with pytest.raises(Exception, match=r"has no chatbot '.*'\. It has: support\s") as refused:
            database.query(ask.format(hidden), user=ONE)
        assert "uote" not in str(refused.value)
    with pytest.raises(Exception, match="It has: none"):
        database.query(ask.format("support"), user=NOBODY)
    assert (
        database.query("select * from clientele.conversation_measures('it''s', null, null, null, true)", user=ONE) == []
    )


def test_receipts_and_files_of_all_chatbots_are_for_those_who_see_all(database: Database) -> None:
    for table in ("receipts", "input_files"):
        assert database.query(f"select * from clientele.{table}", user=ONE) == []
        assert database.query(f"select * from clientele.{table}", user=ALL) != []
    assert len(database.query("select snapshot_id from clientele.snapshot_info", user=NOBODY)) == 1


@pytest.mark.parametrize(
    "attempt",
    [
        "set role postgres",
        f"set role {OTHER}",
        "set session authorization postgres",
        "alter table clientele.fct_user_days disable row level security",
        "drop policy own_chatbots on clientele.fct_user_days",
        f"insert into clientele.access values ('{ONE}', null)",
        "update clientele.access set chatbot_id = null",
        "delete from clientele.fct_user_days",
        "select * from clientele.publication",
        "create table clientele.mine (a int)",
        f"grant {OTHER} to {ONE}",
        "set row_security = off; select * from clientele.dim_users",
    ],
)
def test_a_reader_cannot_lift_it(attempt: str, database: Database) -> None:
    with database.session(ONE) as cursor:
        *before, last = attempt.split("; ")
        for statement in before:
            cursor.execute(statement)
        with pytest.raises(Exception, match=r"permission denied|must be owner|must be (a )?member|admin opt|row-level"):
            cursor.execute(last)
    assert chatbots(database, "clientele.dim_users", ONE) == {"support"}


def test_a_reader_sees_neither_the_lines_nor_the_statistics_of_others(database: Database) -> None:
    assert database.query("select role_name::text, chatbot_id from clientele.access", user=ONE) == [(ONE, "support")]
    assert database.query("select * from pg_stats where schemaname = 'clientele'", user=ONE) == []


def test_a_member_of_a_role_sees_what_the_role_sees(database: Database) -> None:
    database.run(f"grant {ONE} to {NOBODY}")
    try:
        assert chatbots(database, "clientele.dim_users", NOBODY) == {"support"}
    finally:
        database.run(f"revoke {ONE} from {NOBODY}")


def test_whoever_is_no_reader_gets_nothing(database: Database) -> None:
    for relation in ("dim_users", "users_all_time", "users('support', null, null)"):
        with pytest.raises(Exception, match="permission denied for schema clientele"):
            database.query(f"select * from clientele.{relation}", user=STRANGER)
