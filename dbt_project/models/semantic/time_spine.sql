with days as (
    {{ days_between('2000-01-01', '2051-01-01') }}
)

select cast(days.date_day as date) as date_day
from days
