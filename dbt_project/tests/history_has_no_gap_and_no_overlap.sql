{{ config(meta={'dagster': {'ref': {'name': 'dim_users'}}}) }}

-- Every interval ends where the next begins, and only the last is open.

with history as (
    select 'user' as kind, user_key as entity_key, '' as field, valid_from, valid_to
    from {{ ref('dim_users') }}
    union all
    select 'organization' as kind, organization_key, '' as field, valid_from, valid_to
    from {{ ref('dim_organizations') }}
    union all
    select 'custom' as kind, entity_key, field, valid_from, valid_to
    from {{ ref('dim_custom_values') }}
),

neighbours as (
    select
        *,
        lead(valid_from) over (partition by kind, entity_key, field order by valid_from) as next_from
    from history
    where entity_key in (select entity_key from {{ ref('int_touched_entities') }})
)

select * from neighbours
where valid_to is distinct from next_from or valid_to <= valid_from
