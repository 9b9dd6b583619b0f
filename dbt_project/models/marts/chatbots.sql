{{ config(materialized='table') }}

select
    chatbot_id,
    name,
    time_zone,
    week_start,
    currency,
    mrr_unit
from {{ ref('stg_chatbots') }}
