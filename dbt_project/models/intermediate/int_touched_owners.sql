with ranked as (
    select
        chatbot_id,
        conversation_id,
        conversation_key,
        user_id,
        user_key,
        organization_id,
        organization_key,
        row_number() over (
            partition by conversation_key
            order by case when user_key is null then 1 else 0 end, event_at desc, {{ arrival_order('desc') }}
        ) as user_rank,
        row_number() over (
            partition by conversation_key
            order by case when organization_key is null then 1 else 0 end, event_at desc, {{ arrival_order('desc') }}
        ) as organization_rank
    from {{ ref('int_touched_requests') }}
)

select
    chatbot_id,
    conversation_id,
    conversation_key,
    max(case when user_rank = 1 then user_id end) as user_id,
    max(case when user_rank = 1 then user_key end) as user_key,
    max(case when organization_rank = 1 then organization_id end) as organization_id,
    max(case when organization_rank = 1 then organization_key end) as organization_key,
    cast(count(distinct user_key) as integer) as named_users
from ranked
group by chatbot_id, conversation_id, conversation_key
