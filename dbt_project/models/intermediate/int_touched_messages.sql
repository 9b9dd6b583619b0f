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
        messages.*,
        row_number() over (
            partition by messages.conversation_key, messages.message_identity
            order by {{ arrival_order() }}, position asc
        ) as arrival_number
    from {{ ref('stg_messages') }} as messages
    inner join places
        on messages.arrival_date = places.arrival_date and messages.conversation_key = places.conversation_key
),

messages as (
    select * from arrivals
    where arrival_number = 1
),

analysis_places as (
    select distinct
        analyses.arrival_date,
        analyses.conversation_key
    from {{ ref('stg_analyses') }} as analyses
    inner join touched on analyses.conversation_key = touched.conversation_key
),

analyses as (
    select
        analyses.*,
        row_number() over (
            partition by analyses.record_id, analyses.position
            order by analyses.source_file, analyses.source_line
        ) as copy_number
    from {{ ref('stg_analyses') }} as analyses
    inner join analysis_places as places
        on analyses.arrival_date = places.arrival_date and analyses.conversation_key = places.conversation_key
),

-- A copy that arrives again is not a newer analysis.
ranked_analyses as (
    select
        conversation_key,
        message_id,
        score,
        row_number() over (
            partition by conversation_key, message_id
            order by {{ arrival_order('desc') }}, position desc
        ) as recency
    from analyses
    where copy_number = 1
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
    owners.chatbot_id,
    messages.conversation_key,
    messages.message_identity,
    messages.role,
    messages.sent_at,
    {{ local_date('messages.sent_at', 'chatbots.time_zone') }} as activity_date,
    case when messages.role = 'user' then coalesce(ranked_analyses.score, scores.score) end as score,
    case
        when messages.role != 'user' then null
        when ranked_analyses.score is not null then 'upstream'
        when scores.score is not null then 'vader'
    end as score_source,
    case
        when messages.role = 'user' and ranked_analyses.score is null then scores.unscored_reason
    end as unscored_reason
from messages
inner join {{ ref('int_touched_owners') }} as owners on messages.conversation_key = owners.conversation_key
inner join {{ ref('stg_chatbots') }} as chatbots on owners.chatbot_id = chatbots.chatbot_id
left join ranked_analyses
    on
        messages.conversation_key = ranked_analyses.conversation_key
        and messages.message_id = ranked_analyses.message_id
        and ranked_analyses.recency = 1
left join scores
    on
        messages.record_id = scores.record_id
        and messages.position = scores.position
