-- The one definition of the two tables, Organizations and Users, as DuckDB table macros stored in every snapshot.
-- Page, API, export and analyst call these; search, filters and order belong to the caller.
-- Written so that DuckDB 1.1 can read it; the reader needs no extension: days are stored in the chatbot's zone.
-- A parameter hides an unqualified column of the same name, so every column here is qualified.

create macro conversations_in_range(chatbot_id, first_day, last_day) as table
select
    days.conversation_key,
    days.conversation_id,
    days.user_key,
    days.organization_key,
    days.conversation_started_at,
    sum(days.messages) as messages,
    sum(days.scored_messages) as scored_messages,
    sum(days.score_sum) as score_sum,
    cast(sum(days.score_sum) / nullif(sum(days.scored_messages), 0) as decimal(18, 12)) as sentiment,
    case when sum(days.scored_messages) = 0 then null
         when sum(days.score_sum) * 5 > sum(days.scored_messages) then 'satisfied'
         when sum(days.score_sum) * -5 > sum(days.scored_messages) then 'dissatisfied'
         else 'neutral'
    end as band,
    max(days.last_message_at) as last_activity_at
from fct_conversation_days as days
where days.chatbot_id = chatbot_id
  and days.activity_date >= coalesce(cast(first_day as date), date '0001-01-01')
  and days.activity_date <= coalesce(cast(last_day as date), date '9999-12-31')
group by all;

-- The day whose end decides which version of an entity's attributes is shown.
create macro attributes_day(attributes, last_day) as
case attributes
    when 'range_end' then coalesce(cast(last_day as date), date '9999-12-31')
    when 'now' then date '9999-12-31'
    else error('attributes must be ''range_end'' or ''now''')
end;

create macro organizations(chatbot_id, first_day, last_day, attributes := 'range_end') as table
with measures as (
    select
        conversations.organization_key,
        count(*) as conversations,
        count(distinct conversations.user_key) as users,
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0) as sentiment,
        max(conversations.last_activity_at) as last_activity_at,
        cast(sum(conversations.messages) as bigint) as messages,
        count(conversations.sentiment) as scored_conversations,
        count(*) - count(conversations.sentiment) as unscored_conversations,
        cast(sum(conversations.score_sum) as double) / nullif(sum(conversations.scored_messages), 0) as message_sentiment,
        count(*) filter (where conversations.band = 'satisfied') / nullif(count(conversations.band), 0) as satisfied_share,
        count(*) filter (where conversations.band = 'neutral') / nullif(count(conversations.band), 0) as neutral_share,
        count(*) filter (where conversations.band = 'dissatisfied') / nullif(count(conversations.band), 0) as dissatisfied_share
    from conversations_in_range(chatbot_id, first_day, last_day) as conversations
    where conversations.organization_key is not null
    group by conversations.organization_key
),
shown as (
    select versions.*
    from dim_organizations as versions
    where versions.chatbot_id = chatbot_id
      and (versions.shown_from_date is null or versions.shown_from_date <= attributes_day(attributes, last_day))
      and (versions.shown_to_date is null or versions.shown_to_date > attributes_day(attributes, last_day))
)
select
    shown.organization_id,
    coalesce(shown.organization_name, shown.organization_id) as organization_name,
    shown.plan,
    shown.industry,
    shown.mrr,
    measures.conversations,
    measures.users,
    measures.sentiment,
    measures.last_activity_at,
    shown.first_seen_at,
    measures.messages,
    measures.scored_conversations,
    measures.unscored_conversations,
    measures.message_sentiment,
    measures.satisfied_share,
    measures.neutral_share,
    measures.dissatisfied_share
from measures
inner join shown on shown.organization_key = measures.organization_key;

create macro users(chatbot_id, first_day, last_day, attributes := 'range_end') as table
with conversations as (
    select
        in_range.*,
        row_number() over (
            partition by in_range.user_key
            order by in_range.last_activity_at desc, in_range.conversation_started_at desc, in_range.conversation_id desc
        ) as recency
    from conversations_in_range(chatbot_id, first_day, last_day) as in_range
    where in_range.user_key is not null
),
measures as (
    select
        conversations.user_key,
        max(case when conversations.recency = 1 then conversations.organization_key end) as organization_key,
        count(*) as conversations,
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0) as sentiment,
        max(conversations.last_activity_at) as last_activity_at,
        cast(sum(conversations.messages) as bigint) as messages,
        count(conversations.sentiment) as scored_conversations,
        count(*) - count(conversations.sentiment) as unscored_conversations,
        cast(sum(conversations.score_sum) as double) / nullif(sum(conversations.scored_messages), 0) as message_sentiment,
        count(*) filter (where conversations.band = 'satisfied') / nullif(count(conversations.band), 0) as satisfied_share,
        count(*) filter (where conversations.band = 'neutral') / nullif(count(conversations.band), 0) as neutral_share,
        count(*) filter (where conversations.band = 'dissatisfied') / nullif(count(conversations.band), 0) as dissatisfied_share,
        count(distinct conversations.organization_key) as organization_count
    from conversations
    group by conversations.user_key
),
shown as (
    select versions.*
    from dim_users as versions
    where versions.chatbot_id = chatbot_id
      and (versions.shown_from_date is null or versions.shown_from_date <= attributes_day(attributes, last_day))
      and (versions.shown_to_date is null or versions.shown_to_date > attributes_day(attributes, last_day))
),
shown_organizations as (
    select versions.*
    from dim_organizations as versions
    where versions.chatbot_id = chatbot_id
      and (versions.shown_from_date is null or versions.shown_from_date <= attributes_day(attributes, last_day))
      and (versions.shown_to_date is null or versions.shown_to_date > attributes_day(attributes, last_day))
)
select
    shown.user_id,
    coalesce(shown.user_name, shown.email, shown.user_id) as user_name,
    shown.email,
    shown_organizations.organization_id,
    coalesce(shown_organizations.organization_name, shown_organizations.organization_id) as organization_name,
    shown.plan,
    shown.industry,
    shown.mrr,
    measures.conversations,
    measures.sentiment,
    measures.last_activity_at,
    shown.first_seen_at,
    measures.messages,
    measures.scored_conversations,
    measures.unscored_conversations,
    measures.message_sentiment,
    measures.satisfied_share,
    measures.neutral_share,
    measures.dissatisfied_share,
    measures.organization_count
from measures
inner join shown on shown.user_key = measures.user_key
left join shown_organizations on shown_organizations.organization_key = measures.organization_key;
