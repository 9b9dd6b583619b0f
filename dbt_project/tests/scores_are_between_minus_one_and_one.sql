{{ config(meta={'dagster': {'ref': {'name': 'fct_conversation_days'}}}) }}

-- A sum of scores can not be farther from zero than the number of scored messages.

select conversation_key, activity_date
from {{ ref('fct_conversation_days') }}
where
    conversation_key in (select conversation_key from {{ ref('int_touched_conversations') }})
    and (abs(score_sum) > scored_messages or scored_messages > user_messages or user_messages > messages)
