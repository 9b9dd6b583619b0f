"""Decides which chatbots a reader may see. Every route and every callback of a page asks here.

Authentication and tokens would come in here too; until then everyone who reaches this machine's loopback may see every
chatbot of the snapshot.
"""

from collections.abc import Callable, Mapping

from serving.snapshot import Chatbot, Snapshot

# Takes the request's headers and a chatbot id: may this reader see it?
Access = Callable[[Mapping[str, str], str], bool]


class NotFound(Exception):
    """The chatbot does not exist, or this reader may not know that it does."""


def everyone(_headers: Mapping[str, str], _chatbot_id: str) -> bool:
    """Let every reader see every chatbot: right only where the server listens on loopback alone."""
    return True


def visible_chatbots(snapshot: Snapshot, access: Access, headers: Mapping[str, str]) -> list[Chatbot]:
    """Return the chatbots that a reader may see, in order of name."""
    return [chatbot for chatbot in snapshot.chatbots.values() if access(headers, chatbot.chatbot_id)]


def visible_chatbot(snapshot: Snapshot, access: Access, headers: Mapping[str, str], chatbot_id: str) -> Chatbot:
    """Return a chatbot that a reader may see; NotFound, with no difference, if it is unknown or forbidden."""
    chatbot = snapshot.chatbots.get(chatbot_id)
    if chatbot is None or not access(headers, chatbot_id):
        raise NotFound
    return chatbot
