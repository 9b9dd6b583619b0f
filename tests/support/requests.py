"""Lines of a request log, short to write and easy to read, in all four shapes; and their way into an inbox.

Every builder returns the whole line as a dictionary. Without `received_at`, a line arrives with its newest message.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import zstandard

Line = dict[str, Any]
SUPPORT = "support"


def said(message_id: str | None, sent_at: str | None = None, role: str = "user") -> Line:
    """One message; without an id or a time the key is absent."""
    message: Line = {"role": role, "content": "Hello"}
    if message_id is not None:
        message["id"] = message_id
    if sent_at is not None:
        message["sentAt"] = sent_at
    return message


def capture(
    conversation_id: str, *messages: Line, received_at: str = "", chatbot: str = SUPPORT, **request: Any
) -> Line:
    """A capture request; other arguments are parts of the request (user, organization, kind, ...)."""
    body = {"conversationId": conversation_id, "messages": list(messages), **request}
    return envelope("capture", body, received_at, chatbot)


def track(conversation_id: str, *messages: Line, received_at: str = "", chatbot: str = SUPPORT, **request: Any) -> Line:
    """A track request, in which `metadata` holds plan, MRR and industry."""
    body = {"conversationId": conversation_id, "messages": list(messages), **request}
    return envelope("track", body, received_at, chatbot)


def flat(*messages: Line, received_at: str = "", chatbot: str = SUPPORT, **metadata: Any) -> Line:
    """A request of the flat shape: one conversation of its own; other arguments are its metadata."""
    return envelope("conversations", {"messages": list(messages), "metadata": metadata}, received_at, chatbot)


def analysis(
    conversation_id: str, scores: dict[str, list[Any]], received_at: str, chatbot: str = SUPPORT, role: str = "user"
) -> Line:
    """One answer of the read API: the chunk scores of messages, by message id."""
    messages = [
        {
            "external_message_id": message_id,
            "role": role,
            "user_sentiments": [{"score": score, "text_chunk": "Hello"} for score in chunks],
        }
        for message_id, chunks in scores.items()
    ]
    body = {"external_conversation_id": conversation_id, "messages": messages}
    return envelope("analysis", body, received_at, chatbot)


def envelope(shape: str, request: Line, received_at: str, chatbot: str = SUPPORT) -> Line:
    arrived = received_at or max(message["sentAt"] for message in request["messages"])
    return {"received_at": arrived, "chatbot_id": chatbot, "shape": shape, "request": request}


def encode(*lines: Line | bytes) -> bytes:
    """Lines as they stand in a file; bytes are taken as they are."""
    return b"".join(
        (one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode()) + b"\n" for one in lines
    )


def deliver(home: Path, *lines: Line | bytes, file: str = "log.jsonl") -> None:
    """Append lines to a file of the inbox, compressed as its name says."""
    path = home / "inbox" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    content = encode(*lines)
    if file.endswith(".gz"):
        content = gzip.compress(content)
    elif file.endswith(".zst"):
        content = zstandard.ZstdCompressor().compress(content)
    with path.open("ab") as opened:
        opened.write(content)


def write_chatbots(home: Path, **settings: dict[str, str]) -> None:
    """Write `chatbots.csv`: settings by chatbot id."""
    columns = ("name", "time_zone", "week_start", "currency", "mrr_unit")
    rows = [",".join((chatbot, *(given.get(column, "") for column in columns))) for chatbot, given in settings.items()]
    _write(home / "chatbots.csv", [",".join(("chatbot_id", *columns)), *rows])


def write_identity(home: Path, *merges: tuple[str, str, str], chatbot: str = SUPPORT) -> None:
    """Write `identity.csv`: merges as (kind, from, to)."""
    rows = [",".join((chatbot, *merge, "reviewed")) for merge in merges]
    _write(home / "identity.csv", ["chatbot_id,kind,from_id,to_id,reason", *rows])


def write_exclusions(home: Path, *exclusions: tuple[str, str], chatbot: str = SUPPORT) -> None:
    """Write `exclude.csv`: what is left out as (kind, value)."""
    rows = [",".join((chatbot, *exclusion, "our own")) for exclusion in exclusions]
    _write(home / "exclude.csv", ["chatbot_id,kind,value,reason", *rows])


def _write(path: Path, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
