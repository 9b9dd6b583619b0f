{{ config(meta={'dagster': {'ref': {'name': 'stg_requests'}}}) }}

-- In staging, no two rows of a model have the same grain, and no part of a grain is null.

{{ rows_beyond_their_grain([
    'stg_chatbots', 'stg_requests', 'stg_messages', 'stg_analyses', 'stg_scores', 'stg_custom_fields'
]) }}
