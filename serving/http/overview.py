"""The API's route for the overview, with its description. What it answers is read in `tables.overview`."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from serving.access import visible_chatbot
from serving.http import describe, examples
from serving.http.addresses import CHATBOTS, ChatbotId
from serving.http.api import json_answer
from serving.http.caching import moment_of, tag_of
from serving.snapshot import Snapshots
from serving.tables.columns import BANDS, ORGANIZATIONS, TABLES
from serving.tables.overview import PARAMETERS, overview_query, read_overview
from serving.tables.query_models import QUERIES
from serving.tables.ranges import Clock
from serving.tables.risk import MINIMUM_SCORED, RULES
from serving.tables.series import STEPS

MEANING = (
    "Satisfaction over time; sentiment by plan and industry of organizations, by device and country of conversations "
    "where sessions say them, and by those of the chatbot's own fields that divide the "
    f"conversations into few groups; the unhappiest of both tables, of at least {MINIMUM_SCORED} scored conversations; "
    "and the revenue at risk: organizations with an MRR above 0 that are "
    + "; ".join(RULES)
    + ". Compared is as much of the period before as the data covers of the range, as for totals; without one, "
    "`revenue_at_risk` is null. Ask for a range of the past to hold the rules against what happened later."
)
TEXT, COUNT, MAYBE_TEXT = {"type": "string"}, {"type": "integer"}, {"type": ["string", "null"]}
SENTIMENT, MONEY = describe.SCHEMA_OF_KIND["sentiment"], {"type": "number"}
DAY = {"type": "string", "format": "date"}
BUCKET = {"first_day": DAY, "last_day": DAY, **dict.fromkeys(BANDS, COUNT), "sentiment": SENTIMENT}
GROUP = {
    "value": {**MAYBE_TEXT, "description": "In its newest spelling; null for conversations without one."},
    "conversations": COUNT,
    "organizations": COUNT,
    "users": COUNT,
    "scored_conversations": COUNT,
    "sentiment": SENTIMENT,
}
AT_RISK = {
    "organization_id": TEXT,
    "organization_name": TEXT,
    "plan": MAYBE_TEXT,
    "mrr": MONEY,
    "conversations": COUNT,
    "conversations_before": COUNT,
    "sentiment": SENTIMENT,
    "sentiment_before": SENTIMENT,
    "scored_conversations": COUNT,
    "scored_conversations_before": COUNT,
    "last_activity_at": {"type": "string", "format": "date-time"},
    "is_dissatisfied": {"type": "boolean"},
    "is_less_satisfied": {"type": "boolean"},
    "is_less_active": {"type": "boolean"},
    "reasons": {"type": "array", "items": TEXT},
}


def add_overview_api(app: FastAPI, snapshots: Snapshots, clock: Clock) -> None:
    """Add the route."""

    def overview(chatbot_id: ChatbotId, request: Request) -> Response:
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        query = overview_query(request.url.query, chatbot)
        now = clock()
        tag = tag_of(request, snapshot, chatbot, *moment_of(query, chatbot, now))
        found = read_overview(snapshot, query, chatbot, now)
        risk = found.risk
        return json_answer(
            {
                "by": found.by,
                "satisfaction": found.satisfaction,
                "breakdowns": [
                    {
                        "by": f"custom.{one.name}" if one.is_own else one.name,
                        "groups": [asdict(group) for group in one.groups],
                        "further_values": one.more,
                    }
                    for one in found.breakdowns
                ],
                "most_dissatisfied": found.dissatisfied,
                "revenue_at_risk": risk
                and {
                    "mrr": risk.mrr,
                    "paying_mrr": risk.paying_mrr,
                    "paying_organizations": risk.paying_organizations,
                    "previous_first_day": risk.previous_days.first,
                    "previous_last_day": risk.previous_days.last,
                    "organizations": [{**asdict(one), "reasons": one.reasons} for one in risk.organizations],
                },
                "first_day": found.days.first,
                "last_day": found.days.last,
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            },
            tag,
        )

    asked = [one for one in describe.parameters(QUERIES["organizations"]) if one["name"] in PARAMETERS]
    app.get(
        f"{CHATBOTS}{{chatbot_id}}/overview",
        name="overview",
        tags=["Overview"],
        summary="A range at a glance: satisfaction, who is unhappy, and the revenue at risk",
        description=MEANING,
        openapi_extra=describe.asked(asked),
        responses=describe.responses("The overview.", describe.json_content(_schema(), _example())),
    )(overview)


def _schema() -> dict[str, Any]:
    risk = {
        "mrr": {**MONEY, "description": "Of the organizations at risk, each once."},
        "paying_mrr": {**MONEY, "description": "Of all that pay and were active in the range or the period before."},
        "paying_organizations": COUNT,
        "previous_first_day": DAY,
        "previous_last_day": DAY,
        "organizations": _list(_object(AT_RISK)),
    }
    breakdown = {
        "by": {**TEXT, "description": "`plan`, `industry`, `device`, `country`, or `custom.` and the field."},
        "groups": _list(_object(GROUP)),
        "further_values": {**COUNT, "description": "Values that are not among the groups."},
    }
    unhappy = {name: _list(describe.row_schema(table)) for name, table in TABLES.items()}
    return _object(
        {
            "by": {"type": "string", "enum": list(STEPS)},
            "satisfaction": _list(_object(BUCKET)),
            "breakdowns": _list(_object(breakdown)),
            "most_dissatisfied": _object(unhappy),
            "revenue_at_risk": {**_object(risk), "type": ["object", "null"]},
            "first_day": describe.DAY,
            "last_day": describe.DAY,
            "data_through": describe.INSTANT,
            "snapshot_id": TEXT,
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _example() -> dict[str, Any]:
    row = examples.values(ORGANIZATIONS.column_names)
    of_row = examples.values([name for name in AT_RISK if name in ORGANIZATIONS.column_names])
    told = {"conversations_before": 9, "sentiment_before": 0.1, "scored_conversations_before": 6}
    rules = {"is_dissatisfied": False, "is_less_satisfied": False, "is_less_active": True}
    at_risk = {**of_row, **told, **rules, "reasons": ["Less active: from 9 to 2 conversations"]}
    mrr = examples.VALUES["mrr"]
    group = {"value": "pro", **examples.values([name for name in GROUP if name != "value"])}
    return {
        "by": "day",
        "satisfaction": [{**examples.RANGE, "satisfied": 0, "neutral": 1, "dissatisfied": 1, "sentiment": -0.25}],
        "breakdowns": [{"by": "plan", "groups": [group], "further_values": 0}],
        "most_dissatisfied": {"organizations": [row], "users": []},
        "revenue_at_risk": {
            "mrr": mrr,
            "paying_mrr": mrr,
            "paying_organizations": 1,
            "previous_first_day": "2026-10-01",
            "previous_last_day": "2026-10-20",
            "organizations": [at_risk],
        },
        **examples.RANGE,
        **examples.OF_ANSWER,
    }
