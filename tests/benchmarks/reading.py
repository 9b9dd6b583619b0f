"""Reading: a default page of each table through the HTTP API, over 1.1 million conversation-days in the range."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from starlette.testclient import TestClient

from orchestration.publish.snapshot import MACROS
from serving.http.app import create_app
from serving.engine import READER
from tests.benchmarks.pairs import Comparison, compare

TITLE = "Reading: 1,100,000 conversation-days of this month, 20,000 users, 1,000 organizations"
ROWS = 1_100_000
ROUNDS = 20
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

_TABLES = f"""
create table fct_conversation_days as
select
    'support' as chatbot_id, date '2026-11-01' + cast(number * 21 // {ROWS} as integer) as activity_date,
    'c' || conversation as conversation_id, 'u' || person as user_id, 'o' || person % 1000 as organization_id,
    cast(1 + number % 9 as integer) as messages, cast(number % 3 as integer) as user_messages,
    cast(number % 3 as integer) as scored_messages,
    cast((number % 3) * ((hash(number) % 2001)::bigint - 1000) / 1000 as decimal(18, 12)) as score_sum,
    timestamp '2026-11-01' + to_seconds(number) as first_message_at,
    timestamp '2026-11-01' + to_seconds(number + 60) as last_message_at,
    timestamp '2026-11-01' + to_seconds(conversation) as conversation_started_at,
    cast(hash(conversation) >> 1 as bigint) as conversation_key,
    cast(hash('u' || person) >> 1 as bigint) as user_key,
    cast(hash('o' || person % 1000) >> 1 as bigint) as organization_key
from (
    select range as number, range % ({ROWS} * 9 // 10) as conversation,
        hash(range % ({ROWS} * 9 // 10)) % 20000 as person
    from range({ROWS})
)
order by activity_date;
create table dim_users as
select distinct chatbot_id, user_id, 'User ' || user_id as user_name, user_id || '@example.com' as email, 'pro' as plan,
    'Retail' as industry, cast(24 as decimal(18, 4)) as mrr, timestamp '2026-01-01' as valid_from,
    cast(null as timestamp) as valid_to, cast(null as date) as shown_from_date, cast(null as date) as shown_to_date,
    timestamp '2026-01-01' as first_seen_at, user_key
from fct_conversation_days;
create table dim_organizations as
select distinct chatbot_id, organization_id, 'Organization ' || organization_id as organization_name, 'pro' as plan,
    'Retail' as industry, cast(2400 as decimal(18, 4)) as mrr, timestamp '2026-01-01' as valid_from,
    cast(null as timestamp) as valid_to, cast(null as date) as shown_from_date, cast(null as date) as shown_to_date,
    timestamp '2026-01-01' as first_seen_at, organization_key
from fct_conversation_days;
create table excluded_conversation_days as from fct_conversation_days limit 0;
create table excluded_users as from dim_users limit 0;
create table excluded_organizations as from dim_organizations limit 0;
create table chatbots as
select 'support' as chatbot_id, 'Support' as name, 'UTC' as time_zone, 'monday' as week_start, 'USD' as currency,
    'units' as mrr_unit;
create table snapshot_info as
select 'bench' as snapshot_id, timestamp '2026-11-22' as built_at, timestamp '2026-11-22' as data_through;
"""
# What no page can go below: group the rows of the range once by conversation, with the same measures.
_FLOOR = """
select count(*), sum(messages), sum(score_sum) from (
    select conversation_key, sum(messages) as messages, sum(score_sum) as score_sum, max(last_message_at) as newest
    from fct_conversation_days where chatbot_id = 'support' and activity_date >= date '2026-11-01'
    group by conversation_key
)
"""


def run() -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        published = Path(folder)
        (published / "snapshots" / "bench").mkdir(parents=True)
        (published / "current").symlink_to(Path("snapshots") / "bench")
        file = published / "current" / "clientele.duckdb"
        with duckdb.connect() as connection:
            connection.execute(f"attach '{file}' as snapshot (storage_version 'v1.0.0')")
            connection.execute("use snapshot")
            connection.execute(_TABLES + MACROS.read_text(encoding="utf-8"))
        manifest = {"snapshot_id": "bench", "built_at": "", "data_through": "", "tables": {}, "checks": []}
        (published / "current" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        client = TestClient(create_app(published, clock=lambda: NOW), base_url="http://127.0.0.1")
        with duckdb.connect(file.resolve(), read_only=True, config=dict(READER)) as connection:
            return [
                compare(
                    f"GET {table}",
                    lambda table=table: client.get(f"/api/v1/chatbots/support/{table}").raise_for_status(),
                    "one grouping by conversation",
                    lambda: connection.execute(_FLOOR).fetchall(),
                    rounds=ROUNDS,
                )
                for table in ("organizations", "users")
            ]
