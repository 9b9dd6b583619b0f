"""Checks of a finished snapshot, opened anew as a reader opens it, before consumers may see it.

The models' own tests ran before; here stands what can only go wrong on the way out: a file that does not open, a table
that lost rows, a macro that disagrees with the facts.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.home.engine import memory_limit

VIEWS = "select view_name from duckdb_views() where database_name = current_database() and not internal"
_NEWEST_MONTH = """
select chatbot_id, max(activity_date) - 30 as first_day, max(activity_date) as last_day
from fct_conversation_days group by chatbot_id
"""
# Each query returns the rows that break the rule its name states.
CHECKS = {
    "organizations count every conversation of the newest month that has an organization once": f"""
        select one.chatbot_id from ({_NEWEST_MONTH}) as one
        where (select coalesce(sum(conversations), 0) from organizations(one.chatbot_id, one.first_day, one.last_day))
            != (select count(distinct conversation_key) from fct_conversation_days as days
                where days.chatbot_id = one.chatbot_id and days.organization_key is not null
                    and days.activity_date between one.first_day and one.last_day)
    """,
    "users count every conversation of the newest month that has a user once": f"""
        select one.chatbot_id from ({_NEWEST_MONTH}) as one
        where (select coalesce(sum(conversations), 0) from users(one.chatbot_id, one.first_day, one.last_day))
            != (select count(distinct conversation_key) from fct_conversation_days as days
                where days.chatbot_id = one.chatbot_id and days.user_key is not null
                    and days.activity_date between one.first_day and one.last_day)
    """,
    "every organization and every user has one row": """
        select kind, entity_key from (
            select 'user' as kind, user_key as entity_key from dim_users where valid_to is null
            union all select 'organization', organization_key from dim_organizations where valid_to is null
        ) group by all having count(*) != 1
    """,
    "data quality has one row for each chatbot and one for each of its organizations": """
        select chatbot_id, organization_id from data_quality group by all having count(*) != 1
        union all
        select chatbots.chatbot_id, null from chatbots anti join data_quality as whole
            on whole.chatbot_id = chatbots.chatbot_id and whole.organization_id is null
    """,
    "the ledger has one row for each run, chatbot, day and reason": """
        select run_id, chatbot_id, activity_date, reason from refresh_changes
        group by run_id, published_at, chatbot_id, activity_date, reason having count(*) != 1
    """,
    "no sentiment is NaN or outside -1 to 1": """
        select sentiment from (
            select sentiment from fct_user_days union all select sentiment from fct_organization_days
        ) where isnan(sentiment) or abs(sentiment) > 1
    """,
    "no activity is later than a day after the newest arrival": """
        select last_message_at from fct_conversation_days, snapshot_info
        where last_message_at > data_through + interval 24 hours
    """,
}


def failures(folder: Path, rows: dict[str, int]) -> list[str]:
    """A sentence for each fault found in the snapshot; `rows` is the number of rows expected of each table.

    A file that is still open for writing in this process is a fault too: the engine refuses to open it for reading.
    """
    try:
        with duckdb.connect(str(folder / "clientele.duckdb"), read_only=True) as connection:
            connection.execute(f"set memory_limit = '{memory_limit()}'")
            return list(_faults(connection, folder, rows))
    except duckdb.Error as error:
        return [f"it cannot be read: {error}"]


def _faults(connection: duckdb.DuckDBPyConnection, folder: Path, rows: dict[str, int]) -> Iterator[str]:
    for table, expected in rows.items():
        stored = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
        exported = connection.execute(
            "select count(*) from read_parquet(?)", [str(folder / f"{table}.parquet")]
        ).fetchall()[0][0]
        if not stored == exported == expected:
            yield f"{table} has {stored} rows and its Parquet file {exported}, but {expected} were written"
    for (view,) in connection.execute(VIEWS).fetchall():
        try:
            connection.execute(f"from {view} limit 0")
        except duckdb.Error as error:
            yield f"the view {view} cannot be read: {error}"
    for rule, query in CHECKS.items():
        if broken := connection.execute(query).fetchmany(3):
            yield f"not true: {rule} (for example {broken})"
