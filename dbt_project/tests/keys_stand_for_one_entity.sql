{{ config(meta={'dagster': {'ref': {'name': 'fct_conversation_days'}}}) }}

-- Keys are 64-bit hashes: two ids that share one would be merged by accident. Also: a conversation has one owner.

select
    'conversation' as kind,
    conversation_key as entity_key
from {{ ref('fct_conversation_days') }}
where conversation_key in (select conversation_key from {{ ref('int_touched_conversations') }})
group by conversation_key
having
    min(chatbot_id) != max(chatbot_id)
    or min(conversation_id) != max(conversation_id)
    or count(distinct coalesce(user_key, 0)) > 1
    or count(distinct coalesce(organization_key, 0)) > 1

union all

select
    'user' as kind,
    user_key as entity_key
from {{ ref('dim_users') }}
where user_key in (select entity_key from {{ ref('int_touched_entities') }})
group by user_key
having min(chatbot_id) != max(chatbot_id) or min(user_id) != max(user_id)

union all

select
    'organization' as kind,
    organization_key as entity_key
from {{ ref('dim_organizations') }}
where organization_key in (select entity_key from {{ ref('int_touched_entities') }})
group by organization_key
having min(chatbot_id) != max(chatbot_id) or min(organization_id) != max(organization_id)
