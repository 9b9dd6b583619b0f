"""The API's routes for one organization and one user, with their description. What they answer is read in `entity`."""

from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import Response

from serving.access import visible_chatbot
from serving.http import describe, examples
from serving.http.addresses import CHATBOTS, ChatbotId, EntityId, segment
from serving.http.api import json_answer
from serving.http.caching import moment_of, tag_of
from serving.snapshot import Chatbot, Snapshots
from serving.tables.columns import TABLES, Table
from serving.tables.entity import ASKED, ATTRIBUTES, EntityQuery, check_entity, entity_query, read_entity
from serving.tables.query_models import QUERIES
from serving.tables.ranges import Clock
from serving.tables.series import STEPS, USUAL_BUCKETS, figures_of

MEANING = (
    "Each bucket of the series is counted anew from the conversations, as the table counts that range. None is left "
    "out: counts are 0, and the sentiment null, where nothing was."
)
BY = {
    "name": "by",
    "in": "query",
    "required": False,
    "description": f"The step of the series; the finest that makes at most about {USUAL_BUCKETS} if none is given. The "
    "outer weeks and months end where the range does.",
    "schema": {"type": "string", "enum": list(STEPS)},
}
CUSTOM = {
    "type": "object",
    "description": "The chatbot's own fields that have a value.",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}


def add_entities_api(app: FastAPI, snapshots: Snapshots, clock: Clock) -> None:
    """Add the routes of both kinds. They come behind those of totals, which have one name for every chatbot."""
    for table in TABLES.values():
        _add(app, table, snapshots, clock)


def _add(app: FastAPI, table: Table, snapshots: Snapshots, clock: Clock) -> None:
    def entity(chatbot_id: ChatbotId, entity_id: EntityId, request: Request) -> Response:
        snapshot = snapshots.current()
        chatbot = visible_chatbot(snapshot, request, chatbot_id)
        query = entity_query(request.url.query, table, entity_id, chatbot)
        check_entity(snapshot, query, chatbot)
        now = clock()
        tag = tag_of(request, snapshot, chatbot, *moment_of(query.row, chatbot, now))
        found = read_entity(snapshot, query, chatbot, now)
        return json_answer(
            {
                table.id_column: entity_id,
                "first_seen_at": found.first_seen_at,
                "last_seen_at": found.last_seen_at,
                "attributes": {"range_end": found.range_end, "now": found.now},
                "history": found.history,
                "custom_history": found.custom_history,
                "figures": found.figures,
                "by": found.by,
                "series": found.series,
                "links": _links(query, chatbot),
                "first_day": found.days.first,
                "last_day": found.days.last,
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            },
            tag,
        )

    known = [one for one in describe.parameters(QUERIES[table.name]) if one["name"] in ASKED[table.name]]
    app.get(
        f"{CHATBOTS}{{chatbot_id}}/{table.name}/{{entity_id}}",
        name=table.singular,
        tags=[table.name.capitalize()],
        summary=f"One {table.singular}: attributes with their history, figures, and a series of them",
        description=MEANING,
        openapi_extra=describe.asked([*known, BY]),
        responses=describe.responses(
            f"The {table.singular}.", describe.json_content(_schema(table), _example(table)), entity=table.singular
        ),
    )(entity)


def _links(query: EntityQuery, chatbot: Chatbot) -> dict[str, str]:
    """Return where the rows behind the figures are: the conversations, and an organization's users."""
    row, table = query.row, query.row.table
    asked = row.model_dump(mode="json", include=row.model_fields_set & set(ASKED[table.name]))
    mine = {**asked, table.id_column: query.entity_id}
    base = f"{CHATBOTS}{segment(chatbot.chatbot_id)}"
    links = {"conversations": f"{base}/conversations?{urlencode({'of': table.name, **mine}, doseq=True)}"}
    if table.name == "organizations":
        links["users"] = f"{base}/users?{urlencode(mine, doseq=True)}"
    return links


def _schema(table: Table) -> dict[str, Any]:
    kinds = {name: describe.field_schema(table.column(name)) for name in ATTRIBUTES[table.name]}
    # What the tables show in place of a name is no attribute.
    values = {
        name: {**schema, "type": ["number" if name == "mrr" else "string", "null"]} for name, schema in kinds.items()
    }
    attributes = {"type": "object", "required": [*values, "custom"], "properties": {**values, "custom": CUSTOM}}
    interval = {
        "valid_from": {"type": "string", "format": "date-time"},
        "valid_to": {**describe.INSTANT, "description": "When the next one took its place; null if none did."},
    }
    version = {"type": "object", "required": [*interval, *values], "properties": {**interval, **values}}
    custom_value = {"field": {"type": "string"}, "value": describe.CUSTOM_VALUE, **interval}
    bucket = {
        "first_day": {"type": "string", "format": "date"},
        "last_day": {"type": "string", "format": "date"},
        **{name: describe.field_schema(table.column(name)) for name in figures_of(table)},
    }
    row = describe.row_schema(table)
    properties = {
        table.id_column: {"type": "string"},
        "first_seen_at": {**describe.INSTANT, "description": "First message, ever."},
        "last_seen_at": {**describe.INSTANT, "description": "Newest message, ever."},
        "attributes": {
            "type": "object",
            "required": ["range_end", "now"],
            "properties": {"range_end": attributes, "now": attributes},
        },
        "history": {
            "type": "array",
            "items": version,
            "description": "Every version of the attributes, the oldest first.",
        },
        "custom_history": {
            "type": "array",
            "items": {"type": "object", "required": list(custom_value), "properties": custom_value},
            "description": "Every value of the chatbot's own fields; null cleared it.",
        },
        "figures": {**row, "type": ["object", "null"], "description": "The table's row; null without activity."},
        "by": {"type": "string", "enum": list(STEPS)},
        "series": {"type": "array", "items": {"type": "object", "required": list(bucket), "properties": bucket}},
        "links": {"type": "object", "additionalProperties": {"type": "string"}},
        "first_day": describe.DAY,
        "last_day": describe.DAY,
        "data_through": describe.INSTANT,
        "snapshot_id": {"type": "string"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _example(table: Table) -> dict[str, Any]:
    attributes = examples.values(ATTRIBUTES[table.name])
    before = {"valid_from": "2026-03-02T08:00:00Z", "valid_to": "2026-10-01T12:00:00Z"}
    shown = {**attributes, "custom": {"seats": 12}}
    return {
        table.id_column: examples.VALUES[table.id_column],
        "first_seen_at": examples.VALUES["first_seen_at"],
        "last_seen_at": examples.VALUES["last_activity_at"],
        "attributes": {"range_end": shown, "now": shown},
        "history": [{**before, **attributes, "plan": "free"}],
        "custom_history": [{"field": "seats", "value": 5, **before}],
        "figures": examples.values(table.column_names),
        "by": "month",
        "series": [{**examples.RANGE, **examples.values(figures_of(table))}],
        "links": {"conversations": f"{CHATBOTS}{examples.CHATBOT}/conversations?of={table.name}&..."},
        **examples.RANGE,
        **examples.OF_ANSWER,
    }
