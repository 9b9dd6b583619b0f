"""What can be wrong with a record: a rejection (the whole record) or a warning (one optional value).

The rules that lead here live in `parse.py`, `attributes.py`, `records.py` and `analyses.py`.
"""

import math
from typing import Any, NamedTuple

import orjson

EXCERPT_LENGTH = 80


class Rejection(NamedTuple):
    """Why a line was quarantined as a whole."""

    reason: str
    explanation: str
    chatbot_id: str | None = None


class FieldWarning(NamedTuple):
    """Why one optional value of an accepted record was dropped."""

    path: str
    reason: str
    explanation: str
    excerpt: str


class UnusableRecord(Exception):
    """Raised inside the readers of a record; `read_record` turns it into a `Rejection`."""

    def __init__(self, reason: str, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.explanation = explanation


class ExactNumbersNeeded(Exception):
    """An id is a number whose exact decimal text the fast parser does not keep: parse the line again."""


def excerpt_of(value: Any) -> str:
    """The beginning of a value as JSON text, short and printable."""
    if isinstance(value, str):
        value = value[:EXCERPT_LENGTH]
    elif isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = type(value).__name__
    return text if len(text) <= EXCERPT_LENGTH else text[: EXCERPT_LENGTH - 1] + "…"


def type_name(value: Any) -> str:
    """The JSON name of a value's type, for explanations."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def listed(words: frozenset[str]) -> str:
    """The allowed words, for explanations."""
    return ", ".join(sorted(words))
