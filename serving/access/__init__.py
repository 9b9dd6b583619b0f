"""Who may read what: every route asks here which chatbots its reader may see.

`identify` tells from whom a request is, `readers` what a reader may do, `tokens` keeps the access file.
"""

from dataclasses import replace

from starlette.requests import Request

from serving.access.readers import Reader
from serving.snapshot import Chatbot, Snapshot

NO_EXPORT = "You may read these tables, but not download them. Whoever gave you access can allow it."


class NotFound(Exception):
    """The chatbot does not exist, or this reader may not know that it does."""


class NotAllowed(Exception):
    """The reader sees the chatbot, and has no right to this. Its text is a sentence for the reader."""


def reader_of(request: Request) -> Reader:
    """Return who sent the request, which was found out before any route saw it."""
    return request.state.reader


def visible_chatbots(snapshot: Snapshot, request: Request) -> list[Chatbot]:
    """Return the chatbots that the reader may see, as the reader may see them, in order of name."""
    reader = reader_of(request)
    return [_seen(chatbot, reader) for chatbot in snapshot.chatbots.values() if reader.sees(chatbot.chatbot_id)]


def visible_chatbot(snapshot: Snapshot, request: Request, chatbot_id: str) -> Chatbot:
    """Return a chatbot as the reader may see it; NotFound, with no difference, if it is unknown or forbidden."""
    chatbot, reader = snapshot.chatbots.get(chatbot_id), reader_of(request)
    if chatbot is None or not reader.sees(chatbot_id):
        raise NotFound
    return _seen(chatbot, reader)


def _seen(chatbot: Chatbot, reader: Reader) -> Chatbot:
    return chatbot if reader.may("email") else replace(chatbot, hides_emails=True)


def require_export(request: Request) -> None:
    """Raise NotAllowed where the reader may not take files away."""
    if not reader_of(request).may("export"):
        raise NotAllowed(NO_EXPORT)
