"""Who sent a request: user, organization, session and custom fields of the three request shapes.

Identity is decided here, row by row. A bad id is as absent, so a user with a bad id and a good e-mail is known by the
e-mail. `metadata` means custom fields in the capture shape, attributes and custom fields in the other two.
"""

from itertools import chain
from typing import Any, NamedTuple

from orchestration.extract.records.attributes import (
    ABSENT,
    LONGEST_ADDRESS,
    LONGEST_TEXT,
    LONGEST_WORD,
    Attribute,
    Row,
    custom_field,
    drop,
    email_attribute,
    mrr_attribute,
    name_attribute,
    optional_id,
    text_attribute,
    time_attribute,
)
from orchestration.extract.records.faults import FieldWarning, type_name
from orchestration.extract.records.keys import organization_identity, user_identity

# The keys of a `metadata` map that are attributes; every other key is a custom field.
TRACK_METADATA = frozenset({"plan", "mrr", "industry"})
FLAT_METADATA = TRACK_METADATA | {"userId", "user_id", "email", "organization"}
_EMPTY: dict[str, Any] = {}


class Names(NamedTuple):
    """Who sent a request, with the attributes it carries."""

    user: Row  # identity, then two columns for each of six attributes
    organization: Row  # identity, then two columns for each of four attributes
    custom: dict[str, Row]


def object_names(request: dict[str, Any], shape: str, warnings: list[FieldWarning]) -> Names:
    """Names and attributes of the capture and the track shape."""
    user = _map(request, "user", warnings)
    user_id = optional_id(user, "id", "user.id", warnings)
    if user_id is None and shape == "capture":
        user_id = optional_id(request, "userId", "userId", warnings)
    email = email_attribute(user, "email", "user.email", warnings)
    user_row: Row = (
        user_identity(user_id, email[1]),
        name_attribute(user, "name", "user.name", warnings),
        email,
        *_commercial(user, "user", warnings),
        time_attribute(user, "createdAt", "user.createdAt", warnings),
    )
    organization = _map(request, "organization", warnings)
    organization_id = optional_id(organization, "id", "organization.id", warnings)
    name = name_attribute(organization, "name", "organization.name", warnings)
    organization_row: Row = (
        organization_identity(organization_id, name[1]),
        name,
        *_commercial(organization, "organization", warnings),
    )
    metadata = _map(request, "metadata", warnings)
    fields: dict[str, Row] = {}
    if metadata:
        reserved = frozenset[str]()
        if shape == "track":
            reserved = TRACK_METADATA
            fill = _commercial(metadata, "metadata", warnings)
            user_row = _filled(user_row, 3, fill)
            organization_row = _filled(organization_row, 2, fill)
        fields = _custom(metadata, "metadata", reserved, warnings)
    fields |= _custom(_map(request, "custom", warnings), "custom", frozenset(), warnings)
    return Names(_flattened(user_row), _flattened(organization_row), fields)


def flat_names(request: dict[str, Any], warnings: list[FieldWarning]) -> Names:
    """Names and attributes of the flat shape, all in `metadata`."""
    metadata = _map(request, "metadata", warnings)
    user_id = optional_id(metadata, "userId", "metadata.userId", warnings)
    if user_id is None:
        user_id = optional_id(metadata, "user_id", "metadata.user_id", warnings)
    email = email_attribute(metadata, "email", "metadata.email", warnings)
    name = name_attribute(metadata, "organization", "metadata.organization", warnings)
    fill = _commercial(metadata, "metadata", warnings)
    nothing = (ABSENT, ABSENT, ABSENT)
    user_row = _filled((user_identity(user_id, email[1]), ABSENT, email, *nothing, ABSENT), 3, fill)
    organization_row = _filled((organization_identity(None, name[1]), name, *nothing), 2, fill)
    fields = _custom(metadata, "metadata", FLAT_METADATA, warnings)
    fields |= _custom(_map(request, "custom", warnings), "custom", frozenset(), warnings)
    return Names(_flattened(user_row), _flattened(organization_row), fields)


def _commercial(source: dict[str, Any], path: str, warnings: list[FieldWarning]) -> tuple[Attribute, ...]:
    """Plan, industry and MRR: the attributes that a user and an organization share."""
    if not source:
        return ABSENT, ABSENT, ABSENT
    return (
        text_attribute(source, "plan", f"{path}.plan", LONGEST_WORD, warnings),
        text_attribute(source, "industry", f"{path}.industry", LONGEST_TEXT, warnings),
        mrr_attribute(source, "mrr", f"{path}.mrr", warnings),
    )


def _filled(row: Row, first: int, fill: tuple[Attribute, ...]) -> Row:
    """Fill the absent among a named entity's plan, industry and MRR, which begin at `first`."""
    if row[0] is None:
        return row
    own = row[first : first + len(fill)]
    better = (mine if mine[0] else filling for mine, filling in zip(own, fill, strict=True))
    return (*row[:first], *better, *row[first + len(fill) :])


def _flattened(row: Row) -> Row:
    return (row[0], *chain.from_iterable(row[1:]))


def _custom(
    source: dict[str, Any], path: str, reserved: frozenset[str], warnings: list[FieldWarning]
) -> dict[str, Row]:
    fields: dict[str, Row] = {}
    for field, value in source.items():
        if field not in reserved:
            row = custom_field(field, value, f"{path}.{field}", warnings)
            if row is not None:
                fields[field] = row
    return fields


def session_columns(request: dict[str, Any], warnings: list[FieldWarning]) -> Row:
    """Session id, page and referrer; device and country, two columns each."""
    session = _map(request, "session", warnings)
    if not session:
        return (None, None, None, *ABSENT, *ABSENT)
    page = "page_url" if session.get("pageUrl") is None else "pageUrl"
    return (
        optional_id(session, "id", "session.id", warnings),
        text_attribute(session, page, f"session.{page}", LONGEST_ADDRESS, warnings)[1],
        text_attribute(session, "referrer", "session.referrer", LONGEST_ADDRESS, warnings)[1],
        *text_attribute(session, "device", "session.device", LONGEST_WORD, warnings),
        *text_attribute(session, "country", "session.country", LONGEST_WORD, warnings),
    )


def _map(request: dict[str, Any], field: str, warnings: list[FieldWarning]) -> dict[str, Any]:
    """An optional object of the request; null is as absent, another type is dropped."""
    value = request.get(field)
    if value is None:
        return _EMPTY
    if type(value) is not dict:
        drop(warnings, field, "wrong_type", f"The value is {type_name(value)}, not an object.", value)
        return _EMPTY
    return value
