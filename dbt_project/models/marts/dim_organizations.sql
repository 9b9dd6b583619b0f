{{ config(meta={'touched_by': 'int_touched_entities', 'touched_key': {'organization_key': 'entity_key'}}) }}
-- depends_on: {{ ref('int_touched_entities') }}

{{ entity_history('organization', ['plan', 'industry', 'mrr']) }}
