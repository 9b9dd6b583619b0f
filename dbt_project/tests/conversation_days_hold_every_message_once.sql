{{ config(meta={'dagster': {'ref': {'name': 'fct_conversation_days'}}}) }}

-- Reconciliation against staging, per touched conversation: facts hold each message identity once, on one day.

with staged as (
    select messages.conversation_key, count(distinct messages.message_identity) as messages
    from {{ ref('stg_messages') }} as messages
    where messages.conversation_key in (select conversation_key from {{ ref('int_touched_conversations') }})
    group by messages.conversation_key
),

facts as (
    select conversation_key, sum(messages) as messages
    from {{ ref('fct_conversation_days') }}
    where conversation_key in (select conversation_key from {{ ref('int_touched_conversations') }})
    group by conversation_key
)

select
    coalesce(staged.conversation_key, facts.conversation_key) as conversation_key,
    staged.messages as staged_messages,
    facts.messages as fact_messages
from staged
full outer join facts on staged.conversation_key = facts.conversation_key
where staged.messages is distinct from facts.messages
