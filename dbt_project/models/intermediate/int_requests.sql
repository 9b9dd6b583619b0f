{{ config(materialized='view') }}

with requests as (
    select * from {{ ref('stg_requests') }}
),

identity as (
    select * from {{ source('inputs', 'identity') }}
)

select
    requests.*,
    coalesce(user_identity.to_id, requests.sent_user_id) as user_id,
    coalesce(user_identity.to_key, requests.sent_user_key) as user_key,
    coalesce(organization_identity.to_id, requests.sent_organization_id) as organization_id,
    coalesce(organization_identity.to_key, requests.sent_organization_key) as organization_key
from requests
left join identity as user_identity
    on requests.sent_user_key = user_identity.from_key
left join identity as organization_identity
    on requests.sent_organization_key = organization_identity.from_key
