"""The HTTP API: rows, files, health and their description.

Every route of a chatbot goes through `access`; what may be asked is in `query`, what is read in `results`.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from serving.access import reader_of, require, visible_chatbot
from serving.access.audit import note_export
from serving.http import describe
from serving.snapshot import Chatbot, NothingPublished, Snapshot, Snapshots
from serving.tables.columns import TABLES, Table
from serving.tables.exports import FORMATS, Format, decimal_text, file_name
from serving.tables.query import QUERIES, TableQuery, query_of
from serving.tables.ranges import Clock
from serving.tables.results import closed, read_page, result


def add_api(app: FastAPI, snapshots: Snapshots, clock: Clock, audit: Path | None) -> None:
    """Add the API's routes, and their description."""
    for table in TABLES.values():
        _add_rows(app, table, snapshots, clock)
        for file_format in FORMATS:
            _add_file(app, table, file_format, snapshots, clock, audit)

    @app.get("/health", tags=["Service"], summary="Whether data is served, and through when it runs")
    def health(request: Request) -> Response:
        snapshot = snapshots.current()
        tag = f'"{snapshot.snapshot_id}"'
        # A page left open asks every minute whether there is anything newer.
        if request.headers.get("If-None-Match") == tag:
            return Response(None, 304, {"ETag": tag, "Cache-Control": "no-store"})
        answer = json_answer(
            {
                "status": "ok",
                "snapshot_id": snapshot.snapshot_id,
                "built_at": snapshot.built_at,
                "data_through": snapshot.data_through,
            }
        )
        answer.headers["ETag"] = tag
        return answer

    plain_description = app.openapi

    def description() -> dict[str, Any]:
        try:
            return describe.with_meanings(plain_description(), snapshots.current())
        except NothingPublished:
            return plain_description()

    app.openapi = description  # type: ignore[method-assign]


def _add_rows(app: FastAPI, table: Table, snapshots: Snapshots, clock: Clock) -> None:
    def rows(chatbot_id: str, request: Request) -> Response:
        snapshot, chatbot, query = asked_of(request, chatbot_id, table, snapshots)
        now = clock()
        page = read_page(snapshot, query, chatbot, now)
        days = closed(snapshot, query, chatbot, now)
        return json_answer(
            {
                "rows": page.rows,
                "total": page.total,
                "first_day": days.first,
                "last_day": days.last,
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            }
        )

    app.get(
        f"/api/v1/chatbots/{{chatbot_id:path}}/{table.name}",
        name=f"{table.name}_rows",
        tags=[table.name.capitalize()],
        summary=f"One page of the {table.name.capitalize()} table",
        description=describe.CUSTOM_FIELDS,
        openapi_extra={"parameters": describe.parameters(QUERIES[table.name])},
        responses=describe.answers(table),
    )(rows)


def _add_file(
    app: FastAPI, table: Table, file_format: Format, snapshots: Snapshots, clock: Clock, audit: Path | None
) -> None:
    def file(chatbot_id: str, request: Request) -> Response:
        given = request.url.query
        write = file_format.write
        if file_format.write_marked is not None:
            given, marked = _without_mark(given)
            write = file_format.write_marked if marked else write
        snapshot, chatbot, query = asked_of(request, chatbot_id, table, snapshots, given)
        require(request, "export")
        now = clock()
        columns = [query.table.column(name) for name in query.chosen_columns()]
        note_export(
            audit,
            at=now,
            reader=reader_of(request),
            chatbot_id=chatbot_id,
            table=table.name,
            file_format=file_format.suffix,
            snapshot_id=snapshot.snapshot_id,
            days=query.days(chatbot, now),
            filters=sorted({name for name, _ in parse_qsl(given, keep_blank_values=True)} - {"columns"}),
            columns=[column.name for column in columns],
        )
        name = file_name(table.name, chatbot_id, snapshot.built_at, file_format.suffix)
        return StreamingResponse(
            write(snapshot, result(query, chatbot, now), columns),
            media_type=file_format.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    app.get(
        f"/api/v1/chatbots/{{chatbot_id:path}}/{table.name}.{file_format.suffix}",
        name=f"{table.name}_{file_format.suffix}",
        tags=[table.name.capitalize()],
        summary=f"The whole result as {file_format.label}",
        description=describe.CUSTOM_FIELDS,
        openapi_extra={"parameters": describe.file_parameters(QUERIES[table.name], file_format)},
        responses=describe.file_answers(file_format),
    )(file)


def _without_mark(query_string: str) -> tuple[str, bool]:
    """Return a query string without `bom`, and whether that asks for a mark; any odd use of it stays in."""
    given = parse_qsl(query_string, keep_blank_values=True)
    asked = [value for name, value in given if name == "bom"]
    if asked not in (["0"], ["1"]):
        return query_string, False
    return urlencode([(name, value) for name, value in given if name != "bom"]), asked == ["1"]


def asked_of(
    request: Request,
    chatbot_id: str,
    table: Table,
    snapshots: Snapshots,
    query_string: str | None = None,
) -> tuple[Snapshot, Chatbot, TableQuery]:
    """Return what a request asks of whom; a chatbot that the reader may not see is not found before anything else."""
    snapshot = snapshots.current()
    chatbot = visible_chatbot(snapshot, request, chatbot_id)
    given = request.url.query if query_string is None else query_string
    return snapshot, chatbot, query_of(table.name, chatbot).parse(given)


def json_answer(content: Any) -> Response:
    """Return an answer with exact decimals and instants in UTC."""
    body = orjson.dumps(content, default=_number, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
    return Response(body, 200, {"Cache-Control": "no-store"}, "application/json")


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value))
    raise TypeError(f"{type(value).__name__} has no place in an answer")
