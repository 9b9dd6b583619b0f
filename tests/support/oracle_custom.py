"""What custom fields were and are, by the rules of attributes: a part of the oracle, from the contract alone.

How one line tells them is in `oracle_lines.py`, what else follows from lines in `oracle.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from tests.support.oracle_lines import Record

Row = dict[str, Any]
Entity = tuple[str, str]  # chatbot, id


class Value(NamedTuple):
    """What a field holds from an instant on; `is_first` of what the entity's first request said."""

    valid_from: datetime
    type: str
    value: Any
    is_first: bool


History = dict[tuple[Entity, str], list[Value]]  # by entity and field


def custom_history(requests: Iterable[Record], kind: str, entity_of: Callable[[str, str, str], Entity]) -> History:
    """The newest event wins, ties go to the later arrival; the same said again is no new value."""
    history: History = defaultdict(list)
    began: dict[Entity, datetime] = {}
    for record in sorted(requests, key=lambda record: (record.event_at, record.order)):
        if not (named := getattr(record, kind)):
            continue
        entity = entity_of(record.chatbot_id, kind, named)
        is_first = record.event_at == began.setdefault(entity, record.event_at)
        for name, (type_, value) in record.custom.items():
            values = history[entity, name]
            if values and values[-1].valid_from == record.event_at:
                values.pop()
            values.append(Value(record.event_at, type_, value, is_first))
    return {key: _without_repetition(values) for key, values in history.items()}


def held_at(values: list[Value], end: datetime | None) -> Value | None:
    """What holds before an instant; before the entity's first request, what that one said. None where nothing does."""
    said = [one for number, one in enumerate(values) if end is None or one.valid_from < end or _goes_back(one, number)]
    return said[-1] if said and said[-1].type != "null" else None


def custom_rows(history: History, kind: str) -> list[Row]:
    """One row for each validity interval of a field."""
    rows = []
    for ((chatbot_id, entity_id), name), values in history.items():
        ends = [value.valid_from for value in values[1:]] + [None]
        for value, end in zip(values, ends, strict=True):
            key = {"chatbot_id": chatbot_id, "kind": kind, "entity_id": entity_id, "field": name}
            rows.append(key | columns_of(value) | {"valid_from": value.valid_from, "valid_to": end})
    return rows


def field_rows(histories: dict[str, History]) -> list[Row]:
    """One row for each chatbot and field: the type of its newest value, and who has one now."""
    types: dict[tuple[str, str], list[tuple[bool, float, str]]] = defaultdict(list)
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, history in histories.items():
        for (entity, name), values in history.items():
            key = (entity[0], name)
            types[key] += [(one.type == "null", -_seconds(one.valid_from), one.type) for one in values]
            holders[key] += [kind] if values[-1].type != "null" else []
    return [
        {
            "chatbot_id": chatbot_id,
            "field": name,
            "value_type": min(found)[2],
            "is_mixed": len({type_ for is_null, _, type_ in found if not is_null}) > 1,
            "users": holders[chatbot_id, name].count("user"),
            "organizations": holders[chatbot_id, name].count("organization"),
        }
        for (chatbot_id, name), found in types.items()
    ]


def columns_of(value: Value) -> Row:
    """A value in the column of its type."""
    columns = {f"{name}_value": value.value if value.type == name else None for name in ("text", "number", "boolean")}
    return {"value_type": value.type, **columns}


def _goes_back(value: Value, number: int) -> bool:
    return number == 0 and value.is_first


def _seconds(instant: datetime) -> float:
    return (instant - datetime(1970, 1, 1)).total_seconds()


def _without_repetition(values: list[Value]) -> list[Value]:
    return [
        one
        for number, one in enumerate(values)
        if number == 0 or (one.type, one.value) != (values[number - 1].type, values[number - 1].value)
    ]
