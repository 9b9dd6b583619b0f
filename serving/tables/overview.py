"""A range at a glance: satisfaction over time, by what organizations and users are, who is unhappy, what is at risk.

What may be asked, and the parts put together; each part is read in its module.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.activity import closed
from serving.tables.breakdown import Breakdown, read_breakdowns
from serving.tables.entity import ASKED
from serving.tables.parameters import BadQuery, problem, read_parameters
from serving.tables.query import TableQuery
from serving.tables.query_models import query_of
from serving.tables.ranges import Days
from serving.tables.results import read_page
from serving.tables.risk import MINIMUM_SCORED, Risk, read_risk
from serving.tables.satisfaction import read_satisfaction
from serving.tables.series import By, step_of

PARAMETERS = ASKED["organizations"]
MOST_DISSATISFIED = 8


@dataclass(frozen=True)
class Overview:
    """The parts; `dissatisfied` has rows of both tables, the unhappiest first, none with a smaller sample than stated.

    `risk` is None where there is no period before. `days` is the range with its ends closed.
    """

    days: Days
    by: By
    satisfaction: list[dict[str, Any]]
    breakdowns: list[Breakdown]
    dissatisfied: dict[str, list[dict[str, Any]]]
    risk: Risk | None


def overview_query(query_string: str, chatbot: Chatbot) -> TableQuery:
    """Return what a query string asks: a range, a clock, whose conversations count; BadQuery for anything else."""
    given = read_parameters(query_string)
    unknown = [
        problem(name, "extra_forbidden", f"Unknown parameter: {name}") for name in given if name not in PARAMETERS
    ]
    if unknown:
        raise BadQuery(unknown)
    return query_of("organizations", chatbot).read(given)


def read_overview(snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, now: datetime) -> Overview:
    """Read all parts, of one snapshot."""
    days = closed(snapshot, query, chatbot, now)
    by = step_of(days, None)
    asked = query.days(chatbot, now)
    return Overview(
        days=days,
        by=by,
        satisfaction=read_satisfaction(snapshot, query, chatbot, days, by),
        breakdowns=read_breakdowns(snapshot, query, chatbot, asked),
        dissatisfied={name: _dissatisfied(snapshot, query, name, chatbot, now) for name in ("organizations", "users")},
        risk=read_risk(snapshot, query, chatbot, now),
    )


def _dissatisfied(
    snapshot: Snapshot, query: TableQuery, table: str, chatbot: Chatbot, now: datetime
) -> list[dict[str, Any]]:
    wanted = {
        **query.model_dump(include=set(PARAMETERS)),
        "scored_conversations_min": MINIMUM_SCORED,
        "sentiment_max": 0,
        "sort": "sentiment",
        "limit": MOST_DISSATISFIED,
    }
    return read_page(snapshot, query_of(table, chatbot).model_validate(wanted), chatbot, now).rows
