with requests as (
    select * from {{ ref('int_touched_requests') }}
),

changed_entities as (
    select * from {{ source('inputs', 'changed_entities') }}
),

named as (
    select 'user' as kind, user_key as entity_key from requests where user_key is not null
    union
    select 'user' as kind, sent_user_key from requests where sent_user_key is not null
    union
    select 'organization' as kind, organization_key from requests where organization_key is not null
    union
    select 'organization' as kind, sent_organization_key from requests where sent_organization_key is not null
    union
    select kind, entity_key from changed_entities
),

-- What an entity's history holds from its first new request on is derived anew; what lies before it stays as it is.
-- A change of the mapping, or of the chatbot's zone or unit, derives all of it anew.
news as (
    {%- for entity in ['user', 'organization'] %}
    select
        '{{ entity }}' as kind,
        requests.{{ entity }}_key as entity_key,
        case when chatbots.is_changed then {{ before_any_event() }} else requests.event_at end as event_at
    from requests
    inner join {{ ref('stg_chatbots') }} as chatbots on requests.chatbot_id = chatbots.chatbot_id
    where requests.{{ entity }}_key is not null and (requests.is_new or chatbots.is_changed)
    union all
    {%- endfor %}
    select kind, entity_key, {{ before_any_event() }} from changed_entities
),

oldest_news as (
    select
        kind,
        entity_key,
        min(event_at) as event_at
    from news
    group by kind, entity_key
)

select
    named.kind,
    named.entity_key,
    oldest_news.event_at as anew_from
from named
left join oldest_news on named.kind = oldest_news.kind and named.entity_key = oldest_news.entity_key
