{{ config(meta={'touched_by': 'int_touched_entities', 'touched_key': {'entity_key': 'entity_key'}}) }}
-- depends_on: {{ ref('int_touched_entities') }}
{%- set values = ['value_type', 'text_value', 'number_value', 'boolean_value'] %}

-- A value holds from the request that sends it until the next one that sends another, null included. A request that
-- leaves the field out has no row here and so changes nothing.

with firsts as (
    select
        entity_key,
        min(event_at) as first_event_at
    from {{ ref('int_touched_attributes') }}
    group by entity_key
),

requests as (
    select
        attributes.*,
        firsts.first_event_at
    from {{ ref('int_touched_attributes') }} as attributes
    inner join firsts on attributes.entity_key = firsts.entity_key
),

sent as (
    select
        requests.kind,
        requests.entity_key,
        requests.entity_id,
        requests.chatbot_id,
        requests.event_at,
        requests.first_event_at,
        requests.received_at,
        requests.source_file,
        requests.source_line,
        {%- for value in values %}
        fields.{{ value }},
        {%- endfor %}
        fields.field
    from requests
    inner join {{ ref('stg_custom_fields') }} as fields
        on
            requests.arrival_date = fields.arrival_date
            and requests.source_file = fields.source_file
            and requests.source_line = fields.source_line

    -- What stands from before an entity's first new request, as if it had been sent again.
    union all
    select
        standing.kind,
        standing.entity_key,
        standing.entity_id,
        standing.chatbot_id,
        standing.valid_from as event_at,
        firsts.first_event_at,
        standing.valid_from as received_at,
        '' as source_file,
        0 as source_line,
        {%- for value in values %}
        standing.{{ value }},
        {%- endfor %}
        standing.field
    from {{ source('inputs', 'standing_custom_values') }} as standing
    inner join {{ ref('int_touched_entities') }} as touched
        on standing.kind = touched.kind and standing.entity_key = touched.entity_key
    inner join firsts on standing.entity_key = firsts.entity_key
    where touched.anew_from is null or standing.valid_from < touched.anew_from
),

ranked as (
    select
        *,
        row_number() over (
            partition by entity_key, field, event_at order by {{ arrival_order('desc') }}
        ) as recency
    from sent
),

states as (
    select
        *,
        {%- for value in values %}
        lag({{ value }}) over (partition by entity_key, field order by event_at) as previous_{{ value }},
        {%- endfor %}
        row_number() over (partition by entity_key, field order by event_at) as state_number
    from ranked
    where recency = 1
),

changes as (
    select * from states
    where
        state_number = 1
        {%- for value in values %}
        or {{ value }} is distinct from previous_{{ value }}
        {%- endfor %}
)

select
    changes.chatbot_id,
    changes.kind,
    changes.entity_id,
    changes.field,
    {%- for value in values %}
    changes.{{ value }},
    {%- endfor %}
    changes.event_at as valid_from,
    lead(changes.event_at) over (
        partition by changes.entity_key, changes.field order by changes.event_at
    ) as valid_to,
    -- Only what was sent with the entity's first request stands for the time before it, as with every attribute.
    case
        when changes.event_at > changes.first_event_at then {{ local_date('changes.event_at', 'chatbots.time_zone') }}
    end as shown_from_date,
    {{ local_date(
        'lead(changes.event_at) over (partition by changes.entity_key, changes.field order by changes.event_at)',
        'chatbots.time_zone'
    ) }} as shown_to_date,
    changes.entity_key
from changes
inner join {{ ref('stg_chatbots') }} as chatbots on changes.chatbot_id = chatbots.chatbot_id
