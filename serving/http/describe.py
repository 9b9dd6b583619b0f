"""The API's description as OpenAPI. The routes themselves are in `api`; the page for people is `pages.reference`."""

import copy
from typing import Any

from serving.snapshot import NOTHING_PUBLISHED, Snapshot
from serving.tables.columns import TABLES, Kind, Table
from serving.tables.exports import Format
from serving.tables.quality import CHANGES, QUALITY
from serving.tables.query import TableQuery

SCHEMA_OF_KIND: dict[Kind, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "count": {"type": "integer"},
    "money": {"type": ["number", "null"], "description": "In whole currency."},
    "sentiment": {"type": ["number", "null"], "minimum": -1, "maximum": 1},
    "share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "instant": {"type": "string", "format": "date-time"},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
}
CUSTOM_FIELDS = (
    "A chatbot's own fields are further columns, named `custom.` and the field, such as `custom.seats`: for `columns` "
    "and `sort`, and as filters. `custom.tier=gold`, repeatable, keeps rows with any of these values, whatever their "
    "case; an empty one means no value; a boolean is `true` or `false`. `custom.seats_min` and `custom.seats_max` "
    "bound a number. A field that was sent with values of several types is a text. Which fields there are differs from "
    "chatbot to chatbot: one that this chatbot does not have is an unknown parameter or column."
)
CUSTOM_PATTERN = r"^-?custom\."
CUSTOM_VALUE: dict[str, Any] = {
    "type": ["string", "number", "boolean", "null"],
    "description": "A field of the chatbot's own, if it is asked for in `columns`.",
}
DAY = {"type": ["string", "null"], "format": "date"}
INSTANT = {"type": ["string", "null"], "format": "date-time"}
OPEN_END = "An open end is given as the first day of activity, or as today or a newer day of activity."
MARK = {
    "name": "bom",
    "in": "query",
    "required": False,
    "description": "1: begin with a byte order mark, so that Excel takes the file for UTF-8.",
    "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
}
NO_CHATBOT = {"description": "No such chatbot, or not one that you may see."}
BAD_QUERY = {"description": "An unknown parameter, column or bad value; `detail` names each."}
NO_SNAPSHOT = {"description": NOTHING_PUBLISHED}


def parameters(model: type[TableQuery]) -> list[dict[str, Any]]:
    """Return a query's parameters as OpenAPI describes them."""
    schema = model.model_json_schema()
    columns = list(model.table.column_names)
    choices = {"sort": columns + [f"-{name}" for name in columns], "columns": columns}
    described = []
    for name, field in schema["properties"].items():
        field = {key: value for key, value in field.items() if key not in ("title", "description")}
        if name in choices:
            name_of = {"anyOf": [{"enum": choices[name]}, {"pattern": CUSTOM_PATTERN}]}
            field.get("items", field).update(name_of)
        text = model.model_fields[name].description
        described.append({"name": name, "in": "query", "required": False, "description": text, "schema": field})
    return described


def file_parameters(model: type[TableQuery], file_format: Format) -> list[dict[str, Any]]:
    """Return the parameters of a file's route."""
    return parameters(model) + ([MARK] if file_format.write_marked else [])


def row_schema(table: Table) -> dict[str, Any]:
    """Return the schema of one row."""
    return {
        "type": "object",
        "properties": {column.name: {"title": column.label, **SCHEMA_OF_KIND[column.kind]} for column in table.columns},
        "patternProperties": {r"^custom\.": CUSTOM_VALUE},
    }


def answers(table: Table) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a table's route."""
    schema = {
        "type": "object",
        "required": ["rows", "total", "first_day", "last_day", "data_through", "snapshot_id"],
        "properties": {
            "rows": {"type": "array", "items": row_schema(table)},
            "total": {"type": "integer", "description": "Rows in all, before limit and offset."},
            "first_day": {**DAY, "description": f"First day of the range. {OPEN_END}"},
            "last_day": {**DAY, "description": f"Last day of the range, inclusive. {OPEN_END}"},
            "data_through": {**INSTANT, "description": "The time the data runs through."},
            "snapshot_id": {"type": "string"},
        },
    }
    content = {"application/json": {"schema": schema}}
    return {200: {"description": "The rows.", "content": content}, 404: NO_CHATBOT, 422: BAD_QUERY, 503: NO_SNAPSHOT}


def file_answers(file_format: Format) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a file's route."""
    content = {file_format.media_type.split(";")[0]: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "The file.", "content": content}, 404: NO_CHATBOT, 422: BAD_QUERY, 503: NO_SNAPSHOT}


def with_meanings(description: dict[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Return the description with the meaning of each column that the snapshot's manifest explains."""
    description = copy.deepcopy(description)
    for name, table in {**{name: name for name in TABLES}, "quality": QUALITY, "changes": CHANGES}.items():
        route = description["paths"][f"/api/v1/chatbots/{{chatbot_id}}/{name}"]["get"]
        schema = route["responses"]["200"]["content"]["application/json"]["schema"]
        row = schema["properties"]["rows"]["items"]["properties"]
        for column, meaning in snapshot.meanings(table).items():
            if column in row:
                row[column]["description"] = meaning
    return description
