"""The API's description as OpenAPI. The routes themselves are in `api`; the page for people is `pages.reference`."""

import copy
from typing import Any

from serving.access import NO_EXPORT
from serving.access.identify import NO_TOKEN
from serving.http.examples import rows, with_examples
from serving.snapshot import NOTHING_PUBLISHED, Snapshot
from serving.tables.columns import TABLES, Column, Kind, Table
from serving.tables.conversations import ConversationsQuery
from serving.tables.exports import Format
from serving.tables.page_query import PageQuery
from serving.tables.quality import CHANGES, QUALITY
from serving.tables.query import TableQuery
from serving.tables.query_models import QUERIES

SCHEMA_OF_KIND: dict[Kind, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "count": {"type": "integer"},
    "money": {"type": ["number", "null"], "description": "In whole currency."},
    "sentiment": {"type": ["number", "null"], "minimum": -1, "maximum": 1},
    "share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "instant": {"type": ["string", "null"], "format": "date-time"},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "count_change": {"type": ["integer", "null"]},
    "sentiment_change": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
}
CUSTOM_FIELDS = (
    "A chatbot's own fields are further columns, named `custom.` and the field, such as `custom.seats`: for `columns` "
    "and `sort`, and as filters. `custom.tier=gold`, repeatable, keeps rows with any of these values, whatever their "
    "case; an empty one means no value; a boolean is `true` or `false`. `custom.seats_min` and `custom.seats_max` "
    "bound a number, and `custom.seats=` (empty) lets rows without one pass beside them. `custom.tier_not=gold` keeps "
    "rows with none of these values. A field that was sent with values of several types is a text. Which fields there "
    "are differs from chatbot to chatbot: one that this chatbot does not have is an unknown parameter or column."
)
RECEIPT = (
    "Every conversation that the rows of a table count, once, with what was sent of it in the range. So the lines of a "
    "row (`of=organizations&organization_id=acme`, or `of=users&user_id=u1`) add up to its figures: their number is "
    "`conversations`, that of the different `user_id` is `users`, the sum of `messages` is `messages`, the mean of "
    "`sentiment` where there is one is `sentiment`, the sum of `score_sum` by that of `scored_messages` is "
    "`message_sentiment`, the part of a `band` among those that have one is its share, and the newest "
    "`last_message_at` is `last_activity_at`. The lines of a whole table add up to its totals. With `of=users`, "
    "`organization_id` limits the conversations as on the table. A chatbot's own fields filter as on the table; they "
    "are no columns here. A name is shown as of the range's end, or as of now."
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
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an answer that you have kept: 304 without a body while it still holds.",
    "schema": {"type": "string"},
}
ETAG = {"ETag": {"description": "Names this answer, for `If-None-Match`.", "schema": {"type": "string"}}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds until there is room again.", "schema": {"type": "integer"}}}
SENTENCE = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
PROBLEM = {
    "type": "object",
    "required": ["loc", "msg", "type"],
    "properties": {
        "loc": {"type": "array", "items": {"type": "string"}, "description": "`query`, and the parameter's name."},
        "msg": {"type": "string"},
        "type": {"type": "string"},
    },
}
PROBLEMS = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "array", "items": PROBLEM}}}
UNKNOWN = {"loc": ["query", "pln"], "msg": "Unknown parameter: pln", "type": "extra_forbidden"}


def responses(
    description: str, content: dict[str, Any], *, entity: str = "", is_file: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Return every answer of a route; `entity` is what else may not be found, a file may be one too many."""
    missing = "No such chatbot, or not one that you may see" + (f"; or it has no such {entity}" if entity else "")
    bad = "An unknown parameter, column or bad value, each of which `detail` names"
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": description, "content": content, "headers": ETAG},
        304: {"description": "What you have kept still holds.", "headers": ETAG},
        401: _told("Behind a closed door: no token, or one that opens nothing.", SENTENCE, NO_TOKEN),
        404: _told(f"{missing}.", SENTENCE, "Not found"),
        422: _told(
            f"{bad}; or a file with more rows than one may have." if is_file else f"{bad}.", PROBLEMS, [UNKNOWN]
        ),
        503: _told("Nothing is published yet.", SENTENCE, NOTHING_PUBLISHED),
    }
    if is_file:
        too_many = _told("Too many files in a minute.", SENTENCE, "At most 60 files may be taken in a minute. ...")
        answers[403] = _told("A token without the right to export.", SENTENCE, NO_EXPORT)
        answers[429] = {**too_many, "headers": RETRY_AFTER}
    return answers


def _told(description: str, schema: dict[str, Any], detail: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema, "example": {"detail": detail}}}
    return {"description": description, "content": content}


def json_content(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """Return the content of a JSON answer."""
    return {"application/json": {"schema": schema, "example": example}}


def asked(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a route takes: its parameters with examples, and the headers of every route."""
    return {"parameters": [*with_examples(parameters), IF_NONE_MATCH]}


def parameters(model: type[PageQuery]) -> list[dict[str, Any]]:
    """Return a query's parameters as OpenAPI describes them."""
    schema = model.model_json_schema()
    columns = list(model.table.column_names)
    choices = {"sort": columns + [f"-{name}" for name in columns], "columns": columns}
    described = []
    for name, field in schema["properties"].items():
        field = {key: value for key, value in field.items() if key not in ("title", "description")}
        if name in choices:
            name_of: dict[str, Any] = {"enum": choices[name]}
            if issubclass(model, TableQuery):
                name_of = {"anyOf": [name_of, {"pattern": CUSTOM_PATTERN}]}
            field.get("items", field).update(name_of)
        text = model.model_fields[name].description
        described.append({"name": name, "in": "query", "required": False, "description": text, "schema": field})
    return described


def conversation_parameters() -> list[dict[str, Any]]:
    """Return the receipt's parameters: its own, then those of both tables; `of` says which table's apply."""
    own = parameters(ConversationsQuery)
    named = {one["name"] for one in own}
    for table, model in QUERIES.items():
        for one in parameters(model):
            if one["name"] in named:
                continue
            named.add(one["name"])
            alone = [other for other in QUERIES if one["name"] not in QUERIES[other].model_fields]
            note = f" With `of={table}` alone." if alone else ""
            own.append({**one, "description": f"{one['description']}{note}"})
    return own


def file_parameters(of_rows: list[dict[str, Any]], file_format: Format) -> list[dict[str, Any]]:
    """Return the parameters of a file's route, which are those of the rows and some of its own."""
    return of_rows + ([MARK] if file_format.write_marked else [])


def row_schema(table: Table) -> dict[str, Any]:
    """Return the schema of one row."""
    return {
        "type": "object",
        "properties": {column.name: field_schema(column) for column in table.columns},
        "patternProperties": {r"^custom\.": CUSTOM_VALUE},
    }


def field_schema(column: Column) -> dict[str, Any]:
    """Return the schema of a column's values."""
    about = {"description": column.meaning} if column.meaning else {}
    return {"title": column.label, **SCHEMA_OF_KIND[column.kind], **about}


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
    return responses("The rows.", json_content(schema, rows(table)))


def file_answers(file_format: Format) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a file's route."""
    content = {file_format.media_type.split(";")[0]: {"schema": {"type": "string", "format": "binary"}}}
    return responses("The file.", content, is_file=True)


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
