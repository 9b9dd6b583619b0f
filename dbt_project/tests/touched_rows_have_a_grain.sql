{{ config(meta={'dagster': {'ref': {'name': 'int_touched_requests'}}}) }}

-- In what a run touches, no two rows of a model have the same grain, and no part of a grain is null.

{{ rows_beyond_their_grain([
    'int_touched_requests', 'int_touched_conversations', 'int_touched_messages', 'int_touched_owners',
    'int_touched_days', 'int_touched_entities', 'int_touched_attributes', 'int_touched_versions'
]) }}
