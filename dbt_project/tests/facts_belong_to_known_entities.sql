{{ config(meta={'dagster': {'ref': {'name': 'fct_conversation_days'}}}) }}

-- Every user and organization that a fact names has a row in its dimension.

{% for fact, entity in [
    ('fct_conversation_days', 'user'),
    ('fct_conversation_days', 'organization'),
    ('fct_user_days', 'user'),
    ('fct_organization_days', 'organization'),
] %}
select distinct '{{ fact }}' as relation, '{{ entity }}' as kind, facts.{{ entity }}_key as entity_key
from {{ ref(fact) }} as facts
where
    facts.{{ entity }}_key is not null
    and facts.{{ entity }}_key not in (select {{ entity }}_key from {{ ref('dim_' ~ entity ~ 's') }})
{{ 'union all' if not loop.last }}
{% endfor %}
