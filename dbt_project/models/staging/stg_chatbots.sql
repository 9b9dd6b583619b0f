{{ config(materialized='view') }}

select
    chatbot_id,
    name,
    time_zone,
    week_start,
    currency,
    mrr_unit,
    is_changed
from {{ source('inputs', 'chatbots') }}
