-- The named ranges of every chatbot at an instant: what serving/tables/ranges.py computes for the pages, for readers of the
-- snapshot alone. Without time zone data, which DuckDB has in an extension: the stored offsets of `zone_offsets` tell which
-- day it is.
create macro periods_at(instant) as table
with asked as (
    select cast(instant as timestamp) as at
),
local_days as (
    select
        known.chatbot_id,
        cast(asked.at + to_seconds(offsets.utc_offset_seconds) as date) as today,
        list_position(
            ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], lower(known.week_start)
        ) as week_starts_on
    from asked
    cross join chatbots as known
    inner join zone_offsets as offsets
        on offsets.chatbot_id = known.chatbot_id
        and (offsets.valid_from is null or offsets.valid_from <= asked.at)
        and (offsets.valid_to is null or offsets.valid_to > asked.at)
),
begun as (
    select
        local_days.chatbot_id,
        local_days.today,
        cast(local_days.today - cast((isodow(local_days.today) - local_days.week_starts_on + 7) % 7 as integer) as date)
            as week,
        make_date(year(local_days.today), month(local_days.today), 1) as month,
        make_date(year(local_days.today), 1, 1) as year
    from local_days
)
select begun.chatbot_id, 'today' as period, begun.today as first_day, begun.today as last_day from begun
union all
select begun.chatbot_id, 'yesterday', begun.today - 1, begun.today - 1 from begun
union all
select begun.chatbot_id, 'this_week', begun.week, begun.today from begun
union all
select begun.chatbot_id, 'last_week', begun.week - 7, begun.week - 1 from begun
union all
select begun.chatbot_id, 'this_month', begun.month, begun.today from begun
union all
select begun.chatbot_id, 'last_month', cast(begun.month - interval 1 month as date), begun.month - 1 from begun
union all
select begun.chatbot_id, 'last_30_days', begun.today - 29, begun.today from begun
union all
select begun.chatbot_id, 'this_year', begun.year, begun.today from begun
union all
select begun.chatbot_id, 'last_year', cast(begun.year - interval 1 year as date), begun.year - 1 from begun
union all
select begun.chatbot_id, 'all_time', null, null from begun;

-- Whatever time zone the reader's session has, this is the instant in UTC.
create view periods as
select current.chatbot_id, current.period, current.first_day, current.last_day
from periods_at(make_timestamp(epoch_us(now()))) as current;
