"""What one line of the request log says: the fine print of the contract in plain Python, for tests only.

Written from the contract alone and sharing no code with the pipeline. A line is a `Record`, or raises `Unusable`.
What records mean together is in `oracle.py`.
"""

import json
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from typing import Any

ROLES = ("user", "assistant", "system", "tool", "developer", "function")
SCORE_PLACES = 12  # of a message's score: what sums carry
COMMERCIAL = ("plan", "industry", "mrr")
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0f"


class Unusable(Exception):
    """The line is quarantined whole."""


@dataclass
class Record:
    """An accepted line. `order` is its place in the order of arrival; a field that is present as None clears."""

    record_id: str
    order: tuple[datetime, str, int]
    chatbot_id: str
    conversation_id: str
    is_organic: bool = True
    event_at: datetime = datetime.min
    user: str | None = None
    organization: str | None = None
    user_fields: dict[str, Any] = field(default_factory=dict)
    organization_fields: dict[str, Any] = field(default_factory=dict)
    session_fields: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, tuple[str, Any]] = field(default_factory=dict)  # type and value by field
    messages: list[tuple[str | None, str, datetime]] = field(default_factory=list)  # id, role, sent at
    scores: list[tuple[str, Fraction]] = field(default_factory=list)  # message id, mean of its chunks
    dropped: int = 0  # optional values that were dropped alone


def read_line(line: bytes, source_file: str, number: int) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise Unusable from None
    if not isinstance(value, dict):
        raise Unusable
    received_at, chatbot_id, request = instant(value.get("received_at")), value.get("chatbot_id"), value.get("request")
    if received_at is None or not 2000 <= received_at.year < 2050 or not isinstance(request, dict):
        raise Unusable
    if not isinstance(chatbot_id, str) or not chatbot_id:
        raise Unusable
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    record_id = blake2b(canonical.encode(), digest_size=16).hexdigest()
    record = Record(record_id, (received_at, source_file, number), chatbot_id, "")
    shape = value.get("shape")
    if shape == "analysis":
        record.conversation_id = required_id(request.get("external_conversation_id"))
        record.scores = list(_scores(record, request))
        return record
    if shape == "conversations":
        record.conversation_id = f"flat:{record_id}"
    elif shape in ("capture", "track"):
        record.conversation_id = required_id(request.get("conversationId"))
    else:
        raise Unusable
    record.is_organic = _is_organic(record, request)
    _read_messages(record, request)
    record.session_fields = _fields(record, request.get("session") or {}, "device", "country")
    if shape == "conversations":
        _read_flat_names(record, request)
    else:
        _read_names(record, request, shape)
    return record


def seen(text: str) -> str:
    """Without characters that nobody sees; some of those that Unicode calls default ignorable are enough here."""
    return "".join(one for one in text if one not in INVISIBLE).strip()


def is_nothing(text: str) -> bool:
    return seen(text).lower() in ("", "null")


def identity(text: str) -> str:
    """A sent id, which must not be taken for a name or an e-mail."""
    return f"id:{text}" if text.split(":")[0] in ("id", "name", "email") and ":" in text else text


def normalised(text: str) -> str:
    text = seen(text)
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", text).split()).casefold())


def instant(value: Any) -> datetime | None:
    """Naive UTC; none for what is not an ISO 8601 time."""
    if not isinstance(value, str) or value.isdecimal():
        return None
    text = value.replace("\u2212", "-").replace(" +", "+").replace(" -", "-").replace(" Z", "Z")
    day, _, clock = text.upper().replace(" ", "T").partition("T")
    if not clock:
        return None
    later = timedelta()
    if clock.startswith("24"):
        clock, later = "00" + clock[2:], timedelta(days=1)
    elif clock[6:8] == "60" or (clock[:6].isdecimal() and clock[4:6] == "60"):
        at = 6 if clock[6:8] == "60" else 4
        clock, later = clock[:at] + "59" + clock[at + 2 :], timedelta(seconds=1)
    if len(day.replace("-", "")) == 7 and day.replace("-", "").isdecimal():
        day = datetime.strptime(day.replace("-", ""), "%Y%j").strftime("%Y-%m-%d")
    try:
        parsed = datetime.fromisoformat(f"{day}T{clock}") + later
    except ValueError:
        return None
    return parsed if parsed.tzinfo is None else parsed.astimezone(UTC).replace(tzinfo=None)


def is_possible(time: datetime | None, received_at: datetime) -> bool:
    return time is not None and datetime(2000, 1, 1) <= time <= received_at + timedelta(hours=24)


def required_id(value: Any) -> str:
    if (text := id_of(value)) is None:
        raise Unusable
    return text


def id_of(value: Any) -> str | None:
    """An id as text; a whole number is its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        return None if is_nothing(value) else value
    return str(int(value)) if value == int(value) else str(value)


def _is_organic(record: Record, request: dict[str, Any]) -> bool:
    if record.conversation_id.startswith("obprobe_"):
        return False
    kind = request.get("kind")
    if kind not in (None, "organic", "probe", "replay"):
        record.dropped += 1
    return kind not in ("probe", "replay")


def _read_messages(record: Record, request: dict[str, Any]) -> None:
    received_at = record.order[0]
    times: list[datetime | None] = []
    for message in _messages(request):
        time = None
        if message.get("sentAt") is not None:
            time = instant(message["sentAt"])
            if time is None or not is_possible(time, received_at):
                raise Unusable
        times.append(time)
    dated = [time for time in times if time is not None]
    for place, message in enumerate(_messages(request)):
        before = [time for time in times[: place + 1] if time is not None]
        sent_at = (before[-1:] or dated[:1] or [received_at])[0]
        if isinstance(message.get("content"), dict | int | bool):
            record.dropped += 1
        record.messages.append((_optional_id(record, message, "id"), _role(message.get("role")), sent_at))
    record.event_at = max(dated, default=received_at)


def _role(value: Any) -> str:
    if not isinstance(value, str) or value.lower() not in ROLES:
        raise Unusable
    return value.lower()


def _messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Unusable
    return messages


def _scores(record: Record, request: dict[str, Any]) -> list[tuple[str, Fraction]]:
    found = []
    for message in _messages(request):
        role = "user" if message.get("role") is None else _role(message["role"])
        message_id = _optional_id(record, message, "external_message_id")
        chunks = []
        for chunk in message.get("user_sentiments") or []:
            score = chunk.get("score")
            if isinstance(score, bool) or not isinstance(score, int | float) or not -1 <= score <= 1:
                record.dropped += 1
            else:
                chunks.append(Fraction(str(score)))
        if chunks and message_id is not None:
            if role == "user":
                found.append((message_id, round(sum(chunks) / len(chunks), SCORE_PLACES)))
            else:
                record.dropped += 1
    return found


def _read_names(record: Record, request: dict[str, Any], shape: str) -> None:
    user, organization, metadata = (request.get(part) or {} for part in ("user", "organization", "metadata"))
    user_id = _optional_id(record, user, "id")
    if user_id is None and shape == "capture":
        user_id = _optional_id(record, request, "userId")
    record.user_fields = _fields(record, user, "name", "email", *COMMERCIAL)
    _fields(record, user, "createdAt")  # judged, but shown nowhere
    organization_id = _optional_id(record, organization, "id")
    record.organization_fields = _fields(record, organization, "name", *COMMERCIAL)
    reserved = COMMERCIAL if shape == "track" else ()
    fill = _fields(record, metadata, *reserved)
    _read_custom(record, metadata, *reserved)
    _read_custom(record, request.get("custom") or {})
    _identify(record, user_id, organization_id, fill)


def _read_flat_names(record: Record, request: dict[str, Any]) -> None:
    metadata = request.get("metadata") or {}
    user_id = _optional_id(record, metadata, "userId") or _optional_id(record, metadata, "user_id")
    record.user_fields = _fields(record, metadata, "email")
    named = _fields(record, {"name": metadata["organization"]} if "organization" in metadata else {}, "name")
    record.organization_fields = named
    _identify(record, user_id, None, _fields(record, metadata, *COMMERCIAL))
    _read_custom(record, metadata, "userId", "user_id", "email", "organization", *COMMERCIAL)
    _read_custom(record, request.get("custom") or {})


def _read_custom(record: Record, source: dict[str, Any], *reserved: str) -> None:
    """The chatbot's own fields, each with its type; of a field that is there twice the later one counts."""
    for name, value in source.items():
        if name in reserved:
            continue
        if value is None or (isinstance(value, str) and is_nothing(value)):
            record.custom[name] = ("null", None)
        elif isinstance(value, bool):
            record.custom[name] = ("boolean", value)
        elif isinstance(value, str):
            record.custom[name] = ("text", value.strip())
        elif isinstance(value, int | float) and abs(value) < 1e29:
            record.custom[name] = ("number", Decimal(str(value)))
        else:
            record.dropped += 1


def _identify(record: Record, user_id: str | None, organization_id: str | None, fill: dict[str, Any]) -> None:
    """Ids, else normalised e-mail and name; what the metadata map says fills both where they say nothing."""
    email, name = record.user_fields.get("email"), record.organization_fields.get("name")
    record.user = identity(user_id) if user_id else ("email:" + normalised(email) if email else None)
    record.organization = (
        identity(organization_id) if organization_id else ("name:" + normalised(name) if name else None)
    )
    record.user_fields = fill | record.user_fields
    record.organization_fields = fill | record.organization_fields


def _optional_id(record: Record, source: dict[str, Any], name: str) -> str | None:
    value = source.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        record.dropped += 1
    return id_of(value)


def _fields(record: Record, source: dict[str, Any], *names: str) -> dict[str, Any]:
    """The attributes that are present and good."""
    found = {}
    for name in names:
        if name in source:
            try:
                found[name] = _attribute(name, source[name])
            except ValueError:
                record.dropped += 1
    return found


def _attribute(name: str, value: Any) -> Any:
    """One attribute; None clears, and a ValueError drops it."""
    if value is None or (isinstance(value, str) and is_nothing(value)):
        is_called_null = name == "name" and value is not None and value.strip() not in ("", "null") and seen(value)
        return value.strip() if is_called_null else None
    if name == "mrr":
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) >= 1e12:
            raise ValueError
        return Decimal(str(value))
    if not isinstance(value, str):
        raise ValueError
    if name == "createdAt":
        if instant(value) is None:
            raise ValueError
        return instant(value)
    text = value.strip()
    if name == "email" and (text.count("@") != 1 or " " in text or text[0] == "@" or text[-1] == "@"):
        raise ValueError
    return text
