"""The API's routes for totals, with their description. What they answer is read in `totals`."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from serving.http import describe, examples
from serving.http.addresses import CHATBOTS, ChatbotId
from serving.http.api import asked_of, json_answer
from serving.http.caching import moment_of, tag_of
from serving.http.sources import TABLE_SOURCES, Source
from serving.snapshot import Snapshots
from serving.tables.activity import closed
from serving.tables.parameters import BadQuery, problem
from serving.tables.ranges import Clock
from serving.tables.totals import COUNTS, read_totals

# What makes a page of rows, and no sense here.
NOT_ASKED = frozenset({"sort", "limit", "offset", "columns"})
COUNT = {"type": "integer"}
CHANGE = {"type": ["number", "null"]}
SENTIMENT = describe.SCHEMA_OF_KIND["sentiment"]
MRR = {
    "type": ["number", "null"],
    "description": "In whole currency, each organization or user of the rows once; null where none has one.",
}
TOTALS = {**dict.fromkeys(COUNTS, COUNT), "sentiment": SENTIMENT, "mrr": MRR, "last_activity_at": describe.INSTANT}
MEANING = (
    "Every conversation and user behind the rows counts once. So for the period before: the same days of the month or "
    "year before for one so far, as many whole months for whole months, and as many days for any other range; of "
    "each only as much as the data covers of the range, up to the day of `data_through`. The change of a count, and of "
    "the MRR, is relative, and null where there was nothing before; that of the sentiment is the difference."
)
LEFT_OUT = (
    "Conversations of one's own accounts (`exclude.csv`) that are in the range and in no number here, whatever search "
    "and filters keep; 0 with `excluded=include`, which counts them."
)
_EXAMPLE_TOTALS = examples.values([*COUNTS, "sentiment", "mrr", "last_activity_at"])
EXAMPLE = {
    "totals": _EXAMPLE_TOTALS,
    "left_out_conversations": 0,
    "previous": {**_EXAMPLE_TOTALS, "conversations": 4, "sentiment": 0.0, "last_activity_at": "2026-10-20T09:00:00Z"},
    "change": {**dict.fromkeys([*COUNTS, "mrr"], 0.0), "conversations": -0.5, "sentiment": -0.25},
    **examples.RANGE,
    "previous_first_day": "2026-10-01",
    "previous_last_day": "2026-10-20",
    **examples.OF_ANSWER,
}


def add_totals_api(app: FastAPI, snapshots: Snapshots, clock: Clock) -> None:
    """Add the routes of both tables."""
    for source in TABLE_SOURCES:
        _add(app, source, snapshots, clock)


def _add(app: FastAPI, source: Source, snapshots: Snapshots, clock: Clock) -> None:
    table = source.table

    def totals(chatbot_id: ChatbotId, request: Request) -> Response:
        snapshot, chatbot, query = asked_of(request, chatbot_id, source, snapshots)
        if unknown := sorted(query.model_fields_set & NOT_ASKED):
            raise BadQuery([problem(name, "extra_forbidden", f"Unknown parameter: {name}") for name in unknown])
        now = clock()
        tag = tag_of(request, snapshot, chatbot, *moment_of(query, chatbot, now))
        found = read_totals(snapshot, query, chatbot, now)
        days = closed(snapshot, query, chatbot, now)
        return json_answer(
            {
                "totals": found.totals,
                "left_out_conversations": found.left_out,
                "previous": found.previous,
                "change": found.change,
                "first_day": days.first,
                "last_day": days.last,
                "previous_first_day": found.previous_days and found.previous_days.first,
                "previous_last_day": found.previous_days and found.previous_days.last,
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            },
            tag,
        )

    parameters = [one for one in source.parameters if one["name"] not in NOT_ASKED]
    app.get(
        f"{CHATBOTS}{{chatbot_id}}/{table.name}/totals",
        name=f"{table.name}_totals",
        tags=[table.name.capitalize()],
        summary=f"Totals of the {table.name.capitalize()} table, and of the period before",
        description=MEANING,
        openapi_extra=describe.asked(parameters),
        responses=describe.responses("The totals.", describe.json_content(_schema(), EXAMPLE)),
    )(totals)


def _schema() -> dict[str, Any]:
    properties = {
        "totals": {"type": "object", "properties": TOTALS},
        "left_out_conversations": {**COUNT, "description": LEFT_OUT},
        "previous": {"type": ["object", "null"], "properties": TOTALS},
        "change": {"type": ["object", "null"], "properties": dict.fromkeys([*COUNTS, "sentiment", "mrr"], CHANGE)},
        **dict.fromkeys(("first_day", "last_day", "previous_first_day", "previous_last_day"), describe.DAY),
        "data_through": describe.INSTANT,
        "snapshot_id": {"type": "string"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}
