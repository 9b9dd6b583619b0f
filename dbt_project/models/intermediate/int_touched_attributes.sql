with touched as (
    select * from {{ ref('int_touched_entities') }}
),

sent as (
    select
        'user' as kind,
        requests.user_key as entity_key,
        requests.user_id as entity_id,
        requests.chatbot_id,
        requests.record_id,
        requests.event_at,
        requests.received_at,
        requests.source_file,
        requests.source_line,
        requests.has_user_name as has_name,
        requests.user_name as name,
        requests.has_user_email as has_email,
        requests.user_email as email,
        requests.has_user_plan as has_plan,
        requests.user_plan as plan,
        requests.has_user_industry as has_industry,
        requests.user_industry as industry,
        requests.has_user_mrr as has_mrr,
        {{ whole_currency('requests.user_mrr', 'chatbots.mrr_unit') }} as mrr
    from {{ ref('int_requests') }} as requests
    inner join touched on touched.kind = 'user' and requests.user_key = touched.entity_key
    inner join {{ ref('stg_chatbots') }} as chatbots on requests.chatbot_id = chatbots.chatbot_id

    union all

    select
        'organization' as kind,
        requests.organization_key as entity_key,
        requests.organization_id as entity_id,
        requests.chatbot_id,
        requests.record_id,
        requests.event_at,
        requests.received_at,
        requests.source_file,
        requests.source_line,
        requests.has_organization_name as has_name,
        requests.organization_name as name,
        false as has_email,
        cast(null as varchar) as email,
        requests.has_organization_plan as has_plan,
        requests.organization_plan as plan,
        requests.has_organization_industry as has_industry,
        requests.organization_industry as industry,
        requests.has_organization_mrr as has_mrr,
        {{ whole_currency('requests.organization_mrr', 'chatbots.mrr_unit') }} as mrr
    from {{ ref('int_requests') }} as requests
    inner join touched on touched.kind = 'organization' and requests.organization_key = touched.entity_key
    inner join {{ ref('stg_chatbots') }} as chatbots on requests.chatbot_id = chatbots.chatbot_id
),

copies as (
    select
        *,
        row_number() over (partition by kind, record_id order by source_file, source_line) as copy_number
    from sent
)

select * from copies
where copy_number = 1
