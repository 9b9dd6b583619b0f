"""The messages of a request -> rows. Ids and times are read in all three request shapes; positions count from 0."""

from datetime import datetime
from typing import Any

from orchestration.extract.records.attributes import Row, drop, optional_id
from orchestration.extract.records.faults import FieldWarning, UnusableRecord, listed, type_name
from orchestration.extract.records.instants import parse_instant, time_fault
from orchestration.extract.records.parse import RESEND

ROLES = frozenset({"user", "assistant", "system", "tool", "developer", "function"})


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


def role_of(message: dict[str, Any], position: int) -> str:
    """The role of a message, in lower case."""
    role = message.get("role")
    if type(role) is str and (role in ROLES or role.casefold() in ROLES):
        return role.casefold()
    raise UnusableRecord("bad_role", f"`messages[{position}].role` is none of {listed(ROLES)}. {RESEND}")


def message_rows(
    request: dict[str, Any], received_at: datetime, conversation: Row, warnings: list[FieldWarning]
) -> tuple[list[Row], datetime]:
    """The rows of all messages, and the event time of the request."""
    rows: list[Row] = []
    messages = message_objects(request)
    times = [_sent_at(message, position, received_at) for position, message in enumerate(messages)]
    dated = [time for time in times if time is not None]
    # A message without a time stands beside its neighbours: at the one before it, else at the first that has one.
    latest = dated[0] if dated else received_at
    for position, (message, time) in enumerate(zip(messages, times, strict=True)):
        latest = time or latest
        role = role_of(message, position)
        content = message.get("content")
        if type(content) is not str and content is not None:
            content = text_of(content, f"messages[{position}].content", warnings)
        message_id = message.get("id")
        if message_id is not None:
            message_id = optional_id(message, "id", f"messages[{position}].id", warnings)
        rows.append((position, received_at, *conversation, message_id, role, content, latest))
    return rows, max(dated, default=received_at)


def _sent_at(message: dict[str, Any], position: int, received_at: datetime) -> datetime | None:
    value = message.get("sentAt")
    if value is None:
        return None
    instant = parse_instant(value)
    if fault := time_fault(value, instant, received_at):
        raise UnusableRecord("bad_time", f"`messages[{position}].sentAt` {fault}. {RESEND}")
    return instant


def text_of(content: Any, path: str, warnings: list[FieldWarning]) -> str | None:
    """The text parts of a list of content parts, joined by newlines; none where it has no text."""
    if type(content) is not list:
        explanation = f"The content is {type_name(content)}, not text or a list of parts."
        drop(warnings, path, "wrong_type", explanation, content)
        return None
    texts = []
    for index, part in enumerate(content):
        text = part.get("text") if type(part) is dict else part
        if type(text) is str:
            texts.append(text)
        elif type(part) is not dict or text is not None:
            explanation = f"The part is {type_name(text)}, not text."
            drop(warnings, f"{path}[{index}]", "wrong_type", explanation, part)
    return "\n".join(texts) if texts else None
