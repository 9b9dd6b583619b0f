with requests as (
    select * from {{ ref('int_touched_requests') }}
),

final as (
    select 'user' as kind, user_key as entity_key from requests where user_key is not null
    union all
    select 'user' as kind, sent_user_key from requests where sent_user_key is not null
    union all
    select 'organization' as kind, organization_key from requests where organization_key is not null
    union all
    select 'organization' as kind, sent_organization_key from requests where sent_organization_key is not null
    union all
    select kind, entity_key from {{ source('inputs', 'changed_entities') }}
)

select distinct
    kind,
    entity_key
from final
