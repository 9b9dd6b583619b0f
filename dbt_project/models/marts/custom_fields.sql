{{ config(materialized='table') }}

-- Made anew in every run, from the history of values, which is small beside raw: one pass, and only types are ranked.

with types as (
    select
        chatbot_id,
        field,
        value_type,
        max(valid_from) as newest_from,
        count(case when kind = 'user' and valid_to is null then 1 end) as users,
        count(case when kind = 'organization' and valid_to is null then 1 end) as organizations
    from {{ ref('dim_custom_values') }}
    group by chatbot_id, field, value_type
),

ranked as (
    select
        *,
        row_number() over (
            partition by chatbot_id, field
            order by case when value_type = 'null' then 1 else 0 end, newest_from desc, value_type asc
        ) as recency
    from types
)

select
    chatbot_id,
    field,
    max(case when recency = 1 then value_type end) as value_type,
    count(case when value_type != 'null' then 1 end) > 1 as is_mixed,
    cast(sum(case when value_type != 'null' then users else 0 end) as bigint) as users,
    cast(sum(case when value_type != 'null' then organizations else 0 end) as bigint) as organizations
from ranked
group by chatbot_id, field
