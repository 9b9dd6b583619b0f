with touched as (
    select distinct conversation_key from {{ ref('int_touched_conversations') }}
),

copies as (
    select
        requests.*,
        row_number() over (
            partition by requests.record_id order by requests.source_file, requests.source_line
        ) as copy_number
    from {{ ref('int_requests') }} as requests
    inner join touched on requests.conversation_key = touched.conversation_key
)

select * from copies
where copy_number = 1
