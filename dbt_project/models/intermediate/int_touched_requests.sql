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

copies as (
    select
        requests.*,
        pending.segment_id is not null as is_new,
        row_number() over (
            partition by requests.record_id order by requests.source_file, requests.source_line
        ) as copy_number
    from {{ ref('int_requests') }} as requests
    inner join places
        on requests.arrival_date = places.arrival_date and requests.conversation_key = places.conversation_key
    left join {{ source('inputs', 'pending_segments') }} as pending
        on requests.arrival_date = pending.arrival_date and requests.segment_id = pending.segment_id
)

select * from copies
where copy_number = 1
