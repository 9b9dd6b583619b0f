"""What is known of one organization or user, and how it came about: attributes, and each change of them.

What the numbers of a range are is not here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.pages import formats
from serving.pages.asked import Asked
from serving.tables.entity import ATTRIBUTES, Entity


@dataclass(frozen=True)
class Attribute:
    """An attribute as the page's clock shows it; `other` is what it is by the other clock, where that differs."""

    label: str
    text: str
    other: str | None = None


@dataclass(frozen=True)
class Change:
    """What became of an attribute; `before` is None where it was told for the first time."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Moment:
    """The changes of an instant."""

    at: str
    changes: list[Change]


def attributes(asked: Asked, entity: Entity) -> list[Attribute]:
    """Return the attributes, the chatbot's own fields behind the others."""
    shown, other, told = entity.range_end, entity.now, "now"
    if asked.query.attributes == "now":
        shown, other, told = entity.now, entity.range_end, "at the end of the range"
    found = [
        _attribute(asked.table.column(name).label, *_texts(asked, name, shown[name], other[name]), told)
        for name in ATTRIBUTES[asked.table.name][1:]
    ]
    labels = _labels(asked)
    for field in sorted({**shown["custom"], **other["custom"]}):
        found.append(
            _attribute(labels.get(field, field), *_own(shown["custom"].get(field), other["custom"].get(field)), told)
        )
    return found


def history(asked: Asked, entity: Entity) -> list[Moment]:
    """Return every change, the newest first. What was told first is one too."""
    found: dict[datetime, list[Change]] = {}
    previous: dict[str, Any] = {}
    for version in entity.history:
        for name in ATTRIBUTES[asked.table.name]:
            before, after = _texts(asked, name, previous.get(name), version[name])
            is_told = version[name] != previous[name] if previous else version[name] is not None
            if is_told:
                found.setdefault(version["valid_from"], []).append(
                    Change(asked.table.column(name).label, before if previous else None, after)
                )
        previous = version
    told: dict[str, Any] = {}
    labels = _labels(asked)
    for value in entity.custom_history:
        field = value["field"]
        before, after = _own(told.get(field), value["value"])
        change = Change(labels.get(field, field), before if field in told else None, after)
        found.setdefault(value["valid_from"], []).append(change)
        told[field] = value["value"]
    zone = asked.chatbot.time_zone
    return [Moment(formats.instant(at, zone), changes) for at, changes in sorted(found.items(), reverse=True)]


def _labels(asked: Asked) -> dict[str, str]:
    """Return what each of the chatbot's own fields is called."""
    return {column.field: column.label for column in asked.table.columns if column.field is not None}


def _attribute(label: str, shown: str, other: str, told: str) -> Attribute:
    return Attribute(label, shown, None if shown == other else f"{told}: {other}")


def _texts(asked: Asked, name: str, one: Any, other: Any) -> tuple[str, str]:
    """Return two values of an attribute as they are written."""
    column = asked.table.column(name)
    return formats.cell(column, one, asked.chatbot), formats.cell(column, other, asked.chatbot)


def _own(one: Any, other: Any) -> tuple[str, str]:
    """Return two values of one of the chatbot's own fields, each of its own type, as they are written."""
    return formats.own_value(one), formats.own_value(other)
