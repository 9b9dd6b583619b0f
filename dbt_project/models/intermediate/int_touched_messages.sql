with touched as (
    select distinct conversation_key from {{ ref('int_touched_conversations') }}
),

-- Where the messages of the touched conversations lie: their requests tell it, and the engine reads no other day.
places as (
    select distinct
        arrival_date,
        conversation_key
    from {{ ref('int_touched_requests') }}
),

arrivals as (
    select
        owners.chatbot_id,
        messages.conversation_key,
        messages.message_identity,
        messages.record_id,
        messages.position,
        messages.role,
        messages.sent_at,
        messages.received_at,
        messages.source_file,
        messages.source_line
    from {{ ref('stg_messages') }} as messages
    inner join places
        on messages.arrival_date = places.arrival_date and messages.conversation_key = places.conversation_key
    inner join {{ ref('int_touched_owners') }} as owners on messages.conversation_key = owners.conversation_key
),

messages as (
    {{ first_arrivals(
        'arrivals',
        keys=['conversation_key', 'message_identity'],
        place=['source_file', 'source_line', 'position'],
        order=arrival_order() ~ ', position asc'
    ) }}
),

-- Zones are whole minutes apart for as long as events are accepted: far fewer minutes than messages need a calendar.
minutes as (
    select distinct
        chatbot_id,
        date_trunc('minute', sent_at) as sent_minute
    from arrivals
),

calendar as (
    select
        minutes.chatbot_id,
        minutes.sent_minute,
        {{ local_date('minutes.sent_minute', 'chatbots.time_zone') }} as activity_date
    from minutes
    inner join {{ ref('stg_chatbots') }} as chatbots on minutes.chatbot_id = chatbots.chatbot_id
),

analysis_places as (
    select distinct
        analyses.arrival_date,
        analyses.conversation_key
    from {{ ref('stg_analyses') }} as analyses
    inner join touched on analyses.conversation_key = touched.conversation_key
),

arrived_analyses as (
    select analyses.*
    from {{ ref('stg_analyses') }} as analyses
    inner join analysis_places as places
        on analyses.arrival_date = places.arrival_date and analyses.conversation_key = places.conversation_key
),

-- A copy that arrives again is not a newer analysis.
analyses as (
    {{ first_arrivals(
        'arrived_analyses',
        keys=['record_id', 'position'],
        place=['source_file', 'source_line', 'position'],
        order='source_file, source_line'
    ) }}
),

newest_analyses as (
    {{ first_arrivals(
        'analyses',
        keys=['conversation_key', 'message_id'],
        place=['source_file', 'source_line', 'position'],
        order=arrival_order('desc') ~ ', position desc'
    ) }}
),

scores as (
    select
        scores.record_id,
        scores.position,
        max(scores.score) as score,
        max(scores.unscored_reason) as unscored_reason
    from {{ ref('stg_scores') }} as scores
    inner join places
        on scores.arrival_date = places.arrival_date and scores.conversation_key = places.conversation_key
    group by scores.record_id, scores.position
)

select
    messages.chatbot_id,
    messages.conversation_key,
    messages.message_identity,
    messages.role,
    messages.sent_at,
    calendar.activity_date,
    case when messages.role = 'user' then coalesce(analyses.score, scores.score) end as score,
    case
        when messages.role != 'user' then null
        when analyses.score is not null then 'upstream'
        when scores.score is not null then 'vader'
    end as score_source,
    case
        when messages.role = 'user' and analyses.score is null then scores.unscored_reason
    end as unscored_reason
from messages
inner join calendar
    on
        messages.chatbot_id = calendar.chatbot_id
        and date_trunc('minute', messages.sent_at) = calendar.sent_minute
left join newest_analyses as analyses
    on
        messages.conversation_key = analyses.conversation_key
        and messages.message_identity = 'id:' || analyses.message_id
left join scores
    on
        messages.record_id = scores.record_id
        and messages.position = scores.position
