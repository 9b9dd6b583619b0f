select
    arrival_date,
    segment_id,
    source_file,
    source_line,
    field,
    value_type,
    text_value,
    number_value,
    boolean_value
from {{ source('raw', 'custom_fields') }}
