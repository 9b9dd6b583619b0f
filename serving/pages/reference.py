"""The API's description as people read it. What it says comes from OpenAPI, which is written in `http`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    """A parameter, an answer or a field: its name, its type, and what it means."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked, and what is answered."""

    method: str
    path: str
    summary: str
    about: str
    sections: list[tuple[str, list[Item]]]


def operations(description: dict[str, Any]) -> list[Operation]:
    """Return every operation of an OpenAPI description, in its order."""
    return [
        Operation(
            method.upper(), path, one.get("summary", ""), one.get("description", ""), [*filter(_is_any, _sections(one))]
        )
        for path, methods in description["paths"].items()
        for method, one in methods.items()
    ]


def _is_any(section: tuple[str, list[Item]]) -> bool:
    return bool(section[1])


def _sections(operation: dict[str, Any]) -> list[tuple[str, list[Item]]]:
    given = [
        Item(one["name"], _type(one["schema"]), one.get("description", "")) for one in operation.get("parameters", [])
    ]
    answers = [Item(status, "", answer.get("description", "")) for status, answer in operation["responses"].items()]
    return [("Parameter", given), ("Answer", answers), ("Field of a row", _row_fields(operation))]


def _row_fields(operation: dict[str, Any]) -> list[Item]:
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    rows = schema.get("properties", {}).get("rows")
    if rows is None:
        return []
    return [
        Item(name, _type(field), field.get("description", field["title"]))
        for name, field in rows["items"]["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}, repeatable"
    names: list[str] = []
    for option in schema.get("anyOf", [schema]):
        kind = option.get("format") or option.get("type", schema.get("type", ""))
        names += kind if isinstance(kind, list) else [kind]
    return " or ".join(dict.fromkeys(name for name in names if name != "null"))
