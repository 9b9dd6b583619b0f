"""Revenue at risk: the organizations that pay and whose use or sentiment fell, by rules that are stated here.

A range is compared with as much of the one before as its data covers. Since attributes and facts keep their history,
the same rules can be asked for any range of the past, and held against what happened later.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import BAND
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.statement import Statement, counted
from serving.tables.versions import SHOWN, shown_at

# Sentiments are judged at nine places, as everywhere. A mean of fewer scored conversations says nothing, nor does a
# fall from fewer conversations.
MINIMUM_SCORED, MINIMUM_BEFORE = 3, 4
SENTIMENT_DROP = 0.2
ACTIVITY_LEFT = 0.5
RULES = (
    f"dissatisfied: a sentiment below -0.2 over at least {MINIMUM_SCORED} scored conversations",
    f"less satisfied: a sentiment that fell by {SENTIMENT_DROP} or more, over at least {MINIMUM_SCORED} scored "
    "conversations in each of the two periods",
    f"less active: at most {ACTIVITY_LEFT:.0%} of the conversations of the period before, which had at least "
    f"{MINIMUM_BEFORE}",
)
READ = """
    with now as ({now}),
    before as ({before}),
    shown as (
        select organization_id, coalesce(organization_name, organization_id) as organization_name, plan, mrr
        from {organizations} where chatbot_id = ? and {shown}
    ),
    paying as (
        select
            shown.*,
            coalesce(now.conversations, 0) as conversations,
            coalesce(before.conversations, 0) as conversations_before,
            now.sentiment,
            before.sentiment as sentiment_before,
            coalesce(now.scored_conversations, 0) as scored_conversations,
            coalesce(before.scored_conversations, 0) as scored_conversations_before,
            coalesce(now.last_activity_at, before.last_activity_at) as last_activity_at
        from shown
        left join now on shown.organization_id = now.organization_id
        left join before on shown.organization_id = before.organization_id
        where shown.mrr > 0 and (now.organization_id is not null or before.organization_id is not null)
    ),
    judged as (
        select
            *,
            coalesce(scored_conversations >= {minimum_scored} and {band} = 'dissatisfied', false) as is_dissatisfied,
            coalesce(
                scored_conversations >= {minimum_scored} and scored_conversations_before >= {minimum_scored}
                and round(sentiment_before - sentiment, 9) >= {sentiment_drop},
                false
            ) as is_less_satisfied,
            conversations_before >= {minimum_before}
                and conversations <= conversations_before * {activity_left} as is_less_active
        from paying
    )
    select * from judged order by mrr desc, organization_id
"""


@dataclass(frozen=True)
class AtRisk:
    """An organization that pays, what it did in the range and in the period before, and the rules that it meets."""

    organization_id: str
    organization_name: str
    plan: str | None
    mrr: Decimal
    conversations: int
    conversations_before: int
    sentiment: float | None
    sentiment_before: float | None
    scored_conversations: int
    scored_conversations_before: int
    last_activity_at: datetime
    is_dissatisfied: bool
    is_less_satisfied: bool
    is_less_active: bool

    @property
    def reasons(self) -> list[str]:
        """Return the rules that the organization meets, with its figures."""
        said = []
        if self.is_dissatisfied:
            said.append(f"Dissatisfied: {self.sentiment:+.2f} over {self.scored_conversations} scored conversations")
        if self.is_less_satisfied:
            said.append(f"Less satisfied: from {self.sentiment_before:+.2f} to {self.sentiment:+.2f}")
        if self.is_less_active:
            said.append(f"Less active: from {self.conversations_before:,} to {self.conversations:,} conversations")
        return said


@dataclass(frozen=True)
class Risk:
    """The organizations at risk, those that pay most first; `mrr` is theirs, `paying_mrr` that of all who pay.

    Who pays and was active in neither of the two periods is in none of it. Each MRR counts once.
    """

    previous_days: Days
    organizations: list[AtRisk]
    mrr: Decimal
    paying_mrr: Decimal
    paying_organizations: int


def read_risk(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Risk | None:
    """Read who is at risk in a range; None where there is no period before to compare it with."""
    days = query.days(chatbot, now)
    before = query.days_before(chatbot, days)
    if before is None:
        return None
    clock = shown_at(days, query.attributes)
    current, earlier = rows_of(query, chatbot, days, snapshot), rows_of(query, chatbot, before)
    sql = READ.format(
        now=current.sql,
        before=earlier.sql,
        organizations=counted("dim_organizations", "excluded_organizations", query, chatbot),
        shown=SHOWN,
        minimum_scored=MINIMUM_SCORED,
        minimum_before=MINIMUM_BEFORE,
        band=BAND,
        sentiment_drop=SENTIMENT_DROP,
        activity_left=ACTIVITY_LEFT,
    )
    asked: list[Any] = [*current.parameters, *earlier.parameters, chatbot.chatbot_id, clock, clock]
    paying = [AtRisk(*row) for row in Statement(sql, asked, current.holds).read(snapshot)]
    at_risk = [one for one in paying if one.reasons]
    return Risk(
        before,
        at_risk,
        sum((one.mrr for one in at_risk), Decimal(0)),
        sum((one.mrr for one in paying), Decimal(0)),
        len(paying),
    )
