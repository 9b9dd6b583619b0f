select
    arrival_date,
    segment_id,
    source_file,
    source_line,
    record_id,
    position,
    received_at,
    conversation_key,
    coalesce('id:' || message_id, 'at:' || record_id || ':' || cast(position as varchar)) as message_identity,
    role,
    sent_at
from {{ source('raw', 'messages') }}
where traffic = 'organic'
