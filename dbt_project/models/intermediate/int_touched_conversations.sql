with pending as (
    select * from {{ source('inputs', 'pending_segments') }}
),

requests as (
    select * from {{ ref('stg_requests') }}
),

changed_entities as (
    select * from {{ source('inputs', 'changed_entities') }}
),

with_new_requests as (
    select requests.conversation_key, 'request' as reason
    from requests
    inner join pending
        on requests.arrival_date = pending.arrival_date and requests.segment_id = pending.segment_id
),

with_new_analyses as (
    select analyses.conversation_key, 'score' as reason
    from {{ ref('stg_analyses') }} as analyses
    inner join pending
        on analyses.arrival_date = pending.arrival_date and analyses.segment_id = pending.segment_id
),

with_new_scores as (
    select scores.conversation_key, 'score' as reason
    from {{ ref('stg_scores') }} as scores
    inner join pending
        on scores.arrival_date = pending.arrival_date and scores.segment_id = pending.segment_id
),

with_changed_settings as (
    select requests.conversation_key, 'settings' as reason
    from requests
    inner join {{ ref('stg_chatbots') }} as chatbots on requests.chatbot_id = chatbots.chatbot_id
    where chatbots.is_changed
),

with_changed_identity as (
    select requests.conversation_key, 'identity' as reason
    from requests
    where
        requests.sent_user_key in (select entity_key from changed_entities)
        or requests.sent_organization_key in (select entity_key from changed_entities)
),

final as (
    select * from with_new_requests
    union all
    select * from with_new_analyses
    union all
    select * from with_new_scores
    union all
    select * from with_changed_settings
    union all
    select * from with_changed_identity
)

select distinct
    conversation_key,
    reason
from final
