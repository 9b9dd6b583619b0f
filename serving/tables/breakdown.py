"""The sentiment of a range by what organizations and users are: plan, industry, and the chatbot's own fields.

Each conversation counts once, for the value that its organization, or its user, has by the clock of the attributes.
"""

from dataclasses import dataclass
from typing import Any

from serving.snapshot import Chatbot, CustomField, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.results import Statement, counted, counting, folded
from serving.tables.versions import SHOWN, shown_at

OF_ORGANIZATIONS = ("plan", "industry")
# Own fields that divide conversations into so few groups, and that so many of these have, the most used first: device
# and country are such.
MOST_FIELDS, MOST_VALUES, LEAST_SHARE = 6, 60, 0.1
SHOWN_GROUPS = 12
READ = """
    with conversations as (select * from conversations_in_range(?, ?, ?{counting})),
    valued as ({valued})
    select
        first(valued.label order by conversations.last_activity_at desc, conversations.conversation_key),
        count(*) as conversations,
        count(distinct conversations.organization_key),
        count(distinct conversations.user_key),
        count(conversations.sentiment),
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0)
    from conversations
    left join valued on conversations.{key} = valued.entity_key
    group by valued.value
    order by conversations desc, valued.value
"""
ATTRIBUTE = """
    select organization_key as entity_key, trim({name}) as label, {value} as value
    from {organizations} where chatbot_id = ? and {shown} and {name} is not null
"""
OWN = """
    select entity_key, {text} as label, {value} as value
    from {values} where chatbot_id = ? and kind = ? and field = ? and {shown} and {text} is not null
"""
TEXT = "coalesce(trim(text_value), case boolean_value when true then 'Yes' when false then 'No' end)"


@dataclass(frozen=True)
class Group:
    """The conversations of a value, None for those without one; `sentiment` is None where none is scored."""

    value: str | None
    conversations: int
    organizations: int
    users: int
    scored_conversations: int
    sentiment: float | None


@dataclass(frozen=True)
class Breakdown:
    """A range's conversations by the values of one attribute or own field, the most frequent values first.

    `more` counts the values that are not among the groups.
    """

    name: str
    is_own: bool
    groups: list[Group]
    more: int

    @property
    def divides(self) -> bool:
        """Return whether there are few values, and enough conversations have one."""
        valued = sum(group.conversations for group in self.groups if group.value is not None)
        every = sum(group.conversations for group in self.groups)
        return 1 < len(self.groups) + self.more <= MOST_VALUES and valued >= LEAST_SHARE * every


def read_breakdowns(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> list[Breakdown]:
    """Read the breakdowns of a range: those by an attribute, then those by own fields that divide it."""
    found = [_by_attribute(snapshot, query, chatbot, days, name) for name in OF_ORGANIZATIONS]
    for field in _candidates(chatbot):
        breakdown = _by_field(snapshot, query, chatbot, days, field)
        if breakdown.divides:
            found.append(breakdown)
    return found


def _candidates(chatbot: Chatbot) -> list[CustomField]:
    fields = [field for field in chatbot.custom_fields if field.value_type in ("text", "boolean")]
    return sorted(fields, key=lambda field: (-field.users - field.organizations, field.name))[:MOST_FIELDS]


def _by_attribute(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days, name: str) -> Breakdown:
    valued = ATTRIBUTE.format(
        name=name,
        value=folded(name),
        organizations=counted("dim_organizations", "excluded_organizations", query, chatbot),
        shown=SHOWN,
    )
    clock = shown_at(days, query.attributes)
    groups = _groups(snapshot, query, chatbot, days, valued, [chatbot.chatbot_id, clock, clock], "organization_key")
    return _cut(name, groups, is_own=False)


def _by_field(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days, field: CustomField) -> Breakdown:
    """A field that mostly users have is theirs, else the organizations'."""
    kind = "user" if field.users >= field.organizations else "organization"
    valued = OWN.format(
        text=TEXT,
        value=folded(TEXT),
        values=counted("dim_custom_values", "excluded_custom_values", query, chatbot),
        shown=SHOWN,
    )
    clock = shown_at(days, query.attributes)
    asked = [chatbot.chatbot_id, kind, field.name, clock, clock]
    return _cut(field.name, _groups(snapshot, query, chatbot, days, valued, asked, f"{kind}_key"), is_own=True)


def _groups(
    snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days, valued: str, asked: list[Any], key: str
) -> list[Group]:
    sql = READ.format(counting=counting(query, chatbot), valued=valued, key=key)
    rows = Statement(sql, [chatbot.chatbot_id, *days, *asked]).run(snapshot).fetchall()
    return [Group(*row) for row in rows]


def _cut(name: str, groups: list[Group], *, is_own: bool) -> Breakdown:
    return Breakdown(name, is_own, groups[:SHOWN_GROUPS], max(0, len(groups) - SHOWN_GROUPS))
