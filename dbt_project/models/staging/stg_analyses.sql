select
    arrival_date,
    segment_id,
    source_file,
    source_line,
    record_id,
    position,
    received_at,
    conversation_key,
    message_id,
    cast(score as {{ score_type() }}) as score
from {{ source('raw', 'analyses') }}
