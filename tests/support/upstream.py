"""The upstream's read API as it is documented, on the loopback address: conversations, their scores, and its moods."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "ob_admin_key"


@dataclass
class Upstream:
    """What the API holds and how it feels; tests write it and read `asked`."""

    conversations: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths with their questions, in order
    moods: list[int] = field(default_factory=list)  # the answers to the next questions, before it answers well again
    broken: set[str] = field(default_factory=set)  # conversations that it cannot show
    chatbots: set[str] = field(default_factory=lambda: {"support"})
    key: str = KEY
    url: str = ""

    def add(
        self, number: int, *scores: float | None, last: str = "2026-03-01T10:00:00Z", chatbot: str = "support"
    ) -> None:
        """A conversation `c<number>` of user messages m0, m1, ... with these scores; none: not analysed yet."""
        messages = [
            {
                "id": f"internal-{number}-{place}",
                "role": "user",
                "content": "Hello",
                "external_message_id": f"m{place}",
                "created_at": last,
                "user_sentiments": [] if score is None else [{"score": score, "text_chunk": "Hello", "reasoning": "-"}],
            }
            for place, score in enumerate(scores)
        ]
        self.conversations[f"u{number}"] = {
            "id": f"u{number}",
            "chatbot_id": chatbot,
            "external_conversation_id": f"c{number}",
            "external_user_id": "u1",
            "message_count": len(scores),
            "last_message_at": last,
            "messages": messages,
        }

    def details_asked(self) -> list[str]:
        """The conversations that were asked for, in order."""
        return [path.rsplit("/", 1)[1] for path in self.asked if "?" not in path]

    def answer(self, path: str, key: str | None) -> tuple[int, Any]:
        """Status and value for a question."""
        self.asked.append(path)
        if self.moods:
            return self.moods.pop(0), {"error": "mood"}
        if key != f"Bearer {self.key}":
            return 401, {"error": "Invalid API key"}
        parts = urlsplit(path)
        if parts.path == "/api/v1/conversations":
            return self._list({name: values[0] for name, values in parse_qs(parts.query).items()})
        one = parts.path.removeprefix("/api/v1/conversations/")
        if one in self.broken:
            return 500, {"error": "broken"}
        found = self.conversations.get(one)
        return (200, found) if found else (404, {"error": "Not found"})

    def _list(self, asked: dict[str, str]) -> tuple[int, Any]:
        chatbot = asked.get("chatbotId")
        if chatbot is not None and chatbot not in self.chatbots:
            return 404, {"error": "Not found"}
        found = [
            {name: value for name, value in one.items() if name != "messages"}
            for one in self.conversations.values()
            if chatbot in (None, one["chatbot_id"]) and asked["from"] <= one["last_message_at"] <= asked["to"]
        ]
        found.sort(key=lambda one: one["last_message_at"], reverse=True)
        page, limit = int(asked.get("page", 1)), int(asked.get("limit", 20))
        listed = found[(page - 1) * limit : page * limit]
        return 200, {"conversations": listed, "total": len(found), "page": page, "limit": limit}


@contextmanager
def serving_upstream() -> Iterator[Upstream]:
    """Serve an empty API until the end of the block."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, value = upstream.answer(self.path, self.headers.get("Authorization"))
            body = json.dumps(value).encode() if not isinstance(value, bytes) else value
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    upstream.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
