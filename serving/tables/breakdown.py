"""The sentiment of a range by plan and industry, by device and country, and by the chatbot's own fields.

Each conversation counts once: for the value that its organization, or its user, has by the clock of the attributes, or
for the device and the country of its own sessions.
"""

from dataclasses import dataclass

from serving.snapshot import Chatbot, CustomField, Snapshot
from serving.tables.query import TableQuery
from serving.tables.ranges import Days
from serving.tables.statement import Statement, counted, counting, folded
from serving.tables.versions import SHOWN, shown_at

OF_ORGANIZATIONS = ("plan", "industry")
OF_CONVERSATIONS = ("device", "country")
# Own fields that divide conversations into so few groups, and that so many of these have, the most used first.
MOST_FIELDS, MOST_VALUES, LEAST_SHARE = 6, 60, 0.1
SHOWN_GROUPS = 12
READ = """
    with conversations as materialized (
        select conversation_key, user_key, organization_key, sentiment, last_activity_at, device, country
        from conversations_in_range(?, ?, ?{counting})
    )
    {parts}
    order by part, conversations desc, folded_value
"""
PART = """
    select
        {part} as part,
        first(valued.label order by conversations.last_activity_at desc, conversations.conversation_key),
        count(*) as conversations,
        count(distinct conversations.organization_key),
        count(distinct conversations.user_key),
        count(conversations.sentiment),
        cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0),
        valued.value as folded_value
    from conversations
    left join ({valued}) as valued on conversations.{key} = valued.entity_key
    group by valued.value
"""
SPOKEN = """
    select conversation_key as entity_key, trim({name}) as label, {value} as value
    from conversations where trim({name}) != ''
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
    def is_of_conversations(self) -> bool:
        """Return whether the value is the conversation's, not that of whom it belongs to."""
        return not self.is_own and self.name in OF_CONVERSATIONS

    @property
    def is_known(self) -> bool:
        """Return whether any conversation has a value."""
        return any(group.value is not None for group in self.groups)

    @property
    def divides(self) -> bool:
        """Return whether there are few values, and enough conversations have one."""
        valued = sum(group.conversations for group in self.groups if group.value is not None)
        every = sum(group.conversations for group in self.groups)
        return 1 < len(self.groups) + self.more <= MOST_VALUES and valued >= LEAST_SHARE * every


def read_breakdowns(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, days: Days) -> list[Breakdown]:
    """Read the breakdowns of a range: by attributes, by what sessions say if they do, by own fields that divide it."""
    fields = _candidates(chatbot)
    valued = [_of_attribute(query, chatbot, days, name) for name in OF_ORGANIZATIONS]
    valued += [_of_conversations(name) for name in OF_CONVERSATIONS]
    valued += [_of_field(query, chatbot, days, field) for field in fields]
    parts = [PART.format(part=part, valued=one.sql, key=key) for part, (key, one) in enumerate(valued)]
    sql = READ.format(counting=counting(query, chatbot), parts=" union all ".join(parts))
    asked = [chatbot.chatbot_id, *days, *(value for _, one in valued for value in one.parameters)]
    groups: list[list[Group]] = [[] for _ in parts]
    for part, *figures, _ in Statement(sql, asked).read(snapshot):
        groups[part].append(Group(*figures))
    attributes = (*OF_ORGANIZATIONS, *OF_CONVERSATIONS)
    names = [*((name, False) for name in attributes), *((field.name, True) for field in fields)]
    found = [
        Breakdown(name, is_own, every[:SHOWN_GROUPS], max(0, len(every) - SHOWN_GROUPS))
        for (name, is_own), every in zip(names, groups, strict=True)
    ]
    return [one for one in found if (one.divides if one.is_own else one.is_known or not one.is_of_conversations)]


def _candidates(chatbot: Chatbot) -> list[CustomField]:
    fields = [field for field in chatbot.custom_fields if field.value_type in ("text", "boolean")]
    return sorted(fields, key=lambda field: (-field.users - field.organizations, field.name))[:MOST_FIELDS]


def _of_attribute(query: TableQuery, chatbot: Chatbot, days: Days, name: str) -> tuple[str, Statement]:
    """Return the key of conversations by which organizations have an attribute, and the statement for its values."""
    sql = ATTRIBUTE.format(
        name=name,
        value=folded(name),
        organizations=counted("dim_organizations", "excluded_organizations", query, chatbot),
        shown=SHOWN,
    )
    clock = shown_at(days, query.attributes)
    return "organization_key", Statement(sql, [chatbot.chatbot_id, clock, clock])


def _of_conversations(name: str) -> tuple[str, Statement]:
    """Return the same for what the sessions of conversations say."""
    return "conversation_key", Statement(SPOKEN.format(name=name, value=folded(name)), [])


def _of_field(query: TableQuery, chatbot: Chatbot, days: Days, field: CustomField) -> tuple[str, Statement]:
    """Return the same of an own field: one that mostly users have is theirs, else the organizations'."""
    kind = "user" if field.users >= field.organizations else "organization"
    sql = OWN.format(
        text=TEXT,
        value=folded(TEXT),
        values=counted("dim_custom_values", "excluded_custom_values", query, chatbot),
        shown=SHOWN,
    )
    clock = shown_at(days, query.attributes)
    return f"{kind}_key", Statement(sql, [chatbot.chatbot_id, kind, field.name, clock, clock])
