select
    arrival_date,
    segment_id,
    record_id,
    position,
    source_file,
    source_line,
    conversation_key,
    scorer,
    cast(score as {{ score_type() }}) as score
from {{ source('raw', 'scores') }}
