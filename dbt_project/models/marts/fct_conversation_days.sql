{{ config(meta={'touched_by': 'int_touched_conversations', 'touched_key': {'conversation_key': 'conversation_key'}}) }}
-- depends_on: {{ ref('int_touched_conversations') }}

with messages as (
    select * from {{ ref('int_touched_messages') }}
),

owners as (
    select * from {{ ref('int_touched_owners') }}
),

days as (
    select
        conversation_key,
        activity_date,
        cast(count(*) as integer) as messages,
        cast(count(case when role = 'user' then 1 end) as integer) as user_messages,
        cast(count(score) as integer) as scored_messages,
        cast(count(case when unscored_reason = 'other_language' then 1 end) as integer) as other_language_messages,
        cast(count(case when unscored_reason = 'no_known_word' then 1 end) as integer) as no_known_word_messages,
        cast(coalesce(sum(score), 0) as {{ score_type() }}) as score_sum,
        min(sent_at) as first_message_at,
        max(sent_at) as last_message_at
    from messages
    group by conversation_key, activity_date
),

starts as (
    select conversation_key, min(first_message_at) as conversation_started_at
    from days
    group by conversation_key
)

select
    owners.chatbot_id,
    days.activity_date,
    owners.conversation_id,
    owners.user_id,
    owners.organization_id,
    days.messages,
    days.user_messages,
    days.scored_messages,
    days.other_language_messages,
    days.no_known_word_messages,
    days.score_sum,
    days.first_message_at,
    days.last_message_at,
    starts.conversation_started_at,
    owners.named_users,
    owners.device,
    owners.country,
    owners.conversation_key,
    owners.user_key,
    owners.organization_key
from days
inner join owners on days.conversation_key = owners.conversation_key
inner join starts on days.conversation_key = starts.conversation_key
