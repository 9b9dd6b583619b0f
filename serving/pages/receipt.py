"""The conversations behind a page's figures, one line each, and who is on the other side of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.empty import Message
from serving.pages.navigation import File, Link, Pager, pager
from serving.pages.rows import Cell, Heading, Row, cell, heading
from serving.snapshot import Chatbot
from serving.tables.conversations import CONVERSATIONS, ConversationsQuery, conversations_query, read_conversations
from serving.tables.counterparts import Counterparts, read_counterparts
from serving.tables.exports import FORMATS

# What of a page's state orders and cuts the lines.
OWN = ("sort", "limit", "offset")
USUAL_SORT = "-last_message_at"
SHOWN = (
    "conversation_id",
    "first_message_at",
    "last_message_at",
    "messages",
    "user_messages",
    "user_name",
    "organization_name",
    "sentiment",
    "scored_messages",
    "speakers",
    "has_user_message",
)
MOST_COUNTERPARTS = 10


@dataclass(frozen=True)
class Receipt:
    """The lines of a page, shaped as the rows of a table are, and the files of all of them."""

    total: str
    headings: list[Heading]
    rows: list[Row]
    pager: Pager
    files: list[File]
    empty: Message | None = None


@dataclass(frozen=True)
class OtherSide:
    """The users of an organization or the organizations of a user; `more` leads to all, where not all are shown."""

    title: str
    rows: list[tuple[Cell, str, Cell, str]]  # name, conversations, sentiment, last activity
    more: Link | None


def receipt_query(table: str, entity_id: str, chatbot: Chatbot, search: str) -> ConversationsQuery:
    """Return the query for the lines of a row; BadQuery names every fault of the state."""
    return conversations_query(_state(table, entity_id, search).removeprefix("?"), chatbot)


def receipt(asked: Asked, query: ConversationsQuery, entity_id: str) -> Receipt:
    """Return the lines of a row that a state asks for."""
    page = read_conversations(asked.snapshot, query, asked.chatbot, asked.now)
    own = asked.table.name_column
    columns = [CONVERSATIONS.column(name) for name in SHOWN if name != own]
    path = asked.chatbot.chatbot_id, CONVERSATIONS.name
    state = _state(asked.table.name, entity_id, links.changed(asked.search, limit=None))
    return Receipt(
        total=formats.count(page.total),
        headings=[heading(asked.search, query.sort, USUAL_SORT, column, {}) for column in columns],
        rows=[
            Row(
                line["conversation_id"],
                {
                    column.name: cell(
                        asked.chatbot, column, line[column.name], _href(asked, column.name, line), "conversation_id"
                    )
                    for column in columns
                },
            )
            for line in page.rows
        ],
        pager=pager(asked.search, query, page),
        files=[File(one.label, one.suffix, links.rows_path(*path, one.suffix) + state) for one in FORMATS],
    )


def other_side(asked: Asked, query: ConversationsQuery) -> OtherSide | None:
    """Return who is on the other side of the conversations; None where nobody is."""
    found = asked.remembered(
        "other side",
        lambda: read_counterparts(asked.snapshot, query, asked.chatbot, asked.now, MOST_COUNTERPARTS),
    )
    if not found.total:
        return None
    return OtherSide(
        title=found.table.name.capitalize(),
        rows=[_counterpart(asked, found, place) for place in range(len(found.first))],
        more=_all_of(asked, found),
    )


def _counterpart(asked: Asked, found: Counterparts, place: int) -> tuple[Cell, str, Cell, str]:
    one, table = found.first[place], found.table
    state = links.shared(asked.search)
    if table.name == "users":
        state = links.changed(state, organization_id=asked.entity_id)
    href = links.entity_path(asked.chatbot.chatbot_id, table.name, one.entity_id) + state
    return (
        Cell("text", one.name, href, is_name=True),
        formats.count(one.conversations),
        cell(asked.chatbot, table.column("sentiment"), one.sentiment),
        formats.instant(one.last_activity_at, asked.chatbot.time_zone),
    )


def _all_of(asked: Asked, found: Counterparts) -> Link | None:
    """An organization's users are a table of their own; a user's organizations are few."""
    if found.total <= len(found.first) or found.table.name != "users":
        return None
    state = links.changed(links.shared(asked.search), organization_id=asked.entity_id)
    return Link(f"All {formats.count(found.total)} users", links.page_path(asked.chatbot.chatbot_id, "users") + state)


def _href(asked: Asked, name: str, line: dict[str, object]) -> str | None:
    """Return where the name of who took part leads."""
    of = {"user_name": ("users", "user_id"), "organization_name": ("organizations", "organization_id")}.get(name)
    if of is None or line[of[1]] is None:
        return None
    return links.entity_path(asked.chatbot.chatbot_id, of[0], str(line[of[1]])) + links.shared(asked.search)


def _state(table: str, entity_id: str, search: str) -> str:
    kept: Sequence[tuple[str, str]] = links.pairs(search)
    whose = {"organizations": "organization_id", "users": "user_id"}[table]
    return "?" + urlencode([("of", table), (whose, entity_id), *kept])
