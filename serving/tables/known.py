"""Who was active in a period, without figures: from the days and the history themselves, at a part of a macro's cost.

Equal to what the table macros return for the same days, which a test holds; what it is for is the business of
`comparison` and `results`.
"""

from datetime import date
from typing import Any

from serving.snapshot import Chatbot
from serving.tables.keys import key_of
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.statement import IN_RANGE, Statement, counted_days
from serving.tables.versions import SHOWN, shown_at

ACTIVE = """(
    select distinct {entity}, cast(1 as bigint) as conversations, cast(null as double) as sentiment
    from {days} where chatbot_id = ? and {in_range} and {entity} is not null
)"""
ORGANIZATIONS = """(
    select
        organization_id, coalesce(organization_name, organization_id) as organization_name, plan, industry, mrr,
        first_seen_at
    from dim_organizations
    where chatbot_id = ? and {shown} and organization_key in ({left})
)"""
# A user's organization is that of the conversation with the newest message, as in the macro.
USERS = """(
    select
        theirs.user_id, coalesce(theirs.user_name, theirs.email, theirs.user_id) as user_name, theirs.email,
        shown_organizations.organization_id,
        coalesce(shown_organizations.organization_name, shown_organizations.organization_id) as organization_name,
        theirs.plan, theirs.industry, theirs.mrr, theirs.first_seen_at
    from (select * from dim_users where chatbot_id = ? and {shown}) as theirs
    inner join (
        select
            user_key,
            arg_max_null(organization_key, (last_message_at, conversation_started_at, conversation_id)) as newest_key
        from fct_conversation_days
        where chatbot_id = ? and activity_date <= ? and user_key in ({left})
        group by user_key
    ) as newest on newest.user_key = theirs.user_key
    left join (select * from dim_organizations where chatbot_id = ? and {shown}) as shown_organizations
        on shown_organizations.organization_key = newest.newest_key
)"""
# In a range without a first day nobody is.
LEFT = """
    select {key} from fct_conversation_days where chatbot_id = ? and activity_date <= ?
    group by {key} having max(activity_date) < ?
"""


def is_plain(query: TableQuery, chatbot: Chatbot) -> bool:
    """Return whether every conversation counts that the snapshot's tables hold, and no other."""
    return not query.counts_excluded(chatbot) and not query.counted_organizations()


def active(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return SQL for the ids of whoever has a row in a period, as what stands behind `from`; figures are not told."""
    sql = ACTIVE.format(entity=query.table.id_column, days=counted_days(query, chatbot), in_range=IN_RANGE)
    return Statement(sql, [chatbot.chatbot_id, *days])


def left_behind(query: TableQuery, chatbot: Chatbot, days: Days) -> Statement:
    """Return SQL for the attributes of whoever was active before a range and not in it, as its end knows them."""
    whose, clock, last = chatbot.chatbot_id, shown_at(days, query.attributes), days.last or date.max
    left = LEFT.format(key=key_of(query.table))
    of_left: list[Any] = [whose, last, days.first]
    shown: list[Any] = [whose, clock, clock]
    if query.table.name == "organizations":
        return Statement(ORGANIZATIONS.format(shown=SHOWN, left=left), [*shown, *of_left])
    return Statement(USERS.format(shown=SHOWN, left=left), [*shown, whose, last, *of_left, *shown])
