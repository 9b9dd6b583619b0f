"""The messages of a request -> rows. Ids and times are read in all three request shapes; positions count from 0."""

from datetime import datetime
from typing import Any

from orchestration.extract.records.attributes import Row, drop, optional_id
from orchestration.extract.records.faults import FieldWarning, UnusableRecord, listed, type_name
from orchestration.extract.records.instants import parse_instant, time_fault
from orchestration.extract.records.parse import RESEND

ROLES = frozenset({"user", "assistant", "system"})


def message_objects(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a request or an analysis, of which there must be one."""
    messages = request.get("messages")
    if type(messages) is not list or not messages:
        raise UnusableRecord("no_message", f"The request's `messages` is not a list with a message. {RESEND}")
    for position, message in enumerate(messages):
        if type(message) is not dict:
            explanation = f"`messages[{position}]` is {type_name(message)}, not an object. {RESEND}"
            raise UnusableRecord("bad_message", explanation)
    return messages


def message_rows(
    request: dict[str, Any], received_at: datetime, conversation: Row, warnings: list[FieldWarning]
) -> tuple[list[Row], datetime]:
    """The rows of all messages, and the event time of the request."""
    rows: list[Row] = []
    newest: datetime | None = None
    for position, message in enumerate(message_objects(request)):
        role = message.get("role")
        if type(role) is not str or role not in ROLES:
            explanation = f"`messages[{position}].role` is none of {listed(ROLES)}. {RESEND}"
            raise UnusableRecord("bad_role", explanation)
        sent_at, value = received_at, message.get("sentAt")
        if value is not None:
            instant = parse_instant(value)
            fault = time_fault(instant, received_at)
            if instant is None or fault:
                raise UnusableRecord("bad_time", f"`messages[{position}].sentAt` {fault}. {RESEND}")
            sent_at = instant
            newest = instant if newest is None else max(newest, instant)
        content = message.get("content")
        if type(content) is not str and content is not None:
            path = f"messages[{position}].content"
            drop(warnings, path, "wrong_type", f"The content is {type_name(content)}, not text.", content)
            content = None
        message_id = message.get("id")
        if message_id is not None:
            message_id = optional_id(message, "id", f"messages[{position}].id", warnings)
        rows.append((position, received_at, *conversation, message_id, role, content, sent_at))
    return rows, newest or received_at
