"""Likely duplicates among users and organizations, read from a published snapshot, with what a merge would change.

Nothing is merged here. Suggested are one e-mail with several users, one name with several organizations, a name (an
e-mail) without an id that is the id of another one, compared in the normal form of names; and ids, names and e-mails
that look alike (`lookalikes.py`). What a person decided is in `mapping.py`.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType

from orchestration.errors import PipelineError
from orchestration.extract.records.keys import normalise_text
from orchestration.identity.lookalikes import common_form, difference
from orchestration.identity.mapping import Merge


@dataclass(frozen=True)
class Numbers:
    """What a row of the table shows for all time; `related` counts a user's organizations, an organization's users."""

    conversations: int
    related: int
    first_seen_at: datetime | None
    sentiment: float | None


@dataclass(frozen=True)
class Suggestion:
    """One merge to review: `before` and `after` are the target's numbers if this merge alone is made.

    `rows_before` and `rows_after` count the rows of the chatbot's whole table, Users or Organizations.
    """

    chatbot_id: str
    kind: str
    from_id: str
    to_id: str
    reason: str
    before: Numbers
    after: Numbers
    rows_before: int
    rows_after: int


class _Kind(NamedTuple):
    """What differs between users and organizations."""

    name: str
    table: str
    compared: str  # the attribute that duplicates share
    word: str  # that attribute, for people
    prefix: str  # of ids that stand for an entity without one
    related: str


_KINDS = (
    _Kind("organization", "dim_organizations", "organization_name", "name", "name:", "user_key"),
    _Kind("user", "dim_users", "email", "e-mail", "email:", "organization_key"),
)


class _Entity(NamedTuple):
    """A user or an organization; the greater of two is the better target of a merge."""

    has_own_id: bool
    last_activity_at: datetime
    entity_id: str
    key: int


class _Value(NamedTuple):
    """What duplicates share: a name or an e-mail, with `id` the id of one that has an id; or what makes them alike."""

    text: str
    shared: str  # same, id, alike ids, alike names


class _Link(NamedTuple):
    """Two entities that share a value; the second one is nearer to the target of all that hang together."""

    source: _Entity
    target: _Entity
    value: _Value


class _Groups(NamedTuple):
    """The entities that share a value, by value; and what each is called where it shares one that looks alike."""

    entities: dict[_Value, list[_Entity]]
    called: dict[tuple[_Value, _Entity], str]


def suggestions(database: Path, mapping: list[Merge], chatbot_id: str | None = None) -> list[Suggestion]:
    """Likely duplicates of all chatbots or of one, never across two, in the order of chatbot, kind and ids.

    Every entity that is not the target is suggested once, so that the lines can be appended to the mapping file all
    together. Ids that `mapping` merges already are left out: the next refresh makes them disappear. Raises
    PipelineError for a chatbot that the snapshot does not hold.
    """
    with duckdb.connect(str(database.resolve()), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        add_normalised(connection)
        _add_common_form(connection)
        chatbots = [one for (one,) in connection.execute("select chatbot_id from chatbots order by 1").fetchall()]
        if chatbot_id is not None:
            if chatbot_id not in chatbots:
                raise PipelineError(f"The published tables hold no chatbot {chatbot_id!r}. Check the id.")
            chatbots = [chatbot_id]
        found = []
        for chatbot in chatbots:
            for kind in _KINDS:
                mapped = {one.from_id for one in mapping if (one.chatbot_id, one.kind) == (chatbot, kind.name)}
                found += _of_chatbot(connection, chatbot, kind, mapped)
        return found


def add_normalised(connection: duckdb.DuckDBPyConnection) -> None:
    """Give SQL the function `normalised`: a text in the form in which names and e-mails are compared."""
    connection.create_function("normalised", _normalised, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)


def _normalised(texts: pa.Array) -> pa.Array:
    return pa.array([normalise_text(text) for text in texts.to_pylist()], pa.string())


def _add_common_form(connection: duckdb.DuckDBPyConnection) -> None:
    connection.create_function(
        "common_form", _common_forms, ["VARCHAR", "BOOLEAN"], "VARCHAR", type=PythonUDFType.ARROW
    )


def _common_forms(texts: pa.Array, ignore_case: pa.Array) -> pa.Array:
    pairs = zip(texts.to_pylist(), ignore_case.to_pylist(), strict=True)
    return pa.array([common_form(text, ignore_case=ignored) for text, ignored in pairs], pa.string())


def _of_chatbot(
    connection: duckdb.DuckDBPyConnection, chatbot_id: str, kind: _Kind, mapped: set[str]
) -> list[Suggestion]:
    groups = _groups(connection, chatbot_id, kind, mapped)
    links = sorted(_links(groups.entities), key=lambda link: (link.target.entity_id, link.source.entity_id))
    if not links:
        return []
    effects = _effects(connection, kind, links)
    return [
        Suggestion(
            chatbot_id,
            kind.name,
            link.source.entity_id,
            link.target.entity_id,
            _reason(kind, link, groups),
            *effect,
        )
        for link, effect in zip(links, effects, strict=True)
    ]


def _reason(kind: _Kind, link: _Link, groups: _Groups) -> str:
    if link.value.shared.startswith("alike"):
        source, target = (groups.called[link.value, one] for one in (link.source, link.target))
        return f"looks like {target}, but for {difference(source, target)}: {source}"
    if link.source.has_own_id:
        return f"same {kind.word}: {link.value.text}"
    shared = "which is an id" if link.value.shared == "id" else f"same {kind.word}"
    return f"known by {kind.word} only, {shared}: {link.value.text}"


def _groups(connection: duckdb.DuckDBPyConnection, chatbot_id: str, kind: _Kind, mapped: set[str]) -> _Groups:
    """The entities that share a value, now or at any time; and the chatbot's conversations, kept aside."""
    connection.execute(
        f"""
        create or replace temp table conversations as
        select {kind.name}_key as entity_key, {kind.related} as related_key, conversation_started_at, sentiment,
            last_activity_at
        from conversations_in_range(?, null, null)
        where {kind.name}_key is not null
        """,
        [chatbot_id],
    )
    rows = connection.execute(
        f"""
        with spellings as (
            select distinct {kind.name}_key as entity_key, {kind.name}_id as entity_id, {kind.compared} as spelling,
                not starts_with({kind.name}_id, '{kind.prefix}') as has_own_id
            from {kind.table}
            where chatbot_id = ? and not list_contains(?::varchar[], {kind.name}_id)
        ),
        named as (
            select distinct normalised(spelling) as value, entity_key, entity_id, has_own_id
            from spellings where spelling is not null
        ),
        -- An id is a name of its entity only for one without an id, and where no other entity is called so.
        called_by_id as (
            select normalised(entity_id) as value,
                any_value(entity_key) as entity_key, any_value(entity_id) as entity_id
            from (select distinct entity_key, entity_id from spellings where has_own_id)
            group by value having count(*) = 1
        ),
        holders as (
            select value, entity_key, entity_id, 'same' as shared from named
            union all
            select value, entity_key, entity_id, 'id' from called_by_id
            anti join (select value from named where has_own_id) using (value)
        ),
        shared as (
            select value, if(bool_or(shared = 'id'), 'id', 'same') as shared
            from holders group by value having count(*) > 1
        ),
        -- Ids that differ in case alone are different ids.
        alike as (
            select distinct
                'alike ids' as shared, common_form(entity_id, false) as value, entity_key, entity_id, entity_id as text
            from spellings where has_own_id
            union all
            select 'alike names', common_form(spelling, true), entity_key, entity_id, min(spelling)
            from spellings where spelling is not null group by all
        ),
        found as (
            select value, shared.shared, entity_id, entity_key, '' as text
            from holders inner join shared using (value)
            union all
            select value, shared, entity_id, entity_key, text
            from alike
            semi join (
                select value, shared from alike group by value, shared having count(distinct entity_key) > 1
            ) using (value, shared)
        ),
        active as (
            select entity_key, max(last_activity_at) as last_activity_at from conversations group by entity_key
        )
        select value, shared, entity_id, entity_key, text, coalesce(last_activity_at, timestamp '0001-01-01')
        from found
        left join active using (entity_key)
        -- What is equal comes before what only looks so.
        order by starts_with(shared, 'alike'), shared, value, entity_id
        """,
        [chatbot_id, sorted(mapped)],
    ).fetchall()
    groups = _Groups(defaultdict(list), {})
    for text, shared, entity_id, key, called, last_activity_at in rows:
        has_own_id = not entity_id.startswith(kind.prefix)
        value, entity = _Value(text, shared), _Entity(has_own_id, last_activity_at, entity_id, key)
        groups.entities[value].append(entity)
        groups.called[value, entity] = called
    return groups


def _links(groups: dict[_Value, list[_Entity]]) -> list[_Link]:
    """For each entity but the best of those that hang together: one that shares a value with it and is nearer to that.

    So no entity has two targets, no circle arises, and every single link rests on a value that both ends share.
    """
    values_of = defaultdict(list)
    for value, entities in groups.items():
        for entity in entities:
            values_of[entity].append(value)
    links: list[_Link] = []
    reached: set[_Entity] = set()
    followed: set[_Value] = set()
    for best in sorted(values_of, reverse=True):
        if best in reached:
            continue
        reached.add(best)
        near = [best]
        for target in near:
            for value in values_of[target]:
                if value in followed:
                    continue
                followed.add(value)
                fresh = [entity for entity in groups[value] if entity not in reached]
                reached.update(fresh)
                near += sorted(fresh, reverse=True)
                links += [_Link(entity, target, value) for entity in fresh]
    return links


def _effects(
    connection: duckdb.DuckDBPyConnection, kind: _Kind, links: list[_Link]
) -> list[tuple[Numbers, Numbers, int, int]]:
    """Of each link made alone: the target's numbers and the rows of the table, before and after."""
    sources, targets = [link.source.key for link in links], [link.target.key for link in links]
    connection.execute(
        "create or replace temp table links as"
        " select unnest(range(len(?))) as link, unnest(?::bigint[]) as source_key, unnest(?::bigint[]) as target_key",
        [sources, sources, targets],
    )
    (rows,) = connection.execute("select count(distinct entity_key) from conversations").fetchall()[0]
    measured = connection.execute(
        """
        with sides as (
            select link, 'before' as side, target_key as entity_key from links
            union all
            select link, 'after' as side, unnest([source_key, target_key]) as entity_key from links
        )
        select
            sides.link,
            sides.side,
            count(conversations.entity_key),
            count(distinct conversations.related_key),
            min(conversations.conversation_started_at),
            cast(sum(conversations.sentiment) as double) / nullif(count(conversations.sentiment), 0)
        from sides
        left join conversations on sides.entity_key = conversations.entity_key
        group by sides.link, sides.side
        """
    ).fetchall()
    numbers = {(link, side): Numbers(*values) for link, side, *values in measured}
    effects = []
    for link in range(len(links)):
        before, after = numbers[link, "before"], numbers[link, "after"]
        both_have_rows = 0 < before.conversations < after.conversations
        effects.append((before, after, rows, rows - both_have_rows))
    return effects
