{# One row per touched entity and validity interval, with the entity's lifetime beside it. #}
{% macro entity_history(entity, columns) %}
with versions as (
    select * from {{ ref('int_touched_versions') }}
    where kind = '{{ entity }}'
),

lifetimes as (
    select
        facts.{{ entity }}_key,
        min(facts.first_message_at) as first_seen_at
    from {{ ref('fct_conversation_days') }} as facts
    where facts.{{ entity }}_key in (select versions.entity_key from versions)
    group by facts.{{ entity }}_key
)

select
    versions.chatbot_id,
    versions.entity_id as {{ entity }}_id,
    versions.name as {{ entity }}_name,
    {%- for column in columns %}
    versions.{{ column }},
    {%- endfor %}
    versions.valid_from,
    versions.valid_to,
    versions.shown_from_date,
    versions.shown_to_date,
    lifetimes.first_seen_at,
    versions.entity_key as {{ entity }}_key
from versions
left join lifetimes on versions.entity_key = lifetimes.{{ entity }}_key
{% endmacro %}
