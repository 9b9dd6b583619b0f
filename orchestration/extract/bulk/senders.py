"""Who sent many requests -> columns of users, organizations and sessions, as `records/names.py` reads one request."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.extract.bulk.attributes import (
    Column,
    email_column,
    mrr_column,
    name_column,
    text_column,
    time_column,
)
from orchestration.extract.bulk.columns import ids, known
from orchestration.extract.records.attributes import LONGEST_ADDRESS, LONGEST_TEXT, LONGEST_WORD
from orchestration.extract.records.keys import key_of, organization_identity, user_identity

_NOTHING: dict[str, Any] = {}
_COMMERCIAL = ("plan", "industry", "mrr")
_OF_USER = ("name", "email", *_COMMERCIAL, "createdAt")
_OF_ORGANIZATION = ("name", *_COMMERCIAL)
_OF_SESSION = ("device", "country")
_NO_SESSION = (None,) * 5
_Identity = tuple[str | None, int | None]


@dataclass(slots=True)
class Senders:
    """Raw values, a row a request, in which what is missing is null; and the places of the nulls that were sent."""

    users: list[tuple[Any, ...]] = field(default_factory=list)  # two ids, of which the first one counts; attributes
    organizations: list[tuple[Any, ...]] = field(default_factory=list)  # id; attributes
    fills: list[tuple[Any, ...]] = field(default_factory=list)  # what both have that have none of their own, of these:
    filled: list[int] = field(default_factory=list)
    sessions: list[tuple[Any, ...]] = field(default_factory=list)
    nulls: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, shape: str, request: dict[str, Any], metadata: dict[str, Any]) -> bool:
        """Add the sender of a request, unless something that should be an object is none."""
        session = request.get("session")
        if session is not None and type(session) is not dict:
            return False
        if shape == "conversations":
            self._add_flat(metadata)
        elif not self._add_objects(shape, request):
            return False
        if shape != "capture" and metadata:
            self._note_nulls("fill", metadata, _COMMERCIAL, len(self.fills))
            self.fills.append((metadata.get("plan"), metadata.get("industry"), metadata.get("mrr")))
            self.filled.append(len(self.sessions))
        if session:
            self._note_nulls("session", session, _OF_SESSION, len(self.sessions))
            get = session.get
            page = get("page_url") if (page := get("pageUrl")) is None else page
            self.sessions.append((get("id"), page, get("referrer"), get("device"), get("country")))
        else:
            self.sessions.append(_NO_SESSION)
        return True

    def _add_objects(self, shape: str, request: dict[str, Any]) -> bool:
        user, organization = request.get("user"), request.get("organization")
        user, organization = _NOTHING if user is None else user, _NOTHING if organization is None else organization
        if type(user) is not dict or type(organization) is not dict:
            return False
        self._note_nulls("user", user, _OF_USER, len(self.users))
        self._note_nulls("organization", organization, _OF_ORGANIZATION, len(self.users))
        get, other_id = user.get, request.get("userId") if shape == "capture" else None
        attributes = (get("name"), get("email"), get("plan"), get("industry"), get("mrr"), get("createdAt"))
        self.users.append((get("id"), other_id, *attributes))
        get = organization.get
        self.organizations.append((get("id"), get("name"), get("plan"), get("industry"), get("mrr")))
        return True

    def _add_flat(self, metadata: dict[str, Any]) -> None:
        get = metadata.get
        self._note_nulls("user", metadata, ("email",), len(self.users))
        if "organization" in metadata and metadata["organization"] is None:
            self.nulls["organization", "name"].append(len(self.users))
        self.users.append((get("userId"), get("user_id"), None, get("email"), None, None, None, None))
        self.organizations.append((None, get("organization"), None, None, None))

    def _note_nulls(self, kind: str, source: dict[str, Any], names: Iterable[str], place: int) -> None:
        if None in source.values():
            for name in names:
                if name in source and source[name] is None:
                    self.nulls[kind, name].append(place)


def entity_columns(senders: Senders, chatbots: Sequence[str], odd: list[int]) -> list[pa.Array]:
    """Users and organizations with their keys and attributes, as `requests` has them."""
    user_ids, other_ids, *of_user = zip(*senders.users, strict=True)
    organization_ids, *of_organization = zip(*senders.organizations, strict=True)
    name, email, *commercial, created_at = of_user
    user = {
        "name": name_column(name, odd),
        "email": email_column(email, odd),
        **_commercial(commercial, odd),
        "createdAt": time_column(created_at, odd),
    }
    organization = {"name": name_column(of_organization[0], odd), **_commercial(of_organization[1:], odd)}
    fill = _fill(senders, odd)
    for kind, columns in (("user", user), ("organization", organization)):
        _add_nulls(senders, kind, columns)
    found: list[pa.Array] = []
    for entity, sent_ids, names, identity in (
        (user, _first_of(user_ids, other_ids, odd), user["email"], _user),
        (organization, _first_of(organization_ids, (), odd), organization["name"], _organization),
    ):
        others = names.values.to_pylist() if None in sent_ids else sent_ids
        triples = zip(chatbots, sent_ids, others, strict=True)
        identities = [identity(chatbot, one, other if one is None else None) for chatbot, one, other in triples]
        texts, keys = zip(*identities, strict=True)
        column = pa.array(texts, pa.string())
        found += [column, pa.array(keys, pa.int64())]
        for attribute, column_of_fill in fill.items():
            entity[attribute] = entity[attribute].filled(known(column), column_of_fill)
    attributes = chain(user.values(), organization.values())
    return found + [array for column in attributes for array in (pa.array(column.has), column.values)]


def session_columns(senders: Senders, odd: list[int]) -> list[pa.Array]:
    """Sessions, as `requests` has them."""
    session_ids, page, referrer, *told = zip(*senders.sessions, strict=True)
    attributes = {name: text_column(one, LONGEST_WORD, odd) for name, one in zip(_OF_SESSION, told, strict=True)}
    _add_nulls(senders, "session", attributes)
    return [
        ids(list(session_ids), odd),
        text_column(page, LONGEST_ADDRESS, odd).values,
        text_column(referrer, LONGEST_ADDRESS, odd).values,
        *(array for column in attributes.values() for array in (pa.array(column.has), column.values)),
    ]


def _fill(senders: Senders, odd: list[int]) -> dict[str, Column]:
    """Plan, industry and MRR of those requests that have them in their metadata."""
    if not senders.fills:
        return {}
    records, odd_fills = np.array(senders.filled, np.int64), list[int]()
    columns = _commercial(zip(*senders.fills, strict=True), odd_fills)
    odd += records[odd_fills].tolist()
    _add_nulls(senders, "fill", columns)
    return {attribute: column.of(records, len(senders.users)) for attribute, column in columns.items()}


def _add_nulls(senders: Senders, kind: str, columns: dict[str, Column]) -> None:
    for attribute, column in columns.items():
        column.has[senders.nulls.get((kind, attribute), [])] = True


def _commercial(values: Iterable[Sequence[Any]], odd: list[int]) -> dict[str, Column]:
    plan, industry, mrr = values
    return {
        "plan": text_column(plan, LONGEST_WORD, odd),
        "industry": text_column(industry, LONGEST_TEXT, odd),
        "mrr": mrr_column(mrr, odd),
    }


def _first_of(values: Sequence[Any], others: Sequence[Any], odd: list[int]) -> list[str | None]:
    """The ids, and where one is missing, the other."""
    first = list(values)
    ids(first, odd)
    second = [other if one is None else None for one, other in zip(first, others, strict=False)]
    if second.count(None) == len(second):
        return first
    ids(second, odd)
    return [other if one is None else one for one, other in zip(first, second, strict=True)]


@lru_cache(1 << 14)
def _user(chatbot_id: str, user_id: str | None, email: str | None) -> _Identity:
    identity = user_identity(user_id, email)
    return identity, None if identity is None else key_of(chatbot_id, "user", identity)


@lru_cache(1 << 14)
def _organization(chatbot_id: str, organization_id: str | None, name: str | None) -> _Identity:
    identity = organization_identity(organization_id, name)
    return identity, None if identity is None else key_of(chatbot_id, "organization", identity)
