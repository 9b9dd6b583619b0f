{# One row per chatbot, activity date and entity, rebuilt for the touched days from the conversation-days. #}
{% macro entity_days(entity) %}
with touched as (
    select * from {{ ref('int_touched_days') }}
),

conversation_days as (
    select
        facts.*,
        {{ conversation_sentiment('facts.score_sum', 'facts.scored_messages') }} as sentiment
    from {{ ref('fct_conversation_days') }} as facts
    inner join touched
        on facts.chatbot_id = touched.chatbot_id and facts.activity_date = touched.activity_date
    where facts.{{ entity }}_key is not null
)

select
    chatbot_id,
    activity_date,
    {{ entity }}_id,
    count(*) as conversations,
    {%- if entity == 'organization' %}
    count(distinct user_key) as users,
    {%- endif %}
    cast(sum(messages) as bigint) as messages,
    cast(sum(user_messages) as bigint) as user_messages,
    cast(sum(scored_messages) as bigint) as scored_messages,
    cast(sum(score_sum) as {{ score_sum_type() }}) as score_sum,
    count(sentiment) as scored_conversations,
    cast(sum(sentiment) as double) / nullif(count(sentiment), 0) as sentiment,
    {{ mean_score('sum(score_sum)', 'sum(scored_messages)') }} as message_sentiment,
    min(first_message_at) as first_message_at,
    max(last_message_at) as last_message_at,
    {{ entity }}_key
from conversation_days
group by chatbot_id, activity_date, {{ entity }}_id, {{ entity }}_key
{% endmacro %}
