"""The page of one row: an organization or a user with attributes, figures, a trend, and the receipt of the figures.

How each part comes about is in its module; how it looks is in templates/entity.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.attributes import Attribute, Moment, attributes, history
from serving.pages.charts import Trend, trend
from serving.pages.empty import Message
from serving.pages.frame import Frame, frame
from serving.pages.navigation import Link
from serving.pages.notices import Notice, beyond
from serving.pages.period import PRESET_LABELS, range_words
from serving.pages.receipt import OWN, OtherSide, Receipt, other_side, receipt, receipt_query
from serving.pages.rows import Cell, cell
from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import TABLES
from serving.tables.entity import Entity, entity_query, read_entity

# What each conversation is a part of, in the order in which it is read.
FIGURES = (
    "conversations",
    "users",
    "organization_count",
    "messages",
    "sentiment",
    "message_sentiment",
    "scored_conversations",
    "unscored_conversations",
    "satisfied_share",
    "neutral_share",
    "dissatisfied_share",
)


@dataclass(frozen=True)
class Figure:
    """A figure of the range with what it means, and where what it counts stands."""

    label: str
    shown: Cell
    meaning: str | None


@dataclass(frozen=True)
class EntityPage(Frame):
    """The page of one organization or user; `back` leads to the table."""

    entity_id: str
    noun: str
    back: Link
    notices: list[Notice]
    view_chips: list[tuple[str, str]]
    attributes: list[Attribute]
    figures: list[Figure]
    empty: Message | None
    trend: Trend | None
    other_side: OtherSide | None
    receipt: Receipt | None
    history: list[Moment]


def entity_page(
    snapshot: Snapshot,
    chatbot: Chatbot,
    table: str,
    entity_id: str,
    search: str,
    now: datetime,
    visible: Sequence[Chatbot],
) -> EntityPage:
    """Return the page; NoSuchEntity if there is no such row in any range, BadQuery for a state that makes no sense."""
    of_rows = [(name, value) for name, value in links.pairs(search) if name in OWN]
    of_entity = [(name, value) for name, value in links.pairs(search) if name not in OWN]
    query = entity_query(urlencode(of_entity), TABLES[table], entity_id, chatbot)
    lines = receipt_query(table, entity_id, chatbot, "?" + urlencode([*of_entity, *of_rows]))
    asked = Asked(snapshot, chatbot, query.row, search, now, entity_id)
    found = asked.remembered("entity", lambda: read_entity(snapshot, query, chatbot, now))
    name = _name(asked, found)
    path = links.entity_path(chatbot.chatbot_id, table, entity_id)
    return EntityPage(
        **vars(frame(asked, visible, heading=name, path=path, summary=f"{name}, {range_words(asked)}")),
        entity_id=entity_id,
        noun=asked.table.singular,
        back=Link(table.capitalize(), links.page_path(chatbot.chatbot_id, table) + links.shared(search)),
        notices=beyond(asked),
        view_chips=_limits(asked),
        attributes=[*attributes(asked, found), *_seen(asked, found)],
        figures=_figures(asked, found.figures),
        empty=None if found.figures else _why_empty(asked, found),
        trend=trend(found.series, found.by) if found.figures else None,
        other_side=other_side(asked, lines) if found.figures else None,
        receipt=receipt(asked, lines, entity_id) if found.figures else None,
        history=history(asked, found),
    )


def _name(asked: Asked, found: Entity) -> str:
    shown = found.now if asked.query.attributes == "now" else found.range_end
    return shown[asked.table.name_column] or shown.get("email") or asked.entity_id or ""


def _limits(asked: Asked) -> list[tuple[str, str]]:
    """Return what limits the conversations that count, which no control shows."""
    limits = []
    if organizations := asked.query.counted_organizations():
        limits += [("Only conversations of", ", ".join(one or "no organization" for one in organizations))]
    if asked.query.excluded == "include":
        limits += [("Your own accounts", "counted")]
    return limits


def _seen(asked: Asked, found: Entity) -> list[Attribute]:
    ends = (("First seen", found.first_seen_at), ("Last seen", found.last_seen_at))
    zone = asked.chatbot.time_zone
    return [Attribute(label, formats.instant(at, zone) if at else formats.MISSING) for label, at in ends]


def _figures(asked: Asked, row: dict[str, Any] | None) -> list[Figure]:
    if row is None:
        return []
    meanings = asked.snapshot.meanings(asked.table.name)
    columns = [asked.table.column(name) for name in FIGURES if name in asked.table.column_names]
    users = links.changed(links.shared(asked.search), organization_id=asked.entity_id)
    ways = {"users": links.page_path(asked.chatbot.chatbot_id, "users") + users}
    return [
        Figure(
            column.label,
            cell(asked.chatbot, column, row[column.name], ways.get(column.name)),
            meanings.get(column.name, column.meaning),
        )
        for column in columns
    ]


def _why_empty(asked: Asked, found: Entity) -> Message:
    preset = asked.query.preset()
    when = PRESET_LABELS[preset].lower() if preset else "in this range"
    if found.last_seen_at is None:
        return Message(f"No activity {when}", f"This {asked.table.singular} was named and owns no conversation.")
    newest = formats.instant(found.last_seen_at, asked.chatbot.time_zone).rsplit(",", 1)[0]
    show = Link("Show all time", links.ranged(asked.search, range="all_time"))
    return Message(f"No activity {when}", f"The newest activity was {newest}.", show)
