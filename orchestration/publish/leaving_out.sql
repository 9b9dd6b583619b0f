-- Rows are stored in an order: readers ask for one chatbot and a range of days.
-- The marts of a snapshot, without the conversations that `exclude.csv` leaves out; those stand beside them in tables of
-- their own. Reads the tables `rules` (chatbot_id, kind, value, reason) and `marts`.<mart>; every statement is run with
-- the snapshot as the database in use. `normalised` is the form in which e-mails are compared.

-- Who is left out: by id, or by the domain of the e-mail that the user has now.
create or replace temp table left_out_entities as
select rules.chatbot_id, rules.kind, rules.value, 'user' as entity_kind, users.user_key as entity_key
from marts.dim_users as users
inner join rules
    on rules.chatbot_id = users.chatbot_id and rules.kind = 'user' and rules.value = users.user_id
union
select rules.chatbot_id, rules.kind, rules.value, 'user', users.user_key
from (
    select chatbot_id, user_key, split_part(normalised(email), '@', -1) as domain
    from marts.dim_users
    where valid_to is null and email is not null
        and chatbot_id in (select chatbot_id from rules where kind = 'email_domain')
) as users
inner join rules
    on rules.chatbot_id = users.chatbot_id and rules.kind = 'email_domain' and rules.value = users.domain
union
select rules.chatbot_id, rules.kind, rules.value, 'organization', organizations.organization_key
from marts.dim_organizations as organizations
inner join rules
    on rules.chatbot_id = organizations.chatbot_id and rules.kind = 'organization'
    and rules.value = organizations.organization_id;

create table excluded_conversation_days as
select * from marts.fct_conversation_days
where
    user_key in (select entity_key from left_out_entities where entity_kind = 'user')
    or organization_key in (select entity_key from left_out_entities where entity_kind = 'organization')
order by chatbot_id, activity_date, conversation_id;

create table fct_conversation_days as
select days.* from marts.fct_conversation_days as days
anti join excluded_conversation_days as excluded on days.conversation_key = excluded.conversation_key
order by chatbot_id, activity_date, conversation_id;

-- Users and organizations of conversations that are left out, with what stays of their life.
create or replace temp table cut_entities as
select entity_kind, entity_key, max(first_seen_at) as first_seen_at
from (
    select 'user' as entity_kind, user_key as entity_key, null as first_seen_at from excluded_conversation_days
    union all
    select 'organization', organization_key, null from excluded_conversation_days
    union all
    select entity_kind, entity_key, null from left_out_entities
    union all
    select 'user', user_key, min(first_message_at) from fct_conversation_days
    where user_key in (select user_key from excluded_conversation_days) group by user_key
    union all
    select 'organization', organization_key, min(first_message_at) from fct_conversation_days
    where organization_key in (select organization_key from excluded_conversation_days) group by organization_key
)
where entity_key is not null
group by entity_kind, entity_key;

create table fct_user_days as
select days.* from marts.fct_user_days as days
anti join excluded_conversation_days as excluded
    on days.user_key = excluded.user_key and days.activity_date = excluded.activity_date
union all by name
select
    chatbot_id,
    activity_date,
    user_id,
    count(*) as conversations,
    cast(sum(messages) as bigint) as messages,
    cast(sum(user_messages) as bigint) as user_messages,
    cast(sum(scored_messages) as bigint) as scored_messages,
    cast(sum(score_sum) as decimal(38, 12)) as score_sum,
    count(sentiment) as scored_conversations,
    cast(sum(sentiment) as double) / nullif(count(sentiment), 0) as sentiment,
    cast(sum(score_sum) as double) / nullif(sum(scored_messages), 0) as message_sentiment,
    min(first_message_at) as first_message_at,
    max(last_message_at) as last_message_at,
    user_key
from (
    select *, cast(score_sum / nullif(scored_messages, 0) as decimal(18, 12)) as sentiment
    from fct_conversation_days
    where user_key is not null and (chatbot_id, activity_date, user_key) in (
        select (chatbot_id, activity_date, user_key) from excluded_conversation_days
    )
)
group by chatbot_id, activity_date, user_id, user_key
order by chatbot_id, activity_date, user_id;

create table fct_organization_days as
select days.* from marts.fct_organization_days as days
anti join excluded_conversation_days as excluded
    on days.organization_key = excluded.organization_key and days.activity_date = excluded.activity_date
union all by name
select
    chatbot_id,
    activity_date,
    organization_id,
    count(*) as conversations,
    count(distinct user_key) as users,
    cast(sum(messages) as bigint) as messages,
    cast(sum(user_messages) as bigint) as user_messages,
    cast(sum(scored_messages) as bigint) as scored_messages,
    cast(sum(score_sum) as decimal(38, 12)) as score_sum,
    count(sentiment) as scored_conversations,
    cast(sum(sentiment) as double) / nullif(count(sentiment), 0) as sentiment,
    cast(sum(score_sum) as double) / nullif(sum(scored_messages), 0) as message_sentiment,
    min(first_message_at) as first_message_at,
    max(last_message_at) as last_message_at,
    organization_key
from (
    select *, cast(score_sum / nullif(scored_messages, 0) as decimal(18, 12)) as sentiment
    from fct_conversation_days
    where organization_key is not null and (chatbot_id, activity_date, organization_key) in (
        select (chatbot_id, activity_date, organization_key) from excluded_conversation_days
    )
)
group by chatbot_id, activity_date, organization_id, organization_key
order by chatbot_id, activity_date, organization_id;

create table excluded_users as
select * from marts.dim_users
where user_key in (select entity_key from cut_entities where entity_kind = 'user' and first_seen_at is null)
order by chatbot_id, user_id, valid_from;

create table dim_users as
select users.* replace (coalesce(cut.first_seen_at, users.first_seen_at) as first_seen_at)
from marts.dim_users as users
left join cut_entities as cut on cut.entity_kind = 'user' and cut.entity_key = users.user_key
where cut.entity_key is null or cut.first_seen_at is not null
order by chatbot_id, user_id, valid_from;

create table excluded_organizations as
select * from marts.dim_organizations
where
    organization_key in (
        select entity_key from cut_entities where entity_kind = 'organization' and first_seen_at is null
    )
order by chatbot_id, organization_id, valid_from;

create table dim_organizations as
select organizations.* replace (coalesce(cut.first_seen_at, organizations.first_seen_at) as first_seen_at)
from marts.dim_organizations as organizations
left join cut_entities as cut on cut.entity_kind = 'organization' and cut.entity_key = organizations.organization_key
where cut.entity_key is null or cut.first_seen_at is not null
order by chatbot_id, organization_id, valid_from;

create table excluded_custom_values as
select * from marts.dim_custom_values
where (kind, entity_key) in (select (entity_kind, entity_key) from cut_entities where first_seen_at is null)
order by chatbot_id, field, kind, entity_id, valid_from;

create table dim_custom_values as
select customs.* from marts.dim_custom_values as customs
anti join (from cut_entities where first_seen_at is null) as cut
    on customs.kind = cut.entity_kind and customs.entity_key = cut.entity_key
order by chatbot_id, field, kind, entity_id, valid_from;

-- A field is of the type that those who are shown sent last; one that nobody else sent is none.
create table custom_fields as
select * from marts.custom_fields
where (chatbot_id, field) not in (select (chatbot_id, field) from excluded_custom_values)
union all by name
select
    chatbot_id,
    field,
    max(value_type) filter (where recency = 1) as value_type,
    count(*) filter (where value_type != 'null') > 1 as is_mixed,
    cast(coalesce(sum(users) filter (where value_type != 'null'), 0) as bigint) as users,
    cast(coalesce(sum(organizations) filter (where value_type != 'null'), 0) as bigint) as organizations
from (
    select
        *,
        row_number() over (
            partition by chatbot_id, field order by value_type = 'null', newest_from desc, value_type
        ) as recency
    from (
        select
            chatbot_id,
            field,
            value_type,
            max(valid_from) as newest_from,
            count(*) filter (where kind = 'user' and valid_to is null) as users,
            count(*) filter (where kind = 'organization' and valid_to is null) as organizations
        from dim_custom_values
        where (chatbot_id, field) in (select (chatbot_id, field) from excluded_custom_values)
        group by chatbot_id, field, value_type
    )
)
group by chatbot_id, field
order by chatbot_id, field;

create table chatbots as
select * from marts.chatbots order by chatbot_id;

-- What each line of the file leaves out, of all time; a conversation that two lines leave out counts in both.
create table exclusions as
select
    rules.chatbot_id,
    rules.kind,
    rules.value,
    rules.reason,
    count(distinct days.conversation_key) as conversations,
    count(distinct days.user_key) as users,
    count(distinct days.organization_key) as organizations
from rules
left join left_out_entities as entities
    on entities.chatbot_id = rules.chatbot_id and entities.kind = rules.kind and entities.value = rules.value
left join (
    select 'user' as entity_kind, user_key as entity_key, conversation_key, user_key, organization_key
    from excluded_conversation_days
    union all
    select 'organization', organization_key, conversation_key, user_key, organization_key
    from excluded_conversation_days
) as days
    on days.entity_kind = entities.entity_kind and days.entity_key = entities.entity_key
group by rules.chatbot_id, rules.kind, rules.value, rules.reason
order by rules.chatbot_id, rules.kind, rules.value;
