-- What sums that look natural are off by, in whatever snapshot this is run on; docs/bi.md shows it for the sample.
with found as (
    select
        (select count(distinct conversation_key) from fct_conversation_days where organization_key is not null)
            as conversations,
        (select count(distinct user_key) from fct_conversation_days where organization_key is not null) as users,
        (select sum(mrr) from dim_organizations where valid_to is null) as mrr
),

sums as (
    select 'conversations' as figure, 'fct_organization_days' as summed_over, sum(conversations) as total
    from fct_organization_days
    union all
    select 'users', 'fct_organization_days', sum(users) from fct_organization_days
    union all
    select 'MRR', 'dim_organizations', sum(mrr) from dim_organizations
    union all
    select 'conversations', 'organization_months', sum(conversations) from organization_months
    union all
    select 'users', 'organization_months', sum(users) from organization_months
    union all
    select 'MRR', 'organization_months', sum(mrr) from organization_months
    union all
    select 'conversations', 'organizations_all_time', sum(conversations) from organizations_all_time
    union all
    select 'users', 'organizations_all_time', sum(users) from organizations_all_time
    union all
    select 'MRR', 'organizations_all_time', sum(mrr) from organizations_all_time
)

select
    sums.summed_over,
    sums.figure,
    cast(sums.total as decimal(18, 1)) as total,
    case sums.figure
        when 'conversations' then found.conversations
        when 'users' then found.users
        else cast(found.mrr as decimal(18, 1))
    end as exact,
    cast(round((sums.total / exact - 1) * 100, 1) as decimal(9, 1)) as percent_off
from sums, found;
