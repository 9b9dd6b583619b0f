{%- set fields = ['name', 'email', 'plan', 'industry', 'mrr'] -%}

-- Most entities send the same all their life: those have one version, and only the requests of the others are put in
-- order. Of these most repeat what the one before them sent: they change nothing, and only the rest is looked at.
--
-- A field's value holds from the request that sent it until the next request that sends it (null included): the
-- requests between two such stretch to one group, whose value is that of its first row.

with variants as (
    select
        kind,
        entity_key,
        entity_id,
        chatbot_id,
        {%- for field in fields %}
        has_{{ field }},
        {{ field }},
        {%- endfor %}
        min(event_at) as event_at
    from {{ ref('int_touched_attributes') }}
    group by
        kind,
        entity_key,
        {%- for field in fields %}
        has_{{ field }},
        {{ field }},
        {%- endfor %}
        entity_id,
        chatbot_id
),

steady as (
    select entity_key from variants
    group by entity_key
    having count(*) = 1
),

sent as (
    select
        *,
        row_number() over (partition by entity_key order by event_at asc, {{ arrival_order() }}) as request_number,
    {%- for field in fields %}
    lag(has_{{ field }}) over (
        partition by entity_key order by event_at asc, {{ arrival_order() }}
        ) as had_{{ field }},
    lag({{ field }}) over (
        partition by entity_key order by event_at asc, {{ arrival_order() }}
        ) as last_{{ field }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('int_touched_attributes') }}
    where entity_key not in (select steady.entity_key from steady)
),

attributes as (
    select * from sent
    where
        request_number = 1
        {%- for field in fields %}
        or has_{{ field }} != had_{{ field }}
        or {{ field }} is distinct from last_{{ field }}
        {%- endfor %}
),

grouped as (
    select
        *,
    {%- for field in fields %}
    sum(case when has_{{ field }} then 1 else 0 end) over (
        partition by entity_key order by event_at asc, {{ arrival_order() }}
        rows between unbounded preceding and current row
        ) as {{ field }}_group{{ ',' if not loop.last }}
    {%- endfor %}
    from attributes
),

carried as (
    select
        kind,
        entity_key,
        entity_id,
        chatbot_id,
        event_at,
        {%- for field in fields %}
        max(case when has_{{ field }} then {{ field }} end) over (
            partition by entity_key, {{ field }}_group
        ) as {{ field }},
        {%- endfor %}
        row_number() over (
            partition by entity_key, event_at order by {{ arrival_order('desc') }}
        ) as recency
    from grouped
),

states as (
    select
        kind,
        entity_key,
        entity_id,
        chatbot_id,
        event_at,
        {{ fields | join(', ') }},
        row_number() over (partition by entity_key order by event_at) as state_number,
    {%- for field in fields %}
    lag({{ field }}) over (partition by entity_key order by event_at) as previous_{{ field }}{{ ',' if not loop.last }}
    {%- endfor %}
    from carried
    where recency = 1
),

changes as (
    select
        kind,
        entity_key,
        entity_id,
        chatbot_id,
        event_at,
        {{ fields | join(', ') }},
        state_number
    from states
    where
        state_number = 1
        {%- for field in fields %}
        or {{ field }} is distinct from previous_{{ field }}
        {%- endfor %}

    union all

    select
        kind,
        entity_key,
        entity_id,
        chatbot_id,
        event_at,
        {%- for field in fields %}
        case when has_{{ field }} then {{ field }} end as {{ field }},
        {%- endfor %}
        1 as state_number
    from variants
    where entity_key in (select steady.entity_key from steady)
)

select
    changes.kind,
    changes.entity_key,
    changes.entity_id,
    changes.chatbot_id,
    changes.name,
    changes.email,
    changes.plan,
    changes.industry,
    changes.mrr,
    changes.event_at as valid_from,
    lead(changes.event_at) over (partition by changes.entity_key order by changes.event_at) as valid_to,
    case
        when changes.state_number > 1 then {{ local_date('changes.event_at', 'chatbots.time_zone') }}
    end as shown_from_date,
    {{ local_date(
        'lead(changes.event_at) over (partition by changes.entity_key order by changes.event_at)',
        'chatbots.time_zone'
    ) }} as shown_to_date
from changes
inner join {{ ref('stg_chatbots') }} as chatbots on changes.chatbot_id = chatbots.chatbot_id
