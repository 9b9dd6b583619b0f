with touched as (
    select * from {{ ref('int_touched_entities') }}
),

-- No event lies more than a day behind its arrival: what arrived earlier is not read.
requests as (
    select
        requests.*,
        {{ whole_currency('requests.user_mrr', 'chatbots.mrr_unit') }} as user_amount,
        {{ whole_currency('requests.organization_mrr', 'chatbots.mrr_unit') }} as organization_amount
    from {{ ref('int_requests') }} as requests
    inner join {{ ref('stg_chatbots') }} as chatbots on requests.chatbot_id = chatbots.chatbot_id
    where requests.arrival_date >= (select {{ add_days('cast(min(anew_from) as date)', -1) }} from touched)
),

sent as (
    select
        'user' as kind,
        requests.user_key as entity_key,
        requests.user_id as entity_id,
        requests.chatbot_id,
        requests.record_id,
        requests.arrival_date,
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
        requests.user_amount as mrr
    from requests
    inner join touched
        on
            touched.kind = 'user'
            and requests.user_key = touched.entity_key
            and requests.event_at >= touched.anew_from

    union all

    select
        'organization' as kind,
        requests.organization_key as entity_key,
        requests.organization_id as entity_id,
        requests.chatbot_id,
        requests.record_id,
        requests.arrival_date,
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
        requests.organization_amount as mrr
    from requests
    inner join touched
        on
            touched.kind = 'organization'
            and requests.organization_key = touched.entity_key
            and requests.event_at >= touched.anew_from
),

first_copies as (
    {{ first_arrivals(
        'sent',
        keys=['kind', 'record_id'],
        place=['kind', 'source_file', 'source_line'],
        order='source_file, source_line'
    ) }}
),

-- What an entity was before its first new request stands, as if each version of it had been sent in full.
standing as (
    select
        versions.kind,
        versions.entity_key,
        versions.entity_id,
        versions.chatbot_id,
        'version of ' || cast(versions.valid_from as varchar) as record_id,
        cast(null as date) as arrival_date,
        versions.valid_from as event_at,
        versions.valid_from as received_at,
        '' as source_file,
        0 as source_line,
        true as has_name,
        versions.name,
        true as has_email,
        versions.email,
        true as has_plan,
        versions.plan,
        true as has_industry,
        versions.industry,
        true as has_mrr,
        versions.mrr
    from {{ source('inputs', 'standing_versions') }} as versions
    inner join touched on versions.kind = touched.kind and versions.entity_key = touched.entity_key
    where touched.anew_from is null or versions.valid_from < touched.anew_from
)

select * from first_copies
union all
select * from standing
