"""A published snapshot as large as reading has to bear: marts made in SQL, the rest by the publisher. Measures nothing.

1,100,000 conversation-days of this month and as many of the last one; 1,000,000 users and 100,000 organizations: nearly
every row is a group of its own, the hardest case for whatever groups. One conversation in ten goes on the day after. A
fiftieth of the users came this month, and as many stay away. Ids are UUIDs, a tenth of the organizations have changed
their plan, own fields hold of all of them, one is left out, and a second chatbot has little.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from pathlib import Path
from uuid import UUID

import duckdb

from orchestration.identity.exclusions import Exclusion
from orchestration.identity.suggestions import add_normalised
from orchestration.publish.changes import LEDGER
from orchestration.publish.labelling import write_labels
from orchestration.publish.leaving_out import write_marts
from orchestration.publish.snapshot import MACROS, QUALITY
from orchestration.publish.views import write_views
from orchestration.publish.zone_offsets import write_zone_offsets

CHATBOT, OTHER_CHATBOT = "support", "sales"


@dataclass(frozen=True)
class Size:
    """How much there is of each month, but for one conversation-day more in ten."""

    conversations: int
    users: int
    organizations: int


FULL = Size(1_000_000, 1_000_000, 100_000)
LEFT_OUT = 7
_MARTS = """
create schema marts;
create macro key_of(text) as cast(hash(text) >> 1 as bigint);
create macro uuid_of(text) as cast(cast(md5(text) as uuid) as varchar);
create temp table spoken as
select
    months.first,
    range % 11 = 10 as is_next_day,
    range // 11 * 10 + least(range % 11, 9) as conversation,
    conversation * 7919 % {users} as place_of_person,
    -- Who is at the first of fifty places stays away this month, and who is at the second came in it.
    place_of_person
        + case when is_first and place_of_person % 50 = 0 then 1
               when not is_first and place_of_person % 50 = 1 then -1 else 0 end as person,
    cast(hash(person) % {organizations} as bigint) as company,
    cast(hash(range, months.first) % 1000 as bigint) as chance,
    least(conversation * months.days // {conversations} + cast(is_next_day as bigint), months.days - 1) as place,
    cast(months.first as timestamp) + to_days(cast(place as integer)) + to_seconds(chance * 80) as sent_at
from range({conversation_days})
cross join (
    values (date '{this_month}', {days}, true), (date '{last_month}', {days}, false)
) as months (first, days, is_first);
create table marts.fct_conversation_days as
select
    '{chatbot}' as chatbot_id,
    cast(sent_at as date) as activity_date,
    uuid_of('c' || conversation || first) as conversation_id,
    uuid_of('u' || person) as user_id,
    uuid_of('o' || company) as organization_id,
    cast(2 + chance % 9 as integer) as messages,
    cast(1 + chance % 4 as integer) as user_messages,
    cast(chance % 3 as integer) as scored_messages,
    cast(0 as integer) as other_language_messages,
    cast(0 as integer) as no_known_word_messages,
    cast((chance % 3) * (chance - 500) / 500 as decimal(18, 12)) as score_sum,
    sent_at as first_message_at,
    sent_at + interval 9 minute as last_message_at,
    min(sent_at) over (partition by first, conversation) as conversation_started_at,
    cast(1 as integer) as named_users,
    ['desktop', 'mobile', null][1 + conversation % 3] as device,
    ['DE', 'US', 'JP', null][1 + person % 4] as country,
    key_of('c' || conversation || first) as conversation_key,
    key_of('u' || person) as user_key,
    key_of('o' || company) as organization_key
from spoken;
insert into marts.fct_conversation_days
select * replace (
    '{other_chatbot}' as chatbot_id,
    key_of('{other_chatbot}' || conversation_id) as conversation_key,
    key_of('{other_chatbot}' || user_id) as user_key,
    key_of('{other_chatbot}' || organization_id) as organization_key
)
from marts.fct_conversation_days where user_key in (select key_of('u' || range) from range(10));
create table marts.dim_users as
select
    chatbot_id, user_key, user_id, 'Person ' || person as user_name, 'person' || person || '@example.com' as email,
    plan, industry, cast(mrr as decimal(18, 4)) as mrr, first_seen_at as valid_from,
    cast(null as timestamp) as valid_to, cast(null as date) as shown_from_date, cast(null as date) as shown_to_date,
    first_seen_at
from (
    select
        '{chatbot}' as chatbot_id, person, key_of('u' || person) as user_key, uuid_of('u' || person) as user_id,
        ['free', 'starter', 'pro', null][1 + person % 4] as plan,
        ['Retail', 'Software', null][1 + person % 3] as industry,
        case when person % 5 > 0 then person % 90 end as mrr, min(sent_at) as first_seen_at
    from spoken group by person
);
create table marts.dim_organizations as
select
    '{chatbot}' as chatbot_id, key_of('o' || company) as organization_key, uuid_of('o' || company) as organization_id,
    'Company ' || company as organization_name, ['free', 'starter', 'pro', null][1 + (company + version) % 4] as plan,
    ['Retail', 'Software', 'Health', null][1 + company % 4] as industry,
    case when company % 5 > 0 then cast(company % 9000 as decimal(18, 4)) end as mrr,
    case when version = 0 then first_seen_at else cast('{this_month}' as timestamp) end as valid_from,
    case when version = 0 and company % 10 = 0 then cast('{this_month}' as timestamp) end as valid_to,
    case when version = 1 then date '{this_month}' end as shown_from_date,
    case when version = 0 and company % 10 = 0 then date '{this_month}' end as shown_to_date,
    first_seen_at
from (select company, min(sent_at) as first_seen_at from spoken group by company)
cross join range(2) as versions (version)
where version = 0 or company % 10 = 0;
insert into marts.dim_users
select * replace ('{other_chatbot}' as chatbot_id, key_of('{other_chatbot}' || user_id) as user_key)
from marts.dim_users
where user_id in (select user_id from marts.fct_conversation_days where chatbot_id = '{other_chatbot}');
insert into marts.dim_organizations
select * replace ('{other_chatbot}' as chatbot_id, key_of('{other_chatbot}' || organization_id) as organization_key)
from marts.dim_organizations
where organization_id in (select organization_id from marts.fct_conversation_days where chatbot_id = '{other_chatbot}');
create table marts.fct_user_days as
select
    chatbot_id, activity_date, user_id, count(*) as conversations, cast(sum(messages) as bigint) as messages,
    cast(sum(user_messages) as bigint) as user_messages, cast(sum(scored_messages) as bigint) as scored_messages,
    cast(sum(score_sum) as decimal(38, 12)) as score_sum, count(*) as scored_conversations,
    cast(null as double) as sentiment, cast(null as double) as message_sentiment,
    min(first_message_at) as first_message_at, max(last_message_at) as last_message_at, user_key
from marts.fct_conversation_days group by all limit 0;
create table marts.fct_organization_days as
select
    * exclude (user_id, user_key), user_id as organization_id, cast(0 as bigint) as users, user_key as organization_key
from marts.fct_user_days;
create table marts.dim_custom_values (
    chatbot_id varchar, kind varchar, entity_id varchar, field varchar, value_type varchar, text_value varchar,
    number_value decimal(38, 9), boolean_value boolean, valid_from timestamp, valid_to timestamp, shown_from_date date,
    shown_to_date date, entity_key bigint
);
insert into marts.dim_custom_values by name
select
    chatbot_id, 'organization' as kind, organization_id as entity_id, organization_key as entity_key, valid_from,
    owned.*
from marts.dim_organizations
cross join (values ('tier', 'text'), ('seats', 'number')) as owned (field, value_type)
where valid_to is null and chatbot_id = '{chatbot}';
insert into marts.dim_custom_values by name
select
    chatbot_id, 'user' as kind, user_id as entity_id, user_key as entity_key, valid_from, 'browser' as field,
    'text' as value_type
from marts.dim_users where chatbot_id = '{chatbot}';
update marts.dim_custom_values set
    text_value = case
        when field = 'tier' then ['Gold', 'Silver', 'Bronze'][1 + entity_key % 3]
        when field = 'browser' then ['chrome', 'firefox'][1 + entity_key % 2]
    end,
    number_value = case when field = 'seats' then entity_key % 500 end;
create table marts.custom_fields as
select
    chatbot_id, field, any_value(value_type) as value_type, false as is_mixed,
    count(*) filter (where kind = 'user') as users, count(*) filter (where kind = 'organization') as organizations
from marts.dim_custom_values group by all;
create table marts.chatbots as
select
    id as chatbot_id, name, 'UTC' as time_zone, 'monday' as week_start, 'USD' as currency, 'units' as mrr_unit
from (values ('{chatbot}', 'Support'), ('{other_chatbot}', 'Sales')) as known (id, name);
"""


def id_of(kind: str, number: int) -> str:
    """Return the id of an organization (`o`) or a user (`u`) by its number."""
    return str(UUID(md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()))


def publish_large(published: Path, today: date, size: Size = FULL) -> Path:
    """Write the snapshot, with activity up to `today`, and make it the current one; return its DuckDB file."""
    left_out = Exclusion(CHATBOT, "organization", id_of("o", LEFT_OUT), "a test account")
    folder = published / "snapshots" / "large"
    folder.mkdir(parents=True)
    file = folder / "clientele.duckdb"
    first = today.replace(day=1)
    through = datetime.combine(today, datetime.max.time()).replace(microsecond=0)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        add_normalised(connection)
        connection.execute(
            _MARTS.format(
                chatbot=CHATBOT,
                other_chatbot=OTHER_CHATBOT,
                conversations=size.conversations,
                conversation_days=size.conversations * 11 // 10,
                users=size.users,
                organizations=size.organizations,
                this_month=first,
                last_month=(first - timedelta(days=1)).replace(day=1),
                days=min(today.day, 28),
            )
        )
        connection.execute(f"attach '{file}' as snapshot (storage_version 'v1.0.0')")
        connection.execute("use snapshot")
        write_marts(connection, "memory.marts", (left_out,))
        write_labels(connection, ())
        connection.execute(
            "create table snapshot_info as select 'large' as snapshot_id, cast(? as timestamp) as built_at,"
            " cast(? as timestamp) as data_through",
            [through, through],
        )
        write_zone_offsets(connection, through.replace(tzinfo=UTC))
        connection.execute(MACROS.read_text(encoding="utf-8"))
        write_views(connection)
        connection.execute(QUALITY.read_text(encoding="utf-8"))
        connection.execute(LEDGER)
    manifest = {"snapshot_id": "large", "built_at": "", "data_through": "", "tables": {}, "checks": []}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    os.symlink(Path("snapshots", "large"), published / "current")
    os.symlink(Path("current", file.name), published / "current.duckdb")
    return file
