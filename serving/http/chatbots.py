"""The API's route for the chatbots that a reader may see, with their settings and their own fields."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from serving.access import visible_chatbots
from serving.http import describe, examples
from serving.http.addresses import CHATBOTS
from serving.http.api import json_answer
from serving.http.caching import tag_of
from serving.snapshot import Snapshots
from serving.tables.parameters import BadQuery, problem, read_parameters

TEXT = {"type": "string"}
CHATBOT = {
    "chatbot_id": TEXT,
    "name": TEXT,
    "time_zone": {**TEXT, "description": "The zone whose days the ranges are of."},
    "week_start": TEXT,
    "currency": {**TEXT, "description": "The currency of every MRR."},
    "custom_fields": {"type": "array", "items": TEXT, "description": "The chatbot's own fields, without `custom.`."},
    "custom_field_labels": {
        "type": "object",
        "description": "What people call own fields, by field, where `labels.csv` says so.",
        "additionalProperties": TEXT,
    },
}
SETTINGS = ("chatbot_id", "name", "time_zone", "week_start", "currency")
PROPERTIES: dict[str, Any] = {
    "chatbots": {"type": "array", "items": {"type": "object", "required": list(CHATBOT), "properties": CHATBOT}},
    "data_through": describe.INSTANT,
    "snapshot_id": TEXT,
}
EXAMPLE = {
    "chatbots": [
        {
            "chatbot_id": examples.CHATBOT,
            "name": "Support assistant",
            "time_zone": "Europe/Berlin",
            "week_start": "monday",
            "currency": "EUR",
            "custom_fields": ["seats"],
            "custom_field_labels": {"seats": "Seats bought"},
        }
    ],
    **examples.OF_ANSWER,
}


def add_chatbots_api(app: FastAPI, snapshots: Snapshots) -> None:
    """Add the route."""

    def chatbots(request: Request) -> Response:
        snapshot = snapshots.current()
        if given := read_parameters(request.url.query):
            raise BadQuery([problem(name, "extra_forbidden", f"Unknown parameter: {name}") for name in given])
        visible = visible_chatbots(snapshot, request)
        tag = tag_of(request, snapshot, visible)
        listed = [
            {
                **{name: getattr(one, name) for name in SETTINGS},
                "custom_fields": [field.name for field in one.custom_fields],
                "custom_field_labels": {field.name: field.label for field in one.custom_fields if field.label},
            }
            for one in visible
        ]
        found = {"chatbots": listed, "data_through": snapshot.data_through, "snapshot_id": snapshot.snapshot_id}
        return json_answer(found, tag)

    schema = {"type": "object", "required": list(PROPERTIES), "properties": PROPERTIES}
    told = describe.responses("The chatbots.", describe.json_content(schema, EXAMPLE))
    app.get(
        CHATBOTS.removesuffix("/"),
        name="chatbots",
        tags=["Service"],
        summary="The chatbots that you may see",
        openapi_extra=describe.asked([]),
        responses={status: answer for status, answer in told.items() if status != 404},
    )(chatbots)
