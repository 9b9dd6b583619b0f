"""Reads the installed chitchat dataset into conversations. Adds nothing to it; what is derived is in `directory`.

The package's code is not imported: its data file is found through the package's metadata.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson

from orchestration.errors import PipelineError

PACKAGE = "chitchat-dataset"
DATA_FILE = "chitchat_dataset/dataset.json"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `sent_at` is the dataset's time as it is labelled, in UTC, kept without an offset."""

    sender: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation with its messages in the dataset's order, which is the order of their times."""

    conversation_id: str
    messages: tuple[Message, ...]
    ratings: dict[str, int]

    @property
    def user_id(self) -> str:
        """The person who wrote first; everyone else is taken for the assistant."""
        return self.messages[0].sender


def dataset_version() -> str:
    """The installed version of the dataset's package."""
    return _distribution().version


def read_conversations() -> Iterator[Conversation]:
    """Every conversation of the installed dataset, ordered by its first message, then its id."""
    path = Path(str(_distribution().locate_file(DATA_FILE)))
    raw: dict[str, Any] = orjson.loads(path.read_bytes())
    conversations = (_conversation(conversation_id, fields) for conversation_id, fields in raw.items())
    yield from sorted(conversations, key=lambda one: (one.messages[0].sent_at, one.conversation_id))


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise PipelineError(
            f"The sample needs the package {PACKAGE}, which is not installed. Install the dependency group 'sample'."
        ) from None


def _conversation(conversation_id: str, fields: dict[str, Any]) -> Conversation:
    messages = tuple(
        Message(message["sender"], message["text"], datetime.fromisoformat(message["timestamp"]).replace(tzinfo=None))
        for turn in fields["messages"]
        for message in turn
    )
    # A few ratings are numbers written as text.
    ratings = {name: int(value) for name, value in (fields.get("ratings") or {}).items()}
    return Conversation(conversation_id, messages, ratings)
