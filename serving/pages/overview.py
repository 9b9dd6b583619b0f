"""The overview of a chatbot: its range at a glance, each part with a way to the rows behind it.

What the parts say is read in `tables.overview`; how it looks is in templates/overview.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.charts import Trend, satisfaction
from serving.pages.empty import Message, why_empty
from serving.pages.frame import Frame, frame
from serving.pages.navigation import Link
from serving.pages.notices import Notice, notices
from serving.pages.period import range_words
from serving.pages.rows import Cell, cell
from serving.pages.totals import TotalsLine, totals_line
from serving.snapshot import Chatbot, Snapshot
from serving.tables.breakdown import Breakdown, Group
from serving.tables.columns import TABLES
from serving.tables.conversations import CONVERSATIONS
from serving.tables.custom import PREFIX
from serving.tables.overview import Overview, overview_query, read_overview
from serving.tables.risk import MINIMUM_SCORED, RULES, Risk
from serving.tables.totals import read_totals

SHOWN_AT_RISK = 20


@dataclass(frozen=True)
class GroupRow:
    """A value with its conversations and sentiment; the name leads to its organizations where a filter finds them."""

    name: Cell
    conversations: str
    sentiment: Cell
    scored: str


@dataclass(frozen=True)
class GroupTable:
    """A breakdown by one attribute; `more` says how many values are not shown."""

    title: str
    rows: list[GroupRow]
    more: str | None


@dataclass(frozen=True)
class UnhappyTable:
    """The unhappiest of a table, and the way to all of them."""

    title: str
    heading: str
    rows: list[tuple[Cell, Cell, str, str | None]]  # name, sentiment, scored conversations, MRR or e-mail
    more: Link


@dataclass(frozen=True)
class RiskTable:
    """Who is at risk, with reasons; `total` says how much of the revenue that is, `compared` with which days."""

    total: str
    share: str
    about: str
    compared: str
    rules: Sequence[str]
    rows: list[tuple[Cell, str, str | None, list[str]]]  # name, MRR, plan, reasons
    more: str | None


@dataclass(frozen=True)
class OverviewPage(Frame):
    """The page. `risk` is None where there is no period before."""

    notices: list[Notice]
    totals: TotalsLine
    trend: Trend | None
    risk: RiskTable | None
    unhappy: list[UnhappyTable]
    groups: list[GroupTable]
    empty: Message | None


def overview_page(
    snapshot: Snapshot, chatbot: Chatbot, search: str, now: datetime, visible: Sequence[Chatbot]
) -> OverviewPage:
    """Return the overview of a state; BadQuery for one that makes no sense."""
    query = overview_query(search, chatbot)
    asked = Asked(snapshot, chatbot, query, search, now, is_overview=True)
    found = asked.remembered("overview", lambda: read_overview(snapshot, query, chatbot, now))
    totals = asked.remembered("totals", lambda: read_totals(snapshot, query, chatbot, now))
    is_empty = not totals.totals["conversations"] and not (found.risk and found.risk.organizations)
    path, summary = links.overview_path(chatbot.chatbot_id), f"overview of {range_words(asked)}"
    return OverviewPage(
        **vars(frame(asked, visible, heading="Overview", path=path, summary=summary)),
        notices=notices(asked),
        totals=totals_line(totals, chatbot, "organizations", asked.days, asked.covered),
        trend=satisfaction(found.satisfaction, found.by),
        risk=_risk(asked, found.risk) if found.risk else None,
        unhappy=[] if is_empty else [_unhappy(asked, found, name) for name in TABLES],
        groups=[] if is_empty else [_groups(asked, one) for one in found.breakdowns],
        empty=why_empty(asked, 0) if is_empty else None,
    )


def _risk(asked: Asked, risk: Risk) -> RiskTable:
    currency = asked.chatbot.currency
    count = len(risk.organizations)
    share = formats.share(float(risk.mrr / risk.paying_mrr)) if risk.paying_mrr else formats.share(0)
    more = count - SHOWN_AT_RISK
    return RiskTable(
        total=formats.money(risk.mrr, currency),
        share=f"{share} of the {formats.money(risk.paying_mrr, currency)} that "
        f"{formats.count(risk.paying_organizations)} active organizations pay",
        about=f"{formats.count(count)} organization{'' if count == 1 else 's'}",
        compared=f"Compared with {formats.days(*risk.previous_days)}.",
        rules=RULES,
        rows=[
            (
                _name(asked, "organizations", one.organization_id, one.organization_name),
                formats.money(one.mrr, currency),
                one.plan,
                one.reasons,
            )
            for one in risk.organizations[:SHOWN_AT_RISK]
        ],
        more=f"and {formats.count(more)} that pay less" if more > 0 else None,
    )


def _unhappy(asked: Asked, found: Overview, name: str) -> UnhappyTable:
    table = TABLES[name]
    state = links.changed(
        links.shared(asked.search), sort="sentiment", scored_conversations_min=str(MINIMUM_SCORED), sentiment_max="0"
    )
    beside = "mrr" if name == "organizations" else "email"
    return UnhappyTable(
        title=f"Most dissatisfied {name}",
        heading=table.singular.capitalize(),
        rows=[
            (
                _name(asked, name, row[table.id_column], row[table.name_column]),
                cell(asked.chatbot, table.column("sentiment"), row["sentiment"]),
                formats.count(row["scored_conversations"]),
                None if row[beside] is None else formats.cell(table.column(beside), row[beside], asked.chatbot),
            )
            for row in found.dissatisfied[name]
        ],
        more=Link(f"All of them in {name.capitalize()}", links.page_path(asked.chatbot.chatbot_id, name) + state),
    )


def _groups(asked: Asked, breakdown: Breakdown) -> GroupTable:
    label = _label(asked, breakdown)
    values = formats.count(breakdown.more)
    return GroupTable(
        title=f"By {label}" if breakdown.is_own else f"By {label.lower()}",
        rows=[_group(asked, breakdown, group) for group in breakdown.groups],
        more=f"and {values} more value{'' if breakdown.more == 1 else 's'}" if breakdown.more else None,
    )


def _label(asked: Asked, breakdown: Breakdown) -> str:
    if breakdown.is_of_conversations:
        return CONVERSATIONS.column(breakdown.name).label
    return asked.table.column(f"{PREFIX}{breakdown.name}" if breakdown.is_own else breakdown.name).label


def _group(asked: Asked, breakdown: Breakdown, group: Group) -> GroupRow:
    href = None
    if not breakdown.is_own and not breakdown.is_of_conversations:
        state = links.changed(links.shared(asked.search), **{breakdown.name: group.value or ""})
        href = links.page_path(asked.chatbot.chatbot_id, "organizations") + state
    column = TABLES["organizations"].column("sentiment")
    return GroupRow(
        name=Cell("text", group.value or "None", href, is_name=True, is_missing=group.value is None),
        conversations=formats.count(group.conversations),
        sentiment=cell(asked.chatbot, column, group.sentiment),
        scored=formats.count(group.scored_conversations),
    )


def _name(asked: Asked, table: str, entity_id: Any, name: str) -> Cell:
    href = links.entity_path(asked.chatbot.chatbot_id, table, entity_id) + links.shared(asked.search)
    return Cell("text", name, href, is_name=True)
