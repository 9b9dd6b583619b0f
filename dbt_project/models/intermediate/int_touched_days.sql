-- Every copy of a message counts here, not only the one that is shown: an older day may have to be emptied.

with places as (
    select distinct
        arrival_date,
        conversation_key
    from {{ ref('int_touched_requests') }}
),

-- Zones are whole minutes apart for as long as events are accepted: far fewer minutes than messages need a calendar.
minutes as (
    select distinct
        owners.chatbot_id,
        date_trunc('minute', messages.sent_at) as sent_minute
    from {{ ref('stg_messages') }} as messages
    inner join places
        on messages.arrival_date = places.arrival_date and messages.conversation_key = places.conversation_key
    inner join {{ ref('int_touched_owners') }} as owners on messages.conversation_key = owners.conversation_key
),

days as (
    select distinct
        chatbots.chatbot_id,
        chatbots.is_changed,
        {{ local_date('minutes.sent_minute', 'chatbots.time_zone') }} as activity_date
    from minutes
    inner join {{ ref('stg_chatbots') }} as chatbots on minutes.chatbot_id = chatbots.chatbot_id
),

final as (
    select chatbot_id, activity_date from days
    -- Zones are up to 26 hours apart: a chatbot whose time zone changed has rows up to two days to either side.
    {%- for shift in [-2, -1, 1, 2] %}
    union all
    select chatbot_id, {{ add_days('activity_date', shift) }} from days where is_changed
    {%- endfor %}
)

select distinct
    chatbot_id,
    activity_date
from final
