-- Which organizations that pay were at risk on each day, by the rules of `serving/tables/risk.py`, and what came after:
-- for readers of the snapshot, with the figures that a page has for the same days. Five whole weeks that end on the day are
-- compared with the five before. Not four: that is a February, which pages compare with the whole of January.
--
-- A period's figures are found for every day at once, by what changes from one day to the next: a conversation counts from
-- its day on, for 35 days. So a year costs some seconds, and nothing is stored.
create macro organization_risk(chatbot_id, first_day, last_day, excluded := 'leave out') as table
with covered as (
    select
        asked.chatbot,
        asked.first,
        least(asked.last, cast(info.data_through + to_seconds(offsets.utc_offset_seconds) as date)) as last,
        cast(info.data_through + to_seconds(offsets.utc_offset_seconds) as date) as through
    from (
        select
            chatbot_id as chatbot,
            coalesce(cast(first_day as date), date '0001-01-01') as first,
            coalesce(cast(last_day as date), date '9999-12-31') as last
        where has_chatbot(chatbot_id)
    ) as asked
    cross join snapshot_info as info
    inner join zone_offsets as offsets
        on offsets.chatbot_id = asked.chatbot
        and (offsets.valid_from is null or offsets.valid_from <= info.data_through)
        and (offsets.valid_to is null or offsets.valid_to > info.data_through)
),
spoken as (
    select
        days.organization_key,
        days.conversation_key,
        days.activity_date,
        days.score_sum,
        days.scored_messages,
        count(*) over (partition by days.conversation_key) as days_spoken
    from days_in_range(
        chatbot_id, cast(first_day as date) - 69, cast(last_day as date) + 35, excluded := excluded
    ) as days
    where days.organization_key is not null
),
-- A conversation of one day, most of them, says the same in every period that holds the day.
of_one_day as (
    select
        means.organization_key,
        means.activity_date,
        count(*) as conversations,
        count(means.sentiment) as scored_conversations,
        coalesce(sum(means.sentiment), 0) as sentiments
    from (
        select
            spoken.organization_key,
            spoken.activity_date,
            cast(
                cast(spoken.score_sum as decimal(38, 12)) / nullif(cast(spoken.scored_messages as hugeint), 0)
                as decimal(18, 12)
            ) as sentiment
        from spoken
        where spoken.days_spoken = 1
    ) as means
    group by means.organization_key, means.activity_date
),
-- Of the others: what the period that ends on a day holds, on each day on which that changes.
of_several_days as (
    select
        turns.organization_key,
        turns.conversation_key,
        turns.day,
        count(held.activity_date) > 0 as is_held,
        cast(sum(held.score_sum) / nullif(sum(held.scored_messages), 0) as decimal(18, 12)) as sentiment
    from (
        select distinct spoken.organization_key, spoken.conversation_key, spoken.activity_date + shifts.days as day
        from spoken
        cross join (values (0), (35)) as shifts (days)
        where spoken.days_spoken > 1
    ) as turns
    left join spoken as held
        on held.days_spoken > 1
        and held.conversation_key = turns.conversation_key
        and held.activity_date <= turns.day
        and held.activity_date > turns.day - 35
    group by turns.organization_key, turns.conversation_key, turns.day
),
changes as (
    select
        every.organization_key,
        every.day,
        sum(every.conversations) as conversations,
        sum(every.scored_conversations) as scored_conversations,
        sum(every.sentiments) as sentiments
    from (
        select
            own.organization_key, own.activity_date as day, own.conversations, own.scored_conversations, own.sentiments
        from of_one_day as own
        union all
        select
            own.organization_key, own.activity_date + 35, -own.conversations, -own.scored_conversations, -own.sentiments
        from of_one_day as own
        union all
        select
            own.organization_key,
            own.day,
            cast(own.is_held as integer) - coalesce(cast(lag(own.is_held) over turning as integer), 0),
            cast(own.sentiment is not null as integer) - cast(lag(own.sentiment) over turning is not null as integer),
            coalesce(own.sentiment, 0) - coalesce(lag(own.sentiment) over turning, 0)
        from of_several_days as own
        window turning as (partition by own.conversation_key order by own.day)
    ) as every
    group by every.organization_key, every.day
),
-- Every day, so that the period before is that of 35 rows before, and the one after that of 35 rows later.
every_day as (
    select lives.organization_key, calendar.day
    from covered
    cross join (
        select spoken.organization_key, min(spoken.activity_date) as first, max(spoken.activity_date) as last
        from spoken
        group by spoken.organization_key
    ) as lives
    inner join (
        select cast(unnest(generate_series(ends.first, ends.last + 69, interval 1 day)) as date) as day
        from (
            select min(known.activity_date) as first, max(known.activity_date) as last
            from (
                select kept.activity_date from fct_conversation_days as kept
                union all
                select left_out.activity_date from excluded_conversation_days as left_out
            ) as known
        ) as ends
    ) as calendar
        on calendar.day >= lives.first
        and calendar.day <= least(lives.last + 69, covered.last + 35)
),
ending as (
    select
        every_day.organization_key,
        every_day.day,
        coalesce(sum(changes.conversations) over so_far, 0) as conversations,
        coalesce(sum(changes.scored_conversations) over so_far, 0) as scored_conversations,
        coalesce(sum(changes.sentiments) over so_far, 0) as sentiments
    from every_day
    left join changes on changes.organization_key = every_day.organization_key and changes.day = every_day.day
    window so_far as (partition by every_day.organization_key order by every_day.day)
),
beside as (
    select
        ending.organization_key,
        ending.day,
        ending.conversations,
        coalesce(lag(ending.conversations, 35) over daily, 0) as conversations_before,
        ending.scored_conversations,
        coalesce(lag(ending.scored_conversations, 35) over daily, 0) as scored_conversations_before,
        cast(ending.sentiments as double) / nullif(ending.scored_conversations, 0) as sentiment,
        cast(lag(ending.sentiments, 35) over daily as double)
            / nullif(lag(ending.scored_conversations, 35) over daily, 0) as sentiment_before,
        coalesce(lead(ending.conversations, 35) over daily, 0) as conversations_after
    from ending
    window daily as (partition by ending.organization_key order by ending.day)
),
versions as (
    select
        every.*,
        coalesce(every.shown_from_date, date '0001-01-01') as shown_from,
        coalesce(every.shown_to_date, date '9999-12-31') as shown_to
    from (
        select kept.* from dim_organizations as kept union all select left_out.* from excluded_organizations as left_out
    ) as every
),
paying as (
    select
        covered.chatbot,
        case when beside.day + 35 <= covered.through then beside.day + 35 end as later_day,
        shown.organization_id,
        shown.organization_name,
        shown.plan,
        shown.mrr,
        coalesce(beside.scored_conversations >= 3 and beside.sentiment <= -0.2000000005, false) as is_dissatisfied,
        coalesce(
            beside.scored_conversations >= 3 and beside.scored_conversations_before >= 3
            and round(beside.sentiment_before - beside.sentiment, 9) >= 0.2,
            false
        ) as is_less_satisfied,
        beside.conversations_before >= 4 and beside.conversations <= beside.conversations_before * 0.5 as is_less_active,
        beside.*
    from covered
    inner join beside
        on beside.day >= covered.first
        and beside.day <= covered.last
        and beside.conversations + beside.conversations_before > 0
    inner join versions as shown
        on shown.chatbot_id = covered.chatbot
        and shown.organization_key = beside.organization_key
        and shown.mrr > 0
        and shown.shown_from <= beside.day
        and shown.shown_to > beside.day
)
select
    paying.day as as_of_date,
    paying.organization_id,
    coalesce(paying.organization_name, paying.organization_id) as organization_name,
    paying.plan,
    paying.mrr,
    paying.is_dissatisfied or paying.is_less_satisfied or paying.is_less_active as is_at_risk,
    paying.is_dissatisfied,
    paying.is_less_satisfied,
    paying.is_less_active,
    cast(paying.conversations as bigint) as conversations,
    cast(paying.conversations_before as bigint) as conversations_before,
    paying.sentiment,
    paying.sentiment_before,
    cast(paying.scored_conversations as bigint) as scored_conversations,
    cast(paying.scored_conversations_before as bigint) as scored_conversations_before,
    cast(case when paying.later_day is not null then paying.conversations_after end as bigint) as conversations_after,
    later.mrr as mrr_after
from paying
left join versions as later
    on later.chatbot_id = paying.chatbot
    and later.organization_key = paying.organization_key
    and later.shown_from <= paying.later_day
    and later.shown_to > paying.later_day;
