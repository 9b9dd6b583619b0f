"""One line -> typed rows, or the reason why it is unusable: the envelope and what all shapes share.

Pure functions, no files. Messages are read in `messages.py`, scores in `analyses.py`, users and organizations in
`names.py`, single values in `attributes.py`. Who owns a conversation is decided later, in the models.
"""

from datetime import datetime
from typing import Any, NamedTuple

from orchestration.extract.records.analyses import analysis_rows
from orchestration.extract.records.attributes import LONGEST_ID, Row, drop, id_text
from orchestration.extract.records.faults import (
    ExactNumbersNeeded,
    FieldWarning,
    Rejection,
    UnusableRecord,
    listed,
    type_name,
)
from orchestration.extract.records.instants import EARLIEST, LATEST_ARRIVAL, parse_instant, unreadable
from orchestration.extract.records.keys import key_of, record_id_of
from orchestration.extract.records.messages import message_rows
from orchestration.extract.records.names import flat_names, object_names, session_columns
from orchestration.extract.records.parse import RESEND, parse, parse_exactly

ENVELOPE = frozenset({"received_at", "chatbot_id", "shape", "request"})
SHAPES = frozenset({"capture", "track", "conversations", "analysis"})
TRAFFIC = frozenset({"organic", "probe", "replay"})
PROBE_PREFIX = "obprobe_"


class Record(NamedTuple):
    """An accepted line: its rows without their place (segment, file, line, record id)."""

    record_id: str
    received_at: datetime
    chatbot_id: str
    request: Row | None
    messages: list[Row]
    analyses: list[Row]
    custom_fields: list[Row]
    warnings: list[FieldWarning]


def read_record(line: bytes) -> Record | Rejection:
    """Validate one line."""
    value: Any = None
    try:
        try:
            value, canonical = parse(line)
            return _record(value, canonical)
        except ExactNumbersNeeded:
            value, canonical = parse_exactly(line)
            return _record(value, canonical)
    except UnusableRecord as fault:
        return Rejection(fault.reason, fault.explanation, readable_chatbot(value))


def _record(value: Any, canonical: bytes) -> Record:
    if type(value) is not dict:
        raise UnusableRecord("not_an_object", f"The line is {type_name(value)}, not a JSON object. {RESEND}")
    received_at, chatbot_id, shape, request = _envelope(value)
    record_id = record_id_of(canonical)
    warnings: list[FieldWarning] = []
    if shape == "analysis":
        conversation_id = _conversation_id(request, "external_conversation_id")
        analyses = analysis_rows(request, received_at, chatbot_id, conversation_id, warnings)
        return Record(record_id, received_at, chatbot_id, None, [], analyses, [], warnings)

    flat = shape == "conversations"
    conversation_id = f"flat:{record_id}" if flat else _conversation_id(request, "conversationId")
    conversation = (conversation_id, key_of(chatbot_id, "conversation", conversation_id))
    traffic = _traffic(request, conversation_id, warnings)
    messages, event_at = message_rows(request, received_at, (chatbot_id, traffic, *conversation), warnings)
    names = flat_names(request, warnings) if flat else object_names(request, shape, warnings)
    user_id, *user = names.user
    organization_id, *organization = names.organization
    row = (
        received_at,
        chatbot_id,
        shape,
        traffic,
        *conversation,
        event_at,
        user_id,
        None if user_id is None else key_of(chatbot_id, "user", user_id),
        organization_id,
        None if organization_id is None else key_of(chatbot_id, "organization", organization_id),
        *user,
        *organization,
        *session_columns(request, warnings),
    )
    custom = [(received_at, chatbot_id, *field) for field in names.custom.values()]
    return Record(record_id, received_at, chatbot_id, row, messages, [], custom, warnings)


def _envelope(value: dict[str, Any]) -> tuple[datetime, str, str, dict[str, Any]]:
    received_at = parse_instant(value.get("received_at"))
    if received_at is None or not EARLIEST <= received_at < LATEST_ARRIVAL:
        raise UnusableRecord("bad_received_at", f"{_arrival_fault(value, received_at)}. {RESEND}")
    chatbot_id = readable_chatbot(value)
    if chatbot_id is None:
        raise UnusableRecord(
            "bad_chatbot_id",
            f"The envelope's `chatbot_id` is missing or not text of 1 to {LONGEST_ID} characters. {RESEND}",
        )
    shape = value.get("shape")
    if type(shape) is not str or shape not in SHAPES:
        raise UnusableRecord("unknown_shape", f"The envelope's `shape` is none of {listed(SHAPES)}. {RESEND}")
    request = value.get("request")
    if type(request) is not dict:
        raise UnusableRecord("bad_request", f"The envelope's `request` is missing or not an object. {RESEND}")
    return received_at, chatbot_id, shape, request


def _arrival_fault(value: dict[str, Any], received_at: datetime | None) -> str:
    """What is wrong with the arrival of an envelope, or that there is no envelope at all."""
    if not ENVELOPE & value.keys():
        return "The line has no envelope: none of `received_at`, `chatbot_id`, `shape` and `request`"
    if value.get("received_at") is None:
        return "The envelope's `received_at` is missing"
    if received_at is None:
        return f"The envelope's `received_at` {unreadable(value['received_at'])}"
    return "The envelope's `received_at` is not from the years 2000 to 2049"


def readable_chatbot(value: Any) -> str | None:
    """The chatbot that a value names, if it is a good one."""
    chatbot_id = value.get("chatbot_id") if type(value) is dict else None
    if type(chatbot_id) is str and 0 < len(chatbot_id) <= LONGEST_ID and "\0" not in chatbot_id:
        return chatbot_id
    return None


def _conversation_id(request: dict[str, Any], field: str) -> str:
    try:
        conversation_id = id_text(request.get(field))
    except ValueError as fault:
        raise UnusableRecord("bad_conversation_id", f"The request's `{field}` {fault}. {RESEND}") from None
    if conversation_id is None:
        raise UnusableRecord("no_conversation_id", f"The request has no `{field}`. {RESEND}")
    return conversation_id


def _traffic(request: dict[str, Any], conversation_id: str, warnings: list[FieldWarning]) -> str:
    if conversation_id.startswith(PROBE_PREFIX):
        return "probe"
    kind = request.get("kind")
    if kind is None:
        return "organic"
    if type(kind) is str and kind in TRAFFIC:
        return kind
    drop(warnings, "kind", "unknown_value", f"The value is none of {listed(TRAFFIC)}; organic is assumed.", kind)
    return "organic"
