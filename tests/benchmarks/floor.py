"""What the pipeline is held against: one DuckDB script, as a skilled hand would write it for this one log.

`python -m tests.benchmarks.floor INBOX FILE` reads the inbox and writes the facts and histories to a DuckDB file. It
knows that every line of the log is JSON (where one breaks off, DuckDB's reader drops the one behind it too), has no
identities to guess and no settings, and it keeps nothing: no raw, no receipts, no quarantine, no second run.
"""

import sys
from pathlib import Path

import duckdb

SQL = """
create temp table lines as
select
    filename, cast(received_at as timestamp) as received_at, chatbot_id, shape,
    coalesce(request.conversationId, request.external_conversation_id) as conversation_id, request
from read_json(
    '{inbox}/*', format = 'newline_delimited', filename = true, maximum_object_size = 4000000,
    columns = {{
        received_at: 'varchar', chatbot_id: 'varchar', shape: 'varchar',
        request: 'struct(conversationId varchar, external_conversation_id varchar,
            messages struct(id varchar, role varchar, sentAt varchar, external_message_id varchar,
                user_sentiments struct(score decimal(18, 12))[])[],
            "user" struct(id varchar, name varchar, email varchar),
            organization struct(id varchar, name varchar, plan varchar, industry varchar, mrr decimal(18, 4)))'
    }}
)
where conversation_id is not null;

create temp table messages as
select
    chatbot_id, conversation_id, message.id as message_id, any_value(message.role) as role,
    cast(min_by(message.sentAt, received_at) as timestamp) as sent_at
from (select chatbot_id, conversation_id, received_at, unnest(request.messages) as message
    from lines where shape = 'capture')
group by all;

create temp table scores as
select chatbot_id, conversation_id, message.external_message_id as message_id,
    max_by(message.user_sentiments[1].score, received_at) as score
from (select chatbot_id, conversation_id, received_at, unnest(request.messages) as message
    from lines where shape = 'analysis')
group by all;

create temp table requests as
select
    chatbot_id, conversation_id, received_at, filename,
    request.user as person, request.organization as organization,
    cast(list_max(list_transform(request.messages, lambda one: one.sentAt)) as timestamp) as event_at
from lines where shape = 'capture';

create table fct_conversation_days as
with owners as (
    select chatbot_id, conversation_id,
        max_by(person.id, (event_at, received_at)) as user_id,
        max_by(organization.id, (event_at, received_at)) as organization_id
    from requests group by all
)
select
    chatbot_id, cast(sent_at as date) as activity_date, conversation_id, user_id, organization_id,
    count(*) as messages, count(*) filter (where role = 'user') as user_messages, count(score) as scored_messages,
    coalesce(sum(score), 0) as score_sum, min(sent_at) as first_message_at, max(sent_at) as last_message_at
from messages
left join scores using (chatbot_id, conversation_id, message_id)
join owners using (chatbot_id, conversation_id)
group by all
order by chatbot_id, activity_date, conversation_id;

create table fct_user_days as
select
    chatbot_id, activity_date, user_id, count(*) as conversations, sum(messages) as messages,
    sum(score_sum) as score_sum, avg(score_sum / nullif(scored_messages, 0)) as sentiment
from fct_conversation_days group by all order by all;

create table fct_organization_days as
select
    chatbot_id, activity_date, organization_id, count(*) as conversations, count(distinct user_id) as users,
    sum(messages) as messages, sum(score_sum) as score_sum, avg(score_sum / nullif(scored_messages, 0)) as sentiment
from fct_conversation_days group by all order by all;

create table dim_organizations as
with states as (
    select
        chatbot_id, organization.id as organization_id, event_at,
        max_by(organization, (received_at, filename)) as organization
    from requests group by all
),
changes as (
    select * from states
    qualify organization is distinct from
        lag(organization) over (partition by chatbot_id, organization_id order by event_at)
)
select
    chatbot_id, organization_id, organization.name as organization_name, organization.plan, organization.industry,
    organization.mrr, event_at as valid_from,
    lead(event_at) over (partition by chatbot_id, organization_id order by event_at) as valid_to
from changes order by all;

create table dim_users as
with states as (
    select chatbot_id, person.id as user_id, event_at, max_by(person, (received_at, filename)) as person
    from requests group by all
),
changes as (
    select * from states
    qualify person is distinct from lag(person) over (partition by chatbot_id, user_id order by event_at)
)
select
    chatbot_id, user_id, person.name as user_name, person.email, event_at as valid_from,
    lead(event_at) over (partition by chatbot_id, user_id order by event_at) as valid_to
from changes order by all;
"""


def main(inbox: Path, file: Path) -> None:
    """Read every file of the inbox and write the tables to a new file."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        connection.execute(SQL.format(inbox=inbox))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
