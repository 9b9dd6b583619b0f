{{ config(meta={'touched_by': 'int_touched_entities', 'touched_key': {'user_key': 'entity_key'}}) }}
-- depends_on: {{ ref('int_touched_entities') }}

{{ entity_history('user', ['email', 'plan', 'industry', 'mrr']) }}
