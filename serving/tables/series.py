"""The series of entities: their figures in each day, week or month of a range, none of them left out.

Each bucket is counted anew from the conversations, as the table counts that range: a user who comes twice in a week is
one user of it. What else is told of an entity is in `entity`.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal, get_args

from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import Table
from serving.tables.keys import has_id
from serving.tables.masking import shown_id
from serving.tables.parameters import BadQuery, problem
from serving.tables.query import TableQuery
from serving.tables.ranges import WEEKDAYS, Days
from serving.tables.statement import Statement, counted_days

By = Literal["day", "week", "month"]
STEPS: tuple[By, ...] = get_args(By)
# The finest step that makes no more buckets than this is taken unasked.
USUAL_BUCKETS = 92
MOST_BUCKETS = 4_000
FIGURES = {
    "conversations": "count(*)",
    "users": "count(distinct user_key)",
    "messages": "cast(sum(messages) as bigint)",
    "scored_conversations": "count(sentiment)",
    "sentiment": "cast(sum(sentiment) as double) / nullif(count(sentiment), 0)",
}
# A conversation's mean in a bucket is that of the macro `conversations_in_range` for the bucket's days.
READ = """
    select entity, first_day, {figures}
    from (
        select
            days.entity,
            buckets.first_day,
            any_value(user_key) as user_key,
            sum(messages) as messages,
            cast(sum(score_sum) / nullif(sum(scored_messages), 0) as decimal(18, 12)) as sentiment
        from (
            select *, {entity} as entity from {days}
            where chatbot_id = ? and {theirs} and {organizations}
        ) as days
        asof inner join (select unnest(?::date[]) as first_day) as buckets on buckets.first_day <= days.activity_date
        where days.activity_date <= ?
        group by days.entity, buckets.first_day, conversation_key
    )
    group by entity, first_day
"""


def buckets(days: Days, by: By, week_start: str) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each bucket of a closed range; the outer ones end where the range does."""
    first, last = days
    while first is not None and last is not None and first <= last:
        following = _following(first, by, week_start)
        if following is None or following > last:
            yield first, last
            return
        yield first, following - timedelta(days=1)
        first = following


def _following(day: date, by: By, week_start: str) -> date | None:
    """Return the first day of the next bucket; None behind the end of the calendar."""
    try:
        if by == "month":
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        left = 1 if by == "day" else 7 - (day.weekday() - WEEKDAYS.index(week_start)) % 7
        return day + timedelta(days=left)
    except OverflowError:
        return None


def step_of(days: Days, asked: By | None, usual: int = USUAL_BUCKETS) -> By:
    """Return the step that is asked for, else the finest with few buckets; BadQuery if it makes too many."""
    first, last = days
    length = 1 if first is None or last is None else (last - first).days + 1
    count: dict[By, int] = {"day": length, "week": length // 7 + 2, "month": length // 28 + 2}
    fine: list[By] = [step for step in STEPS if count[step] <= usual]
    by = asked or (fine[0] if fine else "month")
    if count[by] > MOST_BUCKETS:
        message = f"About {count[by]:,} {by}s from {first} to {last} are too many: ask for fewer days or a longer step"
        raise BadQuery([problem("by" if asked else "first_day", "too_many", message)])
    return by


def read_series(
    snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, ids: list[str], days: Days, by: By
) -> dict[str, list[dict[str, Any]]]:
    """Read the figures of each bucket of a closed range, of entities by the ids that this reader may see.

    Counts are 0 where nothing was, the sentiment is None. `users` is told of organizations alone.
    """
    if not ids:
        return {}
    theirs = has_id(query.table, ids, query, chatbot)
    figures = figures_of(query.table)
    organizations = query.counted_organizations()
    sql = READ.format(
        figures=", ".join(FIGURES[name] for name in figures),
        days=counted_days(query, chatbot),
        entity=shown_id(query.table, chatbot),
        theirs=theirs.sql,
        organizations=f"coalesce(organization_id, '') in ({', '.join('?' * len(organizations))})"
        if organizations
        else "true",
    )
    spans = list(buckets(days, by, chatbot.week_start))
    asked = [chatbot.chatbot_id, *theirs.parameters, *organizations, [first for first, _ in spans], days.last]
    rows = Statement(sql, asked).read(snapshot) if spans else []
    counted = {(row[0], row[1]): row[2:] for row in rows}
    nothing = tuple(None if name == "sentiment" else 0 for name in figures)
    return {
        one: [
            {"first_day": first, "last_day": last} | dict(zip(figures, counted.get((one, first), nothing), strict=True))
            for first, last in spans
        ]
        for one in ids
    }


def figures_of(table: Table) -> tuple[str, ...]:
    """Return the figures that a bucket of a table's entity has."""
    return tuple(name for name in FIGURES if name in table.column_names)
