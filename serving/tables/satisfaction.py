"""How many conversations were satisfied, neutral and dissatisfied in each day, week or month of a range.

A conversation is judged in each bucket by what was sent in it, as the tables judge it for that range.
"""

from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import BANDS, CUT
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.series import By, buckets
from serving.tables.statement import Statement, counted_days

# The rule of the macro `conversations_in_range`, for the days of a bucket: a test holds both equal.
READ = """
    select
        first_day,
        count(*) filter (where score_sum >= scored * {cut}) as satisfied,
        count(*) filter (where score_sum < scored * {cut} and score_sum > scored * -{cut}) as neutral,
        count(*) filter (where score_sum <= scored * -{cut}) as dissatisfied,
        cast(sum(cast(score_sum / scored as decimal(18, 12))) as double) / count(*) as sentiment
    from (
        select buckets.first_day, sum(score_sum) as score_sum, cast(sum(scored_messages) as bigint) as scored
        from (select * from {days} where chatbot_id = ? and activity_date <= ? and scored_messages > 0) as days
        asof inner join (select unnest(?::date[]) as first_day) as buckets on buckets.first_day <= days.activity_date
        group by buckets.first_day, days.conversation_key
    )
    group by first_day
"""


def read_satisfaction(
    snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days, by: By
) -> list[dict[str, Any]]:
    """Read the bands of each bucket of a closed range, 0 where nothing was scored, and the mean sentiment or None."""
    spans = list(buckets(days, by, chatbot.week_start))
    if not spans:
        return []
    sql = READ.format(days=counted_days(query, chatbot), cut=CUT)
    asked = [chatbot.chatbot_id, days.last, [first for first, _ in spans]]
    found = {row[0]: row[1:] for row in Statement(sql, asked).read(snapshot)}
    nothing = (0, 0, 0, None)
    return [
        {
            "first_day": first,
            "last_day": last,
            **dict(zip((*BANDS, "sentiment"), found.get(first, nothing), strict=True)),
        }
        for first, last in spans
    ]
