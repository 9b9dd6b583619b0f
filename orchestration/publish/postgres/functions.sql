-- The table macros of `../table_macros.sql` and `../periods.sql` as functions of PostgreSQL: the same columns, rows and
-- digits. Whatever changes there changes here; `tests/postgres/test_functions.py` compares them.
-- Every function is run as its caller, so that row-level security holds in it. Columns are qualified, because
-- parameters and columns of the answer are variables. Names sort by bytes, as in DuckDB: collate "C".

-- Whether there is someone to ask of: nothing is known of no chatbot, and one that the caller does not see is an error.
create function clientele.has_chatbot(asked_chatbot text) returns boolean
language plpgsql stable as $$
begin
    if asked_chatbot is null then
        return false;
    end if;
    if exists (select from clientele.chatbots as known where known.chatbot_id = asked_chatbot) then
        return true;
    end if;
    raise exception using
        errcode = 'invalid_parameter_value',
        message = 'This snapshot has no chatbot ''' || asked_chatbot || '''. It has: ' || coalesce(
            (
                select string_agg(known.chatbot_id, ', ' order by known.chatbot_id collate "C")
                from clientele.chatbots as known
            ),
            'none'
        );
end
$$;

create function clientele.counts_excluded(excluded text) returns boolean
language plpgsql immutable as $$
begin
    if excluded in ('leave out', 'include') then
        return excluded = 'include';
    end if;
    raise exception using errcode = 'invalid_parameter_value', message = 'excluded must be ''leave out'' or ''include''';
end
$$;
comment on function clientele.counts_excluded is 'Whether what `exclude.csv` leaves out counts; an error for another word.';

create function clientele.shown_at(attributes text, last_day date) returns date
language plpgsql immutable as $$
begin
    case attributes
        when 'range_end' then return coalesce(last_day, date '9999-12-31');
        when 'now' then return date '9999-12-31';
        else raise exception using
            errcode = 'invalid_parameter_value', message = 'attributes must be ''range_end'' or ''now''';
    end case;
end
$$;
comment on function clientele.shown_at is
'The day whose end decides which version of an entity''s attributes is shown; an error for another word.';

-- DuckDB takes a decimal that a double cannot hold apart: whole and fraction are rounded each.
create function clientele.double_of(score_sum numeric) returns double precision
language sql immutable as $$
    select case
        when abs(score_sum) <= 9007.199254740992 then cast(score_sum as double precision)
        else cast(trunc(score_sum) as double precision) + cast(score_sum - trunc(score_sum) as double precision)
    end
$$;
comment on function clientele.double_of is 'A sum of scores as the double that DuckDB makes of it.';

-- Half away from zero: round() of a double would go to the even one.
create function clientele.mean_of(trillionths double precision) returns numeric
language sql immutable as $$
    select cast(
        cast(
            trunc(trillionths)
            + case when abs(trillionths - trunc(trillionths)) >= 0.5 then sign(trillionths) else 0 end as bigint
        ) * 0.000000000001 as numeric(18, 12)
    )
$$;
comment on function clientele.mean_of is 'A conversation''s mean score at twelve places, of the mean times 10^12.';

-- What every figure is made of; `conversations_in_range` checks what it is asked, and this is what it asks.
create function clientele.conversation_measures(
    chatbot text, first_day date, last_day date, organization_ids text[], with_excluded boolean
) returns table (
    conversation_key bigint, conversation_id text, user_key bigint, organization_key bigint,
    conversation_started_at timestamptz, messages bigint, user_messages bigint, scored_messages bigint,
    score_sum numeric, sentiment numeric, band text, last_activity_at timestamptz, device text, country text
)
language sql stable as $$
    select
        scaled.conversation_key,
        scaled.conversation_id,
        scaled.user_key,
        scaled.organization_key,
        scaled.conversation_started_at,
        scaled.messages,
        scaled.user_messages,
        scaled.scored_messages,
        scaled.score_sum,
        clientele.mean_of(scaled.mean),
        case
            when scaled.scored_messages = 0 then null
            -- The mean at nine places, half away from zero, beyond 0.2: compared as sums, which are exact.
            when scaled.score_sum >= scaled.scored_messages * 0.2000000005 then 'satisfied'
            when scaled.score_sum <= scaled.scored_messages * -0.2000000005 then 'dissatisfied'
            else 'neutral'
        end,
        scaled.last_activity_at,
        scaled.device,
        scaled.country
    from (
        select
            summed.*,
            clientele.double_of(summed.score_sum)
            / nullif(cast(summed.scored_messages as double precision), 0) * 1e12::double precision as mean
        from (
            select
                days.conversation_key,
                max(days.conversation_id) as conversation_id,
                max(days.user_key) as user_key,
                max(days.organization_key) as organization_key,
                max(days.conversation_started_at) as conversation_started_at,
                sum(days.messages) as messages,
                sum(days.user_messages) as user_messages,
                sum(days.scored_messages) as scored_messages,
                sum(days.score_sum) as score_sum,
                max(days.last_message_at) as last_activity_at,
                max(days.device) as device,
                max(days.country) as country
            from (
                select kept.*
                from clientele.fct_conversation_days as kept
                where
                    kept.chatbot_id = conversation_measures.chatbot
                    and kept.activity_date >= coalesce(conversation_measures.first_day, date '-infinity')
                    and kept.activity_date <= coalesce(conversation_measures.last_day, date 'infinity')
                union all
                select left_out.*
                from clientele.excluded_conversation_days as left_out
                where
                    conversation_measures.with_excluded
                    and left_out.chatbot_id = conversation_measures.chatbot
                    and left_out.activity_date >= coalesce(conversation_measures.first_day, date '-infinity')
                    and left_out.activity_date <= coalesce(conversation_measures.last_day, date 'infinity')
            ) as days
            where
                conversation_measures.organization_ids is null
                or coalesce(days.organization_id, '') = any (conversation_measures.organization_ids)
            group by days.conversation_key
        ) as summed
    ) as scaled
$$;
comment on function clientele.conversation_measures is
'One row per conversation with a message in the range: what `conversations_in_range` returns, of an unknown chatbot too.';

create function clientele.conversations_in_range(
    chatbot text, first_day date, last_day date, organization_ids text[] default null,
    excluded text default 'leave out'
) returns table (
    conversation_key bigint, conversation_id text, user_key bigint, organization_key bigint,
    conversation_started_at timestamptz, messages bigint, user_messages bigint, scored_messages bigint,
    score_sum numeric, sentiment numeric, band text, last_activity_at timestamptz, device text, country text
)
language plpgsql stable set plan_cache_mode to force_custom_plan as $$
declare
    with_excluded constant boolean not null := clientele.counts_excluded(excluded);
begin
    if clientele.has_chatbot(chatbot) then
        return query select measured.*
        from clientele.conversation_measures(chatbot, first_day, last_day, organization_ids, with_excluded) as measured;
    end if;
end
$$;

create function clientele.days_in_range(
    chatbot text, first_day date, last_day date, organization_ids text[] default null,
    excluded text default 'leave out'
) returns table (
    chatbot_id text, activity_date date, conversation_id text, user_id text, organization_id text, messages integer,
    user_messages integer, scored_messages integer, other_language_messages integer, no_known_word_messages integer,
    score_sum numeric, first_message_at timestamptz, last_message_at timestamptz, conversation_started_at timestamptz,
    named_users integer, device text, country text, conversation_key bigint, user_key bigint, organization_key bigint
)
language plpgsql stable set plan_cache_mode to force_custom_plan as $$
declare
    with_excluded constant boolean not null := clientele.counts_excluded(excluded);
begin
    if clientele.has_chatbot(chatbot) then
        return query select
            days.chatbot_id, days.activity_date, days.conversation_id, days.user_id, days.organization_id,
            days.messages, days.user_messages, days.scored_messages, days.other_language_messages,
            days.no_known_word_messages, days.score_sum, days.first_message_at, days.last_message_at,
            days.conversation_started_at, days.named_users, days.device, days.country, days.conversation_key, days.user_key,
            days.organization_key
        from (
            select kept.* from clientele.fct_conversation_days as kept
            union all
            select left_out.* from clientele.excluded_conversation_days as left_out where with_excluded
        ) as days
        where
            days.chatbot_id = days_in_range.chatbot
            and days.activity_date >= coalesce(days_in_range.first_day, date '-infinity')
            and days.activity_date <= coalesce(days_in_range.last_day, date 'infinity')
            and (
                days_in_range.organization_ids is null
                or coalesce(days.organization_id, '') = any (days_in_range.organization_ids)
            );
    end if;
end
$$;

create function clientele.organizations(
    chatbot text, first_day date, last_day date, attributes text default 'range_end',
    excluded text default 'leave out'
) returns table (
    organization_id text, organization_name text, plan text, industry text, mrr numeric, conversations bigint,
    users bigint, sentiment double precision, last_activity_at timestamptz, first_seen_at timestamptz, messages bigint,
    scored_conversations bigint, unscored_conversations bigint, message_sentiment double precision,
    satisfied_share double precision, neutral_share double precision, dissatisfied_share double precision,
    written_conversations bigint
)
language plpgsql stable set plan_cache_mode to force_custom_plan as $$
declare
    with_excluded constant boolean not null := clientele.counts_excluded(excluded);
    shown_at constant date := clientele.shown_at(attributes, last_day);
begin
    if not clientele.has_chatbot(chatbot) then
        return;
    end if;
    return query
    with measures as (
        select
            measured.organization_key,
            count(*) as conversations,
            count(distinct measured.user_key) as users,
            clientele.double_of(sum(measured.sentiment)) / nullif(count(measured.sentiment), 0) as sentiment,
            max(measured.last_activity_at) as last_activity_at,
            cast(sum(measured.messages) as bigint) as messages,
            count(measured.sentiment) as scored_conversations,
            count(*) - count(measured.sentiment) as unscored_conversations,
            clientele.double_of(sum(measured.score_sum))
            / cast(nullif(sum(measured.scored_messages), 0) as double precision) as message_sentiment,
            cast(count(*) filter (where measured.band = 'satisfied') as double precision)
            / nullif(count(measured.band), 0) as satisfied_share,
            cast(count(*) filter (where measured.band = 'neutral') as double precision)
            / nullif(count(measured.band), 0) as neutral_share,
            cast(count(*) filter (where measured.band = 'dissatisfied') as double precision)
            / nullif(count(measured.band), 0) as dissatisfied_share,
            count(*) filter (where measured.user_messages > 0) as written_conversations
        from clientele.conversation_measures(chatbot, first_day, last_day, null, with_excluded) as measured
        where measured.organization_key is not null
        group by measured.organization_key
    ),
    -- What is left out is part of a life only where it counts.
    excluded_lives as (
        select days.organization_key, min(days.first_message_at) as first_seen_at
        from clientele.excluded_conversation_days as days
        where days.chatbot_id = chatbot and with_excluded
        group by days.organization_key
    ),
    shown as (
        select versions.*
        from (
            select kept.* from clientele.dim_organizations as kept
            union all
            select left_out.* from clientele.excluded_organizations as left_out
        ) as versions
        where
            versions.chatbot_id = chatbot
            and (versions.shown_from_date is null or versions.shown_from_date <= shown_at)
            and (versions.shown_to_date is null or versions.shown_to_date > shown_at)
    )
    select
        shown.organization_id,
        coalesce(shown.organization_name, shown.organization_id),
        shown.plan,
        shown.industry,
        shown.mrr,
        measures.conversations,
        measures.users,
        measures.sentiment,
        measures.last_activity_at,
        least(shown.first_seen_at, excluded_lives.first_seen_at),
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
end
$$;

create function clientele.users(
    chatbot text, first_day date, last_day date, attributes text default 'range_end',
    organization_ids text[] default null, excluded text default 'leave out'
) returns table (
    user_id text, user_name text, email text, organization_id text, organization_name text, plan text, industry text,
    mrr numeric, conversations bigint, sentiment double precision, last_activity_at timestamptz,
    first_seen_at timestamptz, messages bigint, scored_conversations bigint, unscored_conversations bigint,
    message_sentiment double precision, satisfied_share double precision, neutral_share double precision,
    dissatisfied_share double precision, organization_count bigint, written_conversations bigint
)
language plpgsql stable set plan_cache_mode to force_custom_plan as $$
declare
    with_excluded constant boolean not null := clientele.counts_excluded(excluded);
    shown_at constant date := clientele.shown_at(attributes, last_day);
begin
    if not clientele.has_chatbot(chatbot) then
        return;
    end if;
    return query
    with measured as materialized (
        select own.*
        from clientele.conversation_measures(
            chatbot, first_day, last_day, organization_ids, with_excluded
        ) as own
        where own.user_key is not null
    ),
    measures as (
        select
            measured.user_key,
            count(*) as conversations,
            clientele.double_of(sum(measured.sentiment)) / nullif(count(measured.sentiment), 0) as sentiment,
            max(measured.last_activity_at) as last_activity_at,
            cast(sum(measured.messages) as bigint) as messages,
            count(measured.sentiment) as scored_conversations,
            count(*) - count(measured.sentiment) as unscored_conversations,
            clientele.double_of(sum(measured.score_sum))
            / cast(nullif(sum(measured.scored_messages), 0) as double precision) as message_sentiment,
            cast(count(*) filter (where measured.band = 'satisfied') as double precision)
            / nullif(count(measured.band), 0) as satisfied_share,
            cast(count(*) filter (where measured.band = 'neutral') as double precision)
            / nullif(count(measured.band), 0) as neutral_share,
            cast(count(*) filter (where measured.band = 'dissatisfied') as double precision)
            / nullif(count(measured.band), 0) as dissatisfied_share,
            count(distinct measured.organization_key) as organization_count,
            count(*) filter (where measured.user_messages > 0) as written_conversations
        from measured
        group by measured.user_key
    ),
    -- A user's organization is that of the conversation with the newest message; then the later begun, the greater id.
    newest as (
        select distinct on (measured.user_key) measured.user_key, measured.organization_key
        from measured
        order by
            measured.user_key,
            measured.last_activity_at desc,
            measured.conversation_started_at desc,
            measured.conversation_id collate "C" desc
    ),
    -- What is left out is part of a life only where it counts.
    excluded_lives as (
        select days.user_key, min(days.first_message_at) as first_seen_at
        from clientele.excluded_conversation_days as days
        where days.chatbot_id = chatbot and with_excluded
        group by days.user_key
    ),
    shown as (
        select versions.*
        from (
            select kept.* from clientele.dim_users as kept
            union all
            select left_out.* from clientele.excluded_users as left_out
        ) as versions
        where
            versions.chatbot_id = chatbot
            and (versions.shown_from_date is null or versions.shown_from_date <= shown_at)
            and (versions.shown_to_date is null or versions.shown_to_date > shown_at)
    ),
    shown_organizations as (
        select versions.*
        from (
            select kept.* from clientele.dim_organizations as kept
            union all
            select left_out.* from clientele.excluded_organizations as left_out
        ) as versions
        where
            versions.chatbot_id = chatbot
            and (versions.shown_from_date is null or versions.shown_from_date <= shown_at)
            and (versions.shown_to_date is null or versions.shown_to_date > shown_at)
    )
    select
        shown.user_id,
        coalesce(shown.user_name, shown.email, shown.user_id),
        shown.email,
        shown_organizations.organization_id,
        coalesce(shown_organizations.organization_name, shown_organizations.organization_id),
        shown.plan,
        shown.industry,
        shown.mrr,
        measures.conversations,
        measures.sentiment,
        measures.last_activity_at,
        least(shown.first_seen_at, excluded_lives.first_seen_at),
        measures.messages,
        measures.scored_conversations,
        measures.unscored_conversations,
        measures.message_sentiment,
        measures.satisfied_share,
        measures.neutral_share,
        measures.dissatisfied_share,
        measures.organization_count,
        measures.written_conversations
    from measures
    inner join shown on shown.user_key = measures.user_key
    inner join newest on newest.user_key = measures.user_key
    left join excluded_lives on excluded_lives.user_key = measures.user_key
    left join shown_organizations on shown_organizations.organization_key = newest.organization_key;
end
$$;

create function clientele.custom_values(
    chatbot text, kind text, last_day date, attributes text default 'range_end', excluded text default 'leave out'
) returns table (
    entity_id text, field text, value_type text, text_value text, number_value numeric, boolean_value boolean
)
language plpgsql stable set plan_cache_mode to force_custom_plan as $$
declare
    with_excluded constant boolean not null := clientele.counts_excluded(excluded);
    shown_at constant date := clientele.shown_at(attributes, last_day);
begin
    if kind is null or kind not in ('user', 'organization') then
        raise exception using
            errcode = 'invalid_parameter_value', message = 'kind must be ''user'' or ''organization''';
    end if;
    if not clientele.has_chatbot(chatbot) then
        return;
    end if;
    return query
    select
        versions.entity_id,
        versions.field,
        versions.value_type,
        versions.text_value,
        versions.number_value,
        versions.boolean_value
    from (
        select kept.* from clientele.dim_custom_values as kept
        union all
        select left_out.* from clientele.excluded_custom_values as left_out where with_excluded
    ) as versions
    where
        versions.chatbot_id = chatbot
        and versions.kind = custom_values.kind
        and (versions.shown_from_date is null or versions.shown_from_date <= shown_at)
        and (versions.shown_to_date is null or versions.shown_to_date > shown_at)
        and versions.value_type != 'null';
end
$$;

-- The stored offsets tell which day it is, not the server's own rules of time zones: the pages use the former.
create function clientele.periods_at(instant timestamptz) returns table (
    chatbot_id text, period text, first_day date, last_day date
)
language sql stable as $$
    with local_days as (
        select
            known.chatbot_id,
            cast(
                instant at time zone 'UTC' + offsets.utc_offset_seconds * interval '1 second' as date
            ) as today,
            array_position(
                array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
                lower(known.week_start collate "C")
            ) as week_starts_on
        from clientele.chatbots as known
        inner join clientele.zone_offsets as offsets
            on offsets.chatbot_id = known.chatbot_id
            and (offsets.valid_from is null or offsets.valid_from <= instant)
            and (offsets.valid_to is null or offsets.valid_to > instant)
    ),
    begun as (
        select
            local_days.chatbot_id,
            local_days.today,
            local_days.today - (cast(extract(isodow from local_days.today) as integer) - week_starts_on + 7) % 7 as week,
            cast(date_trunc('month', cast(local_days.today as timestamp)) as date) as month,
            cast(date_trunc('year', cast(local_days.today as timestamp)) as date) as year
        from local_days
    )
    select begun.chatbot_id, named.period, named.first_day, named.last_day
    from begun
    cross join lateral (
        values
        ('today', begun.today, begun.today),
        ('yesterday', begun.today - 1, begun.today - 1),
        ('this_week', begun.week, begun.today),
        ('last_week', begun.week - 7, begun.week - 1),
        ('this_month', begun.month, begun.today),
        ('last_month', cast(begun.month - interval '1 month' as date), begun.month - 1),
        ('last_30_days', begun.today - 29, begun.today),
        ('this_year', begun.year, begun.today),
        ('last_year', cast(begun.year - interval '1 year' as date), begun.year - 1),
        ('all_time', null, null)
    ) as named (period, first_day, last_day)
$$;
