-- The one definition of the two tables, Organizations and Users, as DuckDB table macros stored in every snapshot.
-- Page, API, export and analyst call these; search, filters and order belong to the caller.
-- Written so that DuckDB 1.1 can read it; the reader needs no extension: days are stored in the chatbot's zone.
-- A parameter hides an unqualified column of the same name, so every column here is qualified; and an argument is text
-- put in place, so each is read in `asked`, where no table of ours can capture a name in it.

-- Whether there is someone to ask of: nothing is known of no chatbot, and one that the snapshot does not have is an error
-- that names those it has. Kept out of the joins: as a key it made readers on DuckDB 1.4 ten times slower.
create macro has_chatbot(asked_chatbot) as case
    when asked_chatbot is null then false
    when asked_chatbot in (select known.chatbot_id from chatbots as known) then true
    else error(
        'This snapshot has no chatbot ''' || asked_chatbot || '''. It has: '
        || coalesce((select string_agg(known.chatbot_id, ', ' order by known.chatbot_id) from chatbots as known), 'none')
    )
end;

-- The days of the conversations that a range counts. A list of organizations keeps the conversations that belong to these,
-- an empty text in it those that belong to none. What `exclude.csv` leaves out counts on request: excluded := 'include'.
create macro days_in_range(chatbot_id, first_day, last_day, organization_ids := null, excluded := 'leave out') as table
with asked as (
    select
        chatbot_id as chatbot,
        case excluded
            when 'leave out' then false
            when 'include' then true
            else error('excluded must be ''leave out'' or ''include''')
        end as with_excluded,
        cast(organization_ids as varchar[]) as kept_organizations,
        coalesce(cast(first_day as date), date '0001-01-01') as first,
        coalesce(cast(last_day as date), date '9999-12-31') as last
    where has_chatbot(chatbot_id)
)
select days.* exclude (is_excluded)
from asked
inner join (
    select kept.*, false as is_excluded from fct_conversation_days as kept
    union all
    select left_out.*, true as is_excluded from excluded_conversation_days as left_out
) as days
    on days.chatbot_id = asked.chatbot
    and days.activity_date >= asked.first
    and days.activity_date <= asked.last
    and (asked.with_excluded or not days.is_excluded)
where asked.kept_organizations is null or list_contains(asked.kept_organizations, coalesce(days.organization_id, ''));

-- A conversation has one owner, start, device and country, so any of its days tells them; grouping by the number alone is what makes
-- the pages fast.
create macro conversations_in_range(
    chatbot_id, first_day, last_day, organization_ids := null, excluded := 'leave out'
) as table
select
    days.conversation_key,
    any_value(days.conversation_id) as conversation_id,
    any_value(days.user_key) as user_key,
    any_value(days.organization_key) as organization_key,
    any_value(days.conversation_started_at) as conversation_started_at,
    sum(days.messages) as messages,
    sum(days.user_messages) as user_messages,
    sum(days.scored_messages) as scored_messages,
    sum(days.score_sum) as score_sum,
    cast(sum(days.score_sum) / nullif(sum(days.scored_messages), 0) as decimal(18, 12)) as sentiment,
    case when sum(days.scored_messages) = 0 then null
         -- The mean at nine places, half away from zero, beyond 0.2: compared as sums, which are exact.
         when sum(days.score_sum) >= cast(sum(days.scored_messages) as bigint) * 0.2000000005 then 'satisfied'
         when sum(days.score_sum) <= cast(sum(days.scored_messages) as bigint) * -0.2000000005 then 'dissatisfied'
         else 'neutral'
    end as band,
    max(days.last_message_at) as last_activity_at,
    any_value(days.device) as device,
    any_value(days.country) as country
from days_in_range(
    chatbot_id, first_day, last_day, organization_ids := organization_ids, excluded := excluded
) as days
group by days.conversation_key;

create macro organizations(
    chatbot_id, first_day, last_day, attributes := 'range_end', excluded := 'leave out'
) as table
with asked as (
    select
        chatbot_id as chatbot,
        case excluded
            when 'leave out' then false
            when 'include' then true
            else error('excluded must be ''leave out'' or ''include''')
        end as with_excluded,
        -- The day whose end decides which version of an entity's attributes is shown.
        case attributes
            when 'range_end' then coalesce(cast(last_day as date), date '9999-12-31')
            when 'now' then date '9999-12-31'
            else error('attributes must be ''range_end'' or ''now''')
        end as shown_at
    where has_chatbot(chatbot_id)
),
measures as (
    select
        conversations.organization_key,
        count(*) as conversations,
        count(distinct conversations.user_key) as users,
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0) as sentiment,
        max(conversations.last_activity_at) as last_activity_at,
        cast(sum(conversations.messages) as bigint) as messages,
        count(conversations.sentiment) as scored_conversations,
        count(*) - count(conversations.sentiment) as unscored_conversations,
        cast(sum(conversations.score_sum) as double) / nullif(sum(conversations.scored_messages), 0) as message_sentiment,
        count(*) filter (where conversations.band = 'satisfied') / nullif(count(conversations.band), 0) as satisfied_share,
        count(*) filter (where conversations.band = 'neutral') / nullif(count(conversations.band), 0) as neutral_share,
        count(*) filter (where conversations.band = 'dissatisfied') / nullif(count(conversations.band), 0) as dissatisfied_share,
        count(*) filter (where conversations.user_messages > 0) as written_conversations
    from conversations_in_range(chatbot_id, first_day, last_day, excluded := excluded) as conversations
    where conversations.organization_key is not null
    group by conversations.organization_key
),
-- What is left out is part of a life only where it counts.
excluded_lives as (
    select days.organization_key, min(days.first_message_at) as first_seen_at
    from asked
    inner join excluded_conversation_days as days on days.chatbot_id = asked.chatbot and asked.with_excluded
    group by days.organization_key
),
shown as (
    select versions.*
    from asked
    inner join (
        select kept.* from dim_organizations as kept union all select left_out.* from excluded_organizations as left_out
    ) as versions
        on versions.chatbot_id = asked.chatbot
        and asked.shown_at is not null
        and (versions.shown_from_date is null or versions.shown_from_date <= asked.shown_at)
        and (versions.shown_to_date is null or versions.shown_to_date > asked.shown_at)
)
select
    shown.organization_id,
    coalesce(shown.organization_name, shown.organization_id) as organization_name,
    shown.plan,
    shown.industry,
    shown.mrr,
    measures.conversations,
    measures.users,
    measures.sentiment,
    measures.last_activity_at,
    least(shown.first_seen_at, excluded_lives.first_seen_at) as first_seen_at,
    measures.messages,
    measures.scored_conversations,
    measures.unscored_conversations,
    measures.message_sentiment,
    measures.satisfied_share,
    measures.neutral_share,
    measures.dissatisfied_share,
    measures.written_conversations
from measures
inner join shown on shown.organization_key = measures.organization_key
left join excluded_lives on excluded_lives.organization_key = measures.organization_key;

-- With a list of organizations: those who have conversations of these, with the numbers of these conversations alone, so
-- that the users of an organization are those that its row counts.
create macro users(
    chatbot_id, first_day, last_day, attributes := 'range_end', organization_ids := null, excluded := 'leave out'
) as table
with asked as (
    select
        chatbot_id as chatbot,
        case excluded
            when 'leave out' then false
            when 'include' then true
            else error('excluded must be ''leave out'' or ''include''')
        end as with_excluded,
        -- The day whose end decides which version of an entity's attributes is shown.
        case attributes
            when 'range_end' then coalesce(cast(last_day as date), date '9999-12-31')
            when 'now' then date '9999-12-31'
            else error('attributes must be ''range_end'' or ''now''')
        end as shown_at
    where has_chatbot(chatbot_id)
),
measures as (
    select
        conversations.user_key,
        count(*) as conversations,
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0) as sentiment,
        max(conversations.last_activity_at) as last_activity_at,
        cast(sum(conversations.messages) as bigint) as messages,
        count(conversations.sentiment) as scored_conversations,
        count(*) - count(conversations.sentiment) as unscored_conversations,
        cast(sum(conversations.score_sum) as double) / nullif(sum(conversations.scored_messages), 0) as message_sentiment,
        count(*) filter (where conversations.band = 'satisfied') / nullif(count(conversations.band), 0) as satisfied_share,
        count(*) filter (where conversations.band = 'neutral') / nullif(count(conversations.band), 0) as neutral_share,
        count(*) filter (where conversations.band = 'dissatisfied') / nullif(count(conversations.band), 0) as dissatisfied_share,
        count(*) filter (where conversations.user_messages > 0) as written_conversations,
        any_value(conversations.organization_key) as organization_key,
        coalesce(min(conversations.organization_key) != max(conversations.organization_key), false)
            or count(conversations.organization_key) not in (0, count(*)) as has_several
    from conversations_in_range(
        chatbot_id, first_day, last_day, organization_ids := organization_ids, excluded := excluded
    ) as conversations
    where conversations.user_key is not null
    group by conversations.user_key
),
-- Nearly everyone talks for one organization, or for none: only the conversations of the others are told apart by
-- organization, and the one with the newest message found. Doing so for all of them took three times as long.
movers as (
    select
        ranked.user_key,
        count(distinct ranked.organization_key) as organization_count,
        max(ranked.organization_key) filter (where ranked.recency = 1) as newest_key
    from (
        select
            theirs.user_key,
            theirs.organization_key,
            row_number() over (
                partition by theirs.user_key
                order by
                    theirs.last_activity_at desc, theirs.conversation_started_at desc, theirs.conversation_id desc
            ) as recency
        from (
            select
                any_value(days.conversation_id) as conversation_id,
                any_value(days.user_key) as user_key,
                any_value(days.organization_key) as organization_key,
                any_value(days.conversation_started_at) as conversation_started_at,
                max(days.last_message_at) as last_activity_at
            from days_in_range(
                chatbot_id, first_day, last_day, organization_ids := organization_ids, excluded := excluded
            ) as days
            where days.user_key in (select measures.user_key from measures where measures.has_several)
            group by days.conversation_key
        ) as theirs
    ) as ranked
    group by ranked.user_key
),
-- What is left out is part of a life only where it counts.
excluded_lives as (
    select days.user_key, min(days.first_message_at) as first_seen_at
    from asked
    inner join excluded_conversation_days as days on days.chatbot_id = asked.chatbot and asked.with_excluded
    group by days.user_key
),
shown as (
    select versions.*
    from asked
    inner join (
        select kept.* from dim_users as kept union all select left_out.* from excluded_users as left_out
    ) as versions
        on versions.chatbot_id = asked.chatbot
        and asked.shown_at is not null
        and (versions.shown_from_date is null or versions.shown_from_date <= asked.shown_at)
        and (versions.shown_to_date is null or versions.shown_to_date > asked.shown_at)
),
shown_organizations as (
    select versions.*
    from asked
    inner join (
        select kept.* from dim_organizations as kept union all select left_out.* from excluded_organizations as left_out
    ) as versions
        on versions.chatbot_id = asked.chatbot
        and asked.shown_at is not null
        and (versions.shown_from_date is null or versions.shown_from_date <= asked.shown_at)
        and (versions.shown_to_date is null or versions.shown_to_date > asked.shown_at)
)
select
    shown.user_id,
    coalesce(shown.user_name, shown.email, shown.user_id) as user_name,
    shown.email,
    shown_organizations.organization_id,
    coalesce(shown_organizations.organization_name, shown_organizations.organization_id) as organization_name,
    shown.plan,
    shown.industry,
    shown.mrr,
    measures.conversations,
    measures.sentiment,
    measures.last_activity_at,
    least(shown.first_seen_at, excluded_lives.first_seen_at) as first_seen_at,
    measures.messages,
    measures.scored_conversations,
    measures.unscored_conversations,
    measures.message_sentiment,
    measures.satisfied_share,
    measures.neutral_share,
    measures.dissatisfied_share,
    case
        when measures.has_several then movers.organization_count
        when measures.organization_key is null then 0
        else 1
    end as organization_count,
    measures.written_conversations
from measures
inner join shown on shown.user_key = measures.user_key
left join movers on movers.user_key = measures.user_key
left join excluded_lives on excluded_lives.user_key = measures.user_key
left join shown_organizations
    on shown_organizations.organization_key
    = case when measures.has_several then movers.newest_key else measures.organization_key end;

-- The values of custom fields that hold at the end of a day, for entities of one kind: 'user' or 'organization'. A field
-- that was never sent of an entity, or was cleared, has no row.
create macro custom_values(chatbot_id, kind, last_day, attributes := 'range_end', excluded := 'leave out') as table
with asked as (
    select
        chatbot_id as chatbot,
        case excluded
            when 'leave out' then false
            when 'include' then true
            else error('excluded must be ''leave out'' or ''include''')
        end as with_excluded,
        case when kind in ('user', 'organization') then kind
             else error('kind must be ''user'' or ''organization''')
        end as entity_kind,
        -- The day whose end decides which value is shown.
        case attributes
            when 'range_end' then coalesce(cast(last_day as date), date '9999-12-31')
            when 'now' then date '9999-12-31'
            else error('attributes must be ''range_end'' or ''now''')
        end as shown_at
    where has_chatbot(chatbot_id)
)
select
    versions.entity_id,
    versions.field,
    versions.value_type,
    versions.text_value,
    versions.number_value,
    versions.boolean_value
from asked
inner join (
    select kept.*, false as is_excluded from dim_custom_values as kept
    union all
    select left_out.*, true as is_excluded from excluded_custom_values as left_out
) as versions
    on (asked.with_excluded or not versions.is_excluded)
    and versions.chatbot_id = asked.chatbot
    and versions.kind = asked.entity_kind
    and asked.shown_at is not null
    and (versions.shown_from_date is null or versions.shown_from_date <= asked.shown_at)
    and (versions.shown_to_date is null or versions.shown_to_date > asked.shown_at)
where versions.value_type != 'null';
