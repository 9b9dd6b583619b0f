with touched as (
    select distinct conversation_key from {{ ref('int_touched_conversations') }}
),

-- A narrow look-up first: the arrival days tell the engine which parts of staging it has to read.
places as (
    select distinct
        requests.arrival_date,
        requests.conversation_key
    from {{ ref('stg_requests') }} as requests
    inner join touched on requests.conversation_key = touched.conversation_key
),

arrivals as (
    select
        requests.arrival_date,
        requests.source_file,
        requests.source_line,
        requests.record_id,
        requests.received_at,
        requests.event_at,
        requests.chatbot_id,
        requests.conversation_id,
        requests.conversation_key,
        requests.sent_user_key,
        requests.sent_organization_key,
        requests.user_id,
        requests.user_key,
        requests.organization_id,
        requests.organization_key,
        requests.has_device,
        requests.device,
        requests.has_country,
        requests.country,
        pending.segment_id is not null as is_new
    from {{ ref('int_requests') }} as requests
    inner join places
        on requests.arrival_date = places.arrival_date and requests.conversation_key = places.conversation_key
    left join {{ source('inputs', 'pending_segments') }} as pending
        on requests.arrival_date = pending.arrival_date and requests.segment_id = pending.segment_id
)

{{ first_arrivals(
    'arrivals', keys=['record_id'], place=['source_file', 'source_line'], order='source_file, source_line'
) }}
