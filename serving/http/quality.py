"""The API's routes for data quality and changes, with their description.

They go through `access` as every route of a chatbot; what they answer is read in `quality`.
"""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from serving.access import visible_chatbot
from serving.http import describe
from serving.http.addresses import CHATBOTS, ChatbotId
from serving.http.api import json_answer
from serving.http.caching import tag_of
from serving.snapshot import Chatbot, Snapshot, Snapshots
from serving.tables.quality import MOST_CHANGES, USUAL_CHANGES, limit_of, parse, read_changes, read_quality

TEXT = {"type": "string"}
COUNT = {"type": "integer"}
QUALITY_ROW: dict[str, Any] = {
    "organization_id": {"type": ["string", "null"]},
    "conversations": COUNT,
    **dict.fromkeys(
        ("user_id_share", "organization_share", "plan_share", "mrr_share", "scored_share"),
        describe.SCHEMA_OF_KIND["share"],
    ),
    **dict.fromkeys(
        (
            "shared_emails",
            "shared_ids",
            "shared_names",
            "known_names",
            "mrr_unit_conflicts",
            "several_users_conversations",
            "other_language_messages",
            "no_known_word_messages",
        ),
        COUNT,
    ),
}
CHANGES_ROW: dict[str, Any] = {
    "run_id": TEXT,
    "published_at": {"type": "string", "format": "date-time"},
    "activity_date": {"type": "string", "format": "date"},
    "reason": TEXT,
    "changed_conversations": COUNT,
    "changed_versions": COUNT,
    **{
        f"{measure}_{side}": {"type": "number"} if measure == "score_sum" else COUNT
        for measure in ("conversations", "messages", "scored_messages", "score_sum")
        for side in ("before", "after")
    },
}
LIMIT = {
    "name": "limit",
    "in": "query",
    "required": False,
    "description": "Rows, the newest changes first.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES, "default": USUAL_CHANGES},
}


def add_quality_api(app: FastAPI, snapshots: Snapshots) -> None:
    """Add the routes of both tables."""

    about = "How complete and consistent the data is: the whole chatbot, then its organizations"
    _add(app, snapshots, "quality", about, parse, lambda of, whose, _: read_quality(of, whose), QUALITY_ROW, [])
    about = "Which published days changed, by how much and why, the newest first"
    _add(app, snapshots, "changes", about, limit_of, read_changes, CHANGES_ROW, [LIMIT])


def _add(
    app: FastAPI,
    snapshots: Snapshots,
    name: str,
    summary: str,
    parse: Callable[[str], Any],
    read: Callable[[Snapshot, Chatbot, Any], list[dict[str, Any]]],
    fields: dict[str, Any],
    parameters: list[dict[str, Any]],
) -> None:
    def rows(chatbot_id: ChatbotId, request: Request) -> Response:
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        query = parse(request.url.query)
        tag = tag_of(request, snapshot, chatbot)
        return json_answer(
            {
                "rows": read(snapshot, chatbot, query),
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            },
            tag,
        )

    row = {"type": "object", "properties": {field: {"title": field, **schema} for field, schema in fields.items()}}
    properties = {
        "rows": {"type": "array", "items": row},
        "data_through": {**describe.INSTANT, "description": "The time the data runs through."},
        "snapshot_id": {"type": "string"},
    }
    schema = {"type": "object", "required": list(properties), "properties": properties}
    app.get(
        f"{CHATBOTS}{{chatbot_id}}/{name}",
        name=name,
        tags=["Data quality"],
        summary=summary,
        openapi_extra=describe.asked(parameters),
        responses=describe.responses("The rows.", {"application/json": {"schema": schema}}),
    )(rows)
