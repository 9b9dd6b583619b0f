"""The receipt of the tables' figures: the conversations behind a table's rows, one line each, in a range.

What may be asked, the columns, and how they are read. Which conversations a row counts is in `behind`; how an answer is
sent is not here.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving.snapshot import Chatbot, Snapshot
from serving.tables.behind import conversations_behind
from serving.tables.columns import ORGANIZATIONS, USERS, Column, Table
from serving.tables.keys import chosen_ids, has_id, key_of, of_these_alone
from serving.tables.masking import without_addresses
from serving.tables.page_query import PageQuery
from serving.tables.parameters import BadQuery, read_parameters
from serving.tables.query import TableQuery
from serving.tables.query_models import query_of
from serving.tables.ranges import Days
from serving.tables.results import Page, ordered_page, read_ordered_page
from serving.tables.statement import IN_RANGE, Statement, counted, counted_days, folded
from serving.tables.versions import SHOWN, shown_at

CONVERSATIONS = Table(
    name="conversations",
    singular="conversation",
    id_column="conversation_id",
    name_column="conversation_id",
    searched=(),
    columns=(
        Column("conversation_id", "Conversation ID", "text"),
        Column("first_message_at", "First message", "instant"),
        Column("last_message_at", "Last message", "instant"),
        Column("messages", "Messages", "count"),
        Column("user_messages", "User messages", "count"),
        Column("scored_messages", "Scored messages", "count"),
        Column("score_sum", "Sum of scores", "number", meaning="Sum of the scores of the scored messages."),
        Column("sentiment", "Sentiment", "sentiment", meaning="Mean score of the scored messages; null without any."),
        Column("band", "Satisfaction", "text", meaning="satisfied, neutral or dissatisfied; null without a score."),
        Column("user_id", "User ID", "text"),
        Column("user_name", "User", "text"),
        Column("organization_id", "Organization ID", "text"),
        Column("organization_name", "Organization", "text"),
        Column(
            "speakers",
            "Users named",
            "count",
            meaning="How many different users its requests name, in any range; it belongs to the one named last.",
        ),
        Column("has_user_message", "User wrote", "boolean", meaning="Whether the user wrote anything in the range."),
        Column("device", "Device", "text", meaning="What its sessions name as the device, of whatever range."),
        Column("country", "Country", "text", meaning="What its sessions name as the country, of whatever range."),
    ),
)
READ = """
    select
        days.conversation_id,
        days.first_message_at,
        conversations.last_activity_at as last_message_at,
        cast(conversations.messages as bigint) as messages,
        cast(conversations.user_messages as bigint) as user_messages,
        cast(conversations.scored_messages as bigint) as scored_messages,
        conversations.score_sum,
        conversations.sentiment,
        conversations.band,
        days.user_id,
        coalesce(shown_users.user_name, shown_users.email, days.user_id) as user_name,
        days.organization_id,
        coalesce(shown_organizations.organization_name, days.organization_id) as organization_name,
        days.speakers,
        conversations.user_messages > 0 as has_user_message,
        conversations.device,
        conversations.country
    from ({behind}) as conversations
    inner join (
        select
            conversation_key,
            any_value(conversation_id) as conversation_id,
            any_value(user_id) as user_id,
            any_value(organization_id) as organization_id,
            any_value(named_users) as speakers,
            min(first_message_at) as first_message_at
        from {days}
        where chatbot_id = ? and {in_range}
        group by conversation_key
    ) as days on days.conversation_key = conversations.conversation_key
    left join (
        select user_key, user_name, email from {users} where chatbot_id = ? and {shown} and {users_of_these}
    ) as shown_users on shown_users.user_key = conversations.user_key
    left join (
        select organization_key, organization_name from {organizations}
        where chatbot_id = ? and {shown} and {organizations_of_these}
    ) as shown_organizations on shown_organizations.organization_key = conversations.organization_key
"""
OWN = frozenset({"of", "user_id", "device", "country", "sort", "limit", "offset", "columns"})


class ConversationsQuery(PageQuery):
    """What may be asked of the receipt: the rows of a table, and which of their conversations, in which order."""

    table = CONVERSATIONS

    of: Literal["organizations", "users"] = Field(
        default="organizations",
        description="The table whose rows the receipt stands for: range, search, filters and `organization_id` mean "
        "what they mean there, and each conversation behind its rows is a line.",
    )
    user_id: list[str] = Field(
        default=[], description="Only conversations of any of these users; an empty one means those of none."
    )
    device: list[str] = Field(default=[], description="Only conversations of any of these devices; empty: of none.")
    country: list[str] = Field(default=[], description="Only conversations of any of these countries; empty: of none.")
    sort: str = Field(default="-last_message_at", description="A column; `-` in front for descending. Nulls come last.")
    # Asked by all other parameters.
    rows: SkipJsonSchema[TableQuery]


def conversations_query(query_string: str, chatbot: Chatbot) -> ConversationsQuery:
    """Return the query that a query string asks of a chatbot's conversations; BadQuery names every fault of it."""
    given = read_parameters(query_string)
    own = {name: values for name, values in given.items() if name in OWN}
    others = {name: values for name, values in given.items() if name not in OWN}
    of = next(iter(own.get("of", ())), "")
    problems: list[dict[str, Any]] = []
    rows = None
    try:
        rows = query_of(of if of == "users" else "organizations", chatbot).read(others)
    except BadQuery as error:
        problems += error.problems
    try:
        query = ConversationsQuery.read(own, rows=rows or TableQuery.model_construct())
    except BadQuery as error:
        problems += error.problems
    if problems:
        raise BadQuery(problems)
    return query


def receipt(snapshot: Snapshot, query: ConversationsQuery, chatbot: Chatbot, now: datetime) -> Statement:
    """Return the statement for the whole receipt in order with the chosen columns, or the part that is asked for."""
    return ordered_page(query, lines(query, chatbot, query.rows.days(chatbot, now), snapshot))


def read_conversations(snapshot: Snapshot, query: ConversationsQuery, chatbot: Chatbot, now: datetime) -> Page:
    """Read one page of the receipt, with how many conversations it has in all."""
    days = query.rows.days(chatbot, now)
    return snapshot.answer(
        chatbot,
        ("page", query.question(), days),
        lambda: read_ordered_page(snapshot, query, lines(query, chatbot, days, snapshot)),
    )


def lines(query: ConversationsQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return the statement for every line, with all columns, in no order."""
    rows = query.rows
    given = ((rows.table, chosen_ids(rows)), (USERS, query.user_id))
    these = [has_id(table, ids, rows, chatbot) for table, ids in given if ids]
    behind = conversations_behind(rows, chatbot, days, snapshot)
    clock, days_of_these = shown_at(days, rows.attributes), counted_days(rows, chatbot)
    filters: list[tuple[str, str, list[str]]] = [("user_id", "?", query.user_id)]
    filters += [(folded(name), folded("?"), getattr(query, name)) for name in ("device", "country")]
    filters = [one for one in filters if one[2]]
    sql = READ.format(
        behind=behind.sql,
        days=days_of_these,
        users=counted("dim_users", "excluded_users", rows, chatbot),
        organizations=counted("dim_organizations", "excluded_organizations", rows, chatbot),
        shown=SHOWN,
        in_range=IN_RANGE,
        **{
            f"{table.name}_of_these": f"{key_of(table)} in (select {key_of(table)} from {days_of_these})"
            if these
            else "true"
            for table in (ORGANIZATIONS, USERS)
        },
    )
    sql = f"select * from {without_addresses(f'({sql})', CONVERSATIONS, chatbot)}"
    conditions = (f"coalesce({value}, '') in ({', '.join([mark] * len(wanted))})" for value, mark, wanted in filters)
    sql += f" where {' and '.join(['true', *conditions])}"
    wanted = [text for _, _, texts in filters for text in texts]
    shown = [chatbot.chatbot_id, clock, clock]
    every = behind.around(sql, after=[chatbot.chatbot_id, *days, *shown, *shown, *wanted])
    return of_these_alone(every, these, rows, chatbot) if these else every
