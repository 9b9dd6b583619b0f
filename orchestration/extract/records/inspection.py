"""All that is wrong with one line, and the fields in it that nobody reads: for people, before anything lands.

The rules are those of `read_record`, which stops at the first fault that makes a line unusable. Here that fault is
mended and the line is read again, until nothing is left to find.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from orchestration.extract.records.faults import Rejection, UnusableRecord
from orchestration.extract.records.parse import parse, without_advice
from orchestration.extract.records.records import ENVELOPE, Record, read_record

MOST_FAULTS = 100
_ATTRIBUTES = {"plan", "mrr", "industry"}
# What is read, by place and shape; `metadata` and `custom` hold the chatbot's own fields.
_FIELDS: dict[str, dict[str, set[str]]] = {
    "request": {
        "request": {"conversationId", "messages", "kind", "user", "userId", "organization"}
        | {"metadata", "custom", "session"},
        "messages[]": {"id", "role", "content", "sentAt"},
        "user": {"id", "name", "email", "createdAt"} | _ATTRIBUTES,
        "organization": {"id", "name"} | _ATTRIBUTES,
        "session": {"id", "pageUrl", "page_url", "referrer", "device", "country"},
    },
    "analysis": {
        "request": {"external_conversation_id", "messages"},
        "messages[]": {"external_message_id", "role", "user_sentiments"},
    },
}
_PLACE = re.compile(r"messages\[(\d+)\]")


def all_faults(line: bytes) -> tuple[Record | None, list[tuple[str, str]]]:
    """The record as it would be accepted, and every fault of the line as (reason, explanation)."""
    outcome = read_record(line)
    accepted = outcome if isinstance(outcome, Record) else None
    faults: list[tuple[str, str]] = []
    value: Any = None
    while isinstance(outcome, Rejection) and len(faults) < MOST_FAULTS:
        faults.append((outcome.reason, f"{without_advice(outcome.explanation)}."))
        mend = _MENDED.get(outcome.reason)
        value = _value(line) if value is None else value
        if mend is None or not isinstance(value, dict):
            break
        mend(value, outcome.explanation)
        outcome = read_record(orjson.dumps(value))
    if isinstance(outcome, Record):
        faults += [(one.reason, f"`{one.path}`: {one.explanation}") for one in outcome.warnings]
    return accepted, faults


def unknown_fields(line: bytes) -> Iterator[str]:
    """Fields that are ignored because nobody knows them, each with its place."""
    value = _value(line)
    if not isinstance(value, dict):
        return
    yield from (name for name in value if name not in ENVELOPE)
    request = value.get("request")
    if not isinstance(request, dict):
        return
    known = _FIELDS["analysis" if value.get("shape") == "analysis" else "request"]
    messages = request.get("messages")
    parts = [("request", request), *(("messages[]", one) for one in (messages if isinstance(messages, list) else ()))]
    parts += [(name, request.get(name)) for name in known if name in request]
    for place, part in parts:
        if isinstance(part, dict):
            yield from (f"{place}.{name}" for name in part if name not in known[place])


def nearest_known(field: str) -> str | None:
    """The known field, in the same place, that someone may have meant."""
    place, _, name = field.rpartition(".")
    known = ENVELOPE if not place else {name for fields in _FIELDS.values() for name in fields.get(place, ())}
    plain = {_plain(one): one for one in known}
    return next((plain[one] for one in difflib.get_close_matches(_plain(name), plain, 1, 0.75)), None)


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def _value(line: bytes) -> Any:
    try:
        return parse(line)[0]
    except UnusableRecord:
        return None


def _set(place: str, replacement: Any) -> Callable[[dict[str, Any], str], None]:
    def mend(value: dict[str, Any], _: str) -> None:
        value[place] = replacement

    return mend


def _mend_request(name: str, replacement: Any) -> Callable[[dict[str, Any], str], None]:
    def mend(value: dict[str, Any], _: str) -> None:
        field = f"external_{name}" if value["shape"] == "analysis" and name == "conversation_id" else name
        value["request"]["conversationId" if field == "conversation_id" else field] = replacement

    return mend


def _mend_message(name: str | None, replacement: Any) -> Callable[[dict[str, Any], str], None]:
    def mend(value: dict[str, Any], explanation: str) -> None:
        found = _PLACE.search(explanation)
        position, messages = int(found[1]) if found else 0, value["request"]["messages"]
        if name is None:
            messages[position] = replacement
        else:
            messages[position][name] = replacement

    return mend


# What stands for a bad value, so that what is behind it can be read. The latest arrival judges no time as too late.
_MENDED = {
    "bad_received_at": _set("received_at", "2049-12-31T00:00:00Z"),
    "bad_chatbot_id": _set("chatbot_id", "chatbot"),
    "unknown_shape": _set("shape", "capture"),
    "bad_request": _set("request", {"conversationId": "c", "messages": [{"role": "user"}]}),
    "no_conversation_id": _mend_request("conversation_id", "c"),
    "bad_conversation_id": _mend_request("conversation_id", "c"),
    "no_message": _mend_request("messages", [{"role": "user"}]),
    "bad_message": _mend_message(None, {"role": "user"}),
    "bad_role": _mend_message("role", "user"),
    "bad_time": _mend_message("sentAt", None),
}
