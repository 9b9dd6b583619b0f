{{ config(meta={'dagster': {'ref': {'name': 'fct_conversation_days'}}}) }}

-- In the marts, no two rows of a model have the same grain, and no part of a grain is null.

{{ rows_beyond_their_grain([
    'chatbots', 'custom_fields', 'dim_organizations', 'dim_users', 'dim_custom_values',
    'fct_conversation_days', 'fct_organization_days', 'fct_user_days'
]) }}
