{{ config(meta={'dagster': {'ref': {'name': 'fct_organization_days'}}}) }}

-- Reconciliation of the day facts with the conversation-days, per touched day, null-safe: messages and scores add up,
-- and a conversation counts for at most one organization and one user a day.

with touched as (
    select * from {{ ref('int_touched_days') }}
),

expected as (
    {% for entity in ['user', 'organization'] %}
    select
        '{{ entity }}' as kind,
        facts.chatbot_id,
        facts.activity_date,
        count(*) as conversations,
        sum(facts.messages) as messages,
        sum(facts.score_sum) as score_sum
    from {{ ref('fct_conversation_days') }} as facts
    inner join touched on facts.chatbot_id = touched.chatbot_id and facts.activity_date = touched.activity_date
    where facts.{{ entity }}_key is not null
    group by facts.chatbot_id, facts.activity_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

actual as (
    {% for entity in ['user', 'organization'] %}
    select
        '{{ entity }}' as kind,
        facts.chatbot_id,
        facts.activity_date,
        sum(facts.conversations) as conversations,
        sum(facts.messages) as messages,
        sum(facts.score_sum) as score_sum
    from {{ ref('fct_' ~ entity ~ '_days') }} as facts
    inner join touched on facts.chatbot_id = touched.chatbot_id and facts.activity_date = touched.activity_date
    group by facts.chatbot_id, facts.activity_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    coalesce(expected.kind, actual.kind) as kind,
    coalesce(expected.chatbot_id, actual.chatbot_id) as chatbot_id,
    coalesce(expected.activity_date, actual.activity_date) as activity_date
from expected
full outer join actual
    on
        expected.kind = actual.kind
        and expected.chatbot_id = actual.chatbot_id
        and expected.activity_date = actual.activity_date
where
    expected.conversations is distinct from actual.conversations
    or expected.messages is distinct from actual.messages
    or expected.score_sum is distinct from actual.score_sum
