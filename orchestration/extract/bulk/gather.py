"""Lines -> lists of the raw values that are read of them, line by line; what else is in a line is let go at once.

Left out are the lines whose structure is odd. Single values are judged later, many at a time (`drafts.py`), but for
custom fields, of which every one may be another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

import orjson

from orchestration.extract.bulk.custom import custom_fields
from orchestration.extract.bulk.senders import Senders
from orchestration.extract.records import records as rules
from orchestration.extract.records.attributes import Row
from orchestration.extract.records.keys import record_digest
from orchestration.extract.records.parse import parse_strictly

_ONLY_OBJECTS, _LIST_OR_NOTHING, _NUMBERS = {dict}, {list, NoneType}, {int, float}
_SHAPES = {"capture", "track", "conversations", "analysis"}  # that are known here
_NO_METADATA: dict[str, Any] = {}


@dataclass(slots=True)
class Records:
    """What records have in common; an item a record, of the messages an item a message."""

    places: list[int] = field(default_factory=list)  # of the lines
    digests: list[bytes] = field(default_factory=list)
    received: list[Any] = field(default_factory=list)
    chatbots: list[str] = field(default_factory=list)
    conversation_ids: list[Any] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)  # how many
    message_ids: list[Any] = field(default_factory=list)
    roles: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Requests(Records):
    """Requests of the three shapes."""

    shapes: list[str] = field(default_factory=list)
    kinds: list[Any] = field(default_factory=list)
    senders: Senders = field(default_factory=Senders)
    custom: list[tuple[Row, ...]] = field(default_factory=list)
    contents: list[Any] = field(default_factory=list)
    times: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Analyses(Records):
    """Analyses; scores stand one behind the other."""

    chunks: list[int] = field(default_factory=list)  # how many scores each message has
    scores: list[Any] = field(default_factory=list)


def gather(lines: Sequence[bytes | None]) -> tuple[Requests, Analyses]:
    """The values of all lines; none stands for a line that is odd already."""
    requests, analyses, shapes = Requests(), Analyses(), rules.SHAPES & _SHAPES
    for place, line in enumerate(lines):
        if line is None:
            continue
        try:
            value, canonical = parse_strictly(line)
        except (orjson.JSONDecodeError, TypeError):
            continue
        if type(value) is not dict or type(body := value.get("request")) is not dict:
            continue
        shape, chatbot_id, messages = value.get("shape"), rules.readable_chatbot(value), body.get("messages")
        if type(shape) is not str or shape not in shapes or chatbot_id is None:
            continue
        if type(messages) is not list or set(map(type, messages)) != _ONLY_OBJECTS:
            continue
        digest = record_digest(canonical)
        records: Records
        if shape == "analysis":
            if not _add_analysis(analyses, body, messages):
                continue
            records = analyses
        else:
            if not _add_request(requests, shape, body, messages, digest):
                continue
            records = requests
        records.places.append(place)
        records.digests.append(digest)
        records.received.append(value.get("received_at"))
        records.chatbots.append(chatbot_id)
        records.messages.append(len(messages))
    return requests, analyses


def _add_request(
    requests: Requests, shape: str, body: dict[str, Any], messages: list[dict[str, Any]], digest: bytes
) -> bool:
    kind, metadata = body.get("kind"), body.get("metadata")
    kind, metadata = "organic" if kind is None else kind, _NO_METADATA if metadata is None else metadata
    if type(kind) is not str or kind not in rules.TRAFFIC or type(metadata) is not dict:
        return False
    custom = custom_fields(shape, metadata, body.get("custom"))
    if custom is None or not requests.senders.add(shape, body, metadata):
        return False
    flat = shape == "conversations"
    requests.conversation_ids.append(f"flat:{digest.hex()}" if flat else body.get("conversationId"))
    requests.shapes.append(shape)
    requests.kinds.append(kind)
    requests.custom.append(custom)
    requests.message_ids += [message.get("id") for message in messages]
    requests.roles += [message.get("role") for message in messages]
    requests.contents += [message.get("content") for message in messages]
    requests.times += [message.get("sentAt") for message in messages]
    return True


def _add_analysis(analyses: Analyses, body: dict[str, Any], messages: list[dict[str, Any]]) -> bool:
    lists = [message.get("user_sentiments") for message in messages]
    if not _LIST_OR_NOTHING.issuperset(map(type, lists)):
        return False
    chunks = [chunk for chunks in lists if chunks for chunk in chunks]
    scores: list[Any] = [chunk.get("score") if type(chunk) is dict else None for chunk in chunks]
    if scores and not (_NUMBERS.issuperset(map(type, scores)) and -1 <= min(scores) <= max(scores) <= 1):
        return False
    analyses.conversation_ids.append(body.get("external_conversation_id"))
    analyses.message_ids += [message.get("external_message_id") for message in messages]
    analyses.roles += [message.get("role") for message in messages]
    analyses.chunks += [len(chunks or ()) for chunks in lists]
    analyses.scores += scores
    return True
