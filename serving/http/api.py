"""The HTTP API: rows, files, health and their description.

Every route of a chatbot goes through `access`; what is asked and read for which address is in `sources`.
"""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from serving.access import reader_of, require_export, visible_chatbot
from serving.http import describe
from serving.http.addresses import CHATBOTS, ChatbotId
from serving.http.caching import Unchanged, headers, moment_of, tag_of
from serving.http.limits import Exports
from serving.http.sources import SOURCES, Source, columns_of
from serving.snapshot import Chatbot, NothingPublished, Snapshot, Snapshots
from serving.tables.activity import closed
from serving.tables.exports import FORMATS, Format, decimal_text, file_name
from serving.tables.ranges import Clock


def add_api(app: FastAPI, snapshots: Snapshots, clock: Clock, exports: Exports) -> None:
    """Add the API's routes, and their description."""
    for source in SOURCES:
        _add_rows(app, source, snapshots, clock)
        for file_format in FORMATS:
            _add_file(app, source, file_format, snapshots, clock, exports)

    @app.get("/health", tags=["Service"], summary="Whether data is served, and through when it runs")
    def health(request: Request) -> Response:
        snapshot = snapshots.current()
        tag = f'"{snapshot.snapshot_id}"'
        # A page left open asks every minute whether there is anything newer.
        if request.headers.get("If-None-Match") == tag:
            raise Unchanged(tag)
        return json_answer(
            {
                "status": "ok",
                "snapshot_id": snapshot.snapshot_id,
                "built_at": snapshot.built_at,
                "data_through": snapshot.data_through,
            },
            tag,
        )

    plain_description = app.openapi

    def description() -> dict[str, Any]:
        try:
            return describe.with_meanings(plain_description(), snapshots.current())
        except NothingPublished:
            return plain_description()

    app.openapi = description  # type: ignore[method-assign]


def _add_rows(app: FastAPI, source: Source, snapshots: Snapshots, clock: Clock) -> None:
    def rows(chatbot_id: ChatbotId, request: Request) -> Response:
        snapshot, chatbot, query = asked_of(request, chatbot_id, source, snapshots)
        now = clock()
        tag = tag_of(request, snapshot, chatbot, *moment_of(source.rows_of(query), chatbot, now))
        page = source.read(snapshot, query, chatbot, now)
        days = closed(snapshot, source.rows_of(query), chatbot, now)
        return json_answer(
            {
                "rows": page.rows,
                "total": page.total,
                "first_day": days.first,
                "last_day": days.last,
                "data_through": snapshot.data_through,
                "snapshot_id": snapshot.snapshot_id,
            },
            tag,
        )

    app.get(
        f"{CHATBOTS}{{chatbot_id}}/{source.table.name}",
        name=f"{source.table.name}_rows",
        tags=[source.table.name.capitalize()],
        summary=source.summary,
        description=source.description,
        openapi_extra=describe.asked(source.parameters),
        responses=describe.answers(source.table),
    )(rows)


def _add_file(
    app: FastAPI,
    source: Source,
    file_format: Format,
    snapshots: Snapshots,
    clock: Clock,
    exports: Exports,
) -> None:
    name = source.table.name

    def file(chatbot_id: ChatbotId, request: Request) -> Response:
        given = request.url.query
        write = file_format.write
        if file_format.write_marked is not None:
            given, marked = _without_mark(given)
            write = file_format.write_marked if marked else write
        snapshot, chatbot, query = asked_of(request, chatbot_id, source, snapshots, given)
        require_export(request)
        now = clock()
        tag = tag_of(request, snapshot, chatbot, *moment_of(source.rows_of(query), chatbot, now))
        exports.take(request)
        result = source.result(snapshot, query, chatbot, now)
        exports.check_size(snapshot, result, file_format)
        exports.note(
            at=now,
            reader=reader_of(request),
            chatbot_id=chatbot_id,
            table=name,
            file_format=file_format.suffix,
            snapshot_id=snapshot.snapshot_id,
            days=source.rows_of(query).days(chatbot, now),
            filters=sorted({one for one, _ in parse_qsl(given, keep_blank_values=True)} - {"columns"}),
            columns=[column.name for column in columns_of(query)],
        )
        called = file_name(name, chatbot_id, snapshot.built_at, file_format.suffix)
        return StreamingResponse(
            write(snapshot, result, columns_of(query)),
            media_type=file_format.media_type,
            headers={"Content-Disposition": f'attachment; filename="{called}"', **headers(tag)},
        )

    app.get(
        f"{CHATBOTS}{{chatbot_id}}/{name}.{file_format.suffix}",
        name=f"{name}_{file_format.suffix}",
        tags=[name.capitalize()],
        summary=f"The whole result as {file_format.label}",
        description=source.description,
        openapi_extra=describe.asked(describe.file_parameters(source.parameters, file_format)),
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
    source: Source,
    snapshots: Snapshots,
    query_string: str | None = None,
) -> tuple[Snapshot, Chatbot, Any]:
    """Return what a request asks of whom; a chatbot that the reader may not see is not found before anything else."""
    snapshot = snapshots.current()
    chatbot = visible_chatbot(snapshot, request, chatbot_id)
    given = request.url.query if query_string is None else query_string
    return snapshot, chatbot, source.parse(given, chatbot)


def json_answer(content: Any, tag: str | None = None) -> Response:
    """Return an answer with exact decimals and instants in UTC; one without a tag is not kept."""
    body = orjson.dumps(content, default=_number, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
    return Response(body, 200, headers(tag) if tag else {"Cache-Control": "no-store"}, "application/json")


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value))
    raise TypeError(f"{type(value).__name__} has no place in an answer")
