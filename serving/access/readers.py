"""Who reads, and what a reader may do. How a request proves who it is from is in `identify`, tokens are in `tokens`."""

from dataclasses import dataclass
from typing import Literal, get_args

Right = Literal["export", "email"]
RIGHTS: tuple[Right, ...] = get_args(Right)


@dataclass(frozen=True)
class Reader:
    """Someone who may read some chatbots; `chatbots` None: every one.

    Every reader may read tables. `export` is for files with the whole result, `email` for addresses without a mask.
    """

    name: str
    chatbots: frozenset[str] | None = None
    rights: frozenset[Right] = frozenset(RIGHTS)

    def sees(self, chatbot_id: str) -> bool:
        """Whether the reader may know that this chatbot exists."""
        return self.chatbots is None or chatbot_id in self.chatbots

    def may(self, right: Right) -> bool:
        """Whether the reader has a right beyond reading."""
        return right in self.rights


# Where the server listens on loopback alone and nobody has a token, whoever is on this machine reads everything.
ANYONE = Reader("anyone on this machine")
