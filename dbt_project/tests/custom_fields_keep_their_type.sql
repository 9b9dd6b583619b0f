{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'custom_fields'}}}) }}

-- Reported, and no fault of the data: a field that was sent with values of several types is shown as text.

select
    chatbot_id,
    field
from {{ ref('custom_fields') }}
where is_mixed
