select
    arrival_date,
    segment_id,
    record_id,
    position,
    source_file,
    source_line,
    conversation_key,
    scorer,
    cast(score as {{ score_type() }}) as score,
    unscored_reason
from {{ source('raw', 'scores') }}
