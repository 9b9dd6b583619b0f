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
),

-- Few requests say anything of their session.
ranked_sessions as (
    select
        conversation_key,
        device,
        country,
        row_number() over (
            partition by conversation_key
            order by case when has_device then 0 else 1 end, event_at desc, {{ arrival_order('desc') }}
        ) as device_rank,
        row_number() over (
            partition by conversation_key
            order by case when has_country then 0 else 1 end, event_at desc, {{ arrival_order('desc') }}
        ) as country_rank
    from {{ ref('int_touched_requests') }}
    where has_device or has_country
),

owners as (
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
),

sessions as (
    select
        conversation_key,
        max(case when device_rank = 1 then device end) as device,
        max(case when country_rank = 1 then country end) as country
    from ranked_sessions
    group by conversation_key
)

select
    owners.*,
    sessions.device,
    sessions.country
from owners
left join sessions on owners.conversation_key = sessions.conversation_key
