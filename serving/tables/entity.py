"""What is known of one organization or user: attributes now and at a range's end, their history, figures, a series.

How the answer is sent is not here.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.activity import closed
from serving.tables.columns import Table
from serving.tables.keys import has_id
from serving.tables.masking import shown_id, without_addresses
from serving.tables.parameters import BadQuery, problem, read_parameters
from serving.tables.query import Attributes, TableQuery
from serving.tables.query_models import query_of
from serving.tables.ranges import Days
from serving.tables.results import read_page
from serving.tables.series import STEPS, By, read_series, step_of
from serving.tables.statement import Statement, counted, counted_days, counting
from serving.tables.versions import shown_at

ATTRIBUTES = {
    "organizations": ("organization_name", "plan", "industry", "mrr"),
    "users": ("user_name", "email", "plan", "industry", "mrr"),
}
ASKED = {
    "organizations": ("range", "first_day", "last_day", "attributes", "excluded"),
    "users": ("range", "first_day", "last_day", "attributes", "excluded", "organization_id"),
}


class NoSuchEntity(Exception):
    """The chatbot has no such organization or user. Its text is a sentence for the reader."""

    def __init__(self, table: Table, entity_id: str, chatbot: Chatbot) -> None:
        known = entity_id if len(entity_id) <= 100 else f"{entity_id[:100]}…"
        more = " One's own accounts are found with excluded=include." if chatbot.has_exclusions else ""
        super().__init__(f"This chatbot has no {table.singular} with the id {known!r}.{more}")


@dataclass(frozen=True)
class EntityQuery:
    """What is asked of an entity: the table's query for its row alone, and the step of its series, if any."""

    row: TableQuery
    entity_id: str
    by: By | None = None


@dataclass(frozen=True)
class Entity:
    """One organization or user.

    `range_end` and `now` are its attributes by name, and under `custom` the chatbot's own fields; `history` has one
    entry for each version of them, `custom_history` one for each value of a field, the oldest first. `figures` is the
    table's row, None without activity in the range. First and last seen are those of its whole life, None where it was
    named and owns no conversation. `days` is the range with its ends closed.
    """

    range_end: dict[str, Any]
    now: dict[str, Any]
    history: list[dict[str, Any]]
    custom_history: list[dict[str, Any]]
    figures: dict[str, Any] | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    days: Days
    by: By
    series: list[dict[str, Any]]


def entity_query(query_string: str, table: Table, entity_id: str, chatbot: Chatbot) -> EntityQuery:
    """Return the query that a query string asks of an entity; BadQuery if it asks anything else."""
    given = read_parameters(query_string)
    steps = given.pop("by", [])
    problems = [problem("by", "given_twice", "May be given only once")] if len(steps) > 1 else []
    if steps and steps[0] not in STEPS:
        problems.append(problem("by", "enum", f"Should be {', '.join(STEPS[:-1])} or {STEPS[-1]}"))
    unknown = (name for name in given if name not in ASKED[table.name])
    problems += [problem(name, "extra_forbidden", f"Unknown parameter: {name}") for name in unknown]
    if problems:
        raise BadQuery(problems)
    row = query_of(table.name, chatbot).read({**given, table.id_column: [entity_id]})
    return EntityQuery(row, entity_id, next((step for step in STEPS if step in steps), None))


def check_entity(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot) -> None:
    """Raise NoSuchEntity if the chatbot has no such organization or user."""
    _known_id(snapshot, query, chatbot)


def read_entity(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot, now: datetime) -> Entity:
    """Read all that is known of an entity; NoSuchEntity if there is none."""
    row = query.row
    known = replace(query, entity_id=_known_id(snapshot, query, chatbot))
    versions = _versions(snapshot, query, chatbot)
    asked, days = row.days(chatbot, now), closed(snapshot, row, chatbot, now)
    by = step_of(days, query.by)
    page = read_page(snapshot, row, chatbot, now)
    names = ATTRIBUTES[row.table.name]
    first_seen_at, last_seen_at = _life(snapshot, query, chatbot)

    def shown(clock: Attributes) -> dict[str, Any]:
        version = _shown(versions, asked, clock)
        own = _custom_values(snapshot, known, chatbot, asked, clock)
        return {**{name: version[name] for name in names}, "custom": own}

    return Entity(
        range_end=shown("range_end"),
        now=shown("now"),
        history=[{name: version[name] for name in ("valid_from", "valid_to", *names)} for version in versions],
        custom_history=_custom_history(snapshot, known, chatbot),
        figures=page.rows[0] if page.rows else None,
        first_seen_at=first_seen_at,
        last_seen_at=last_seen_at,
        days=days,
        by=by,
        series=read_series(snapshot, row, chatbot, [query.entity_id], days, by)[query.entity_id],
    )


def _known_id(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot) -> str:
    """Return the id in the snapshot of the entity whose id is perhaps masked for this reader."""
    table = query.row.table
    source = counted(f"dim_{table.name}", f"excluded_{table.name}", query.row, chatbot)
    sql = f"select any_value({table.id_column}) from {source} where chatbot_id = ? and {shown_id(table, chatbot)} = ?"
    ((found,),) = Statement(sql, [chatbot.chatbot_id, query.entity_id]).read(snapshot)
    if found is None:
        raise NoSuchEntity(table, query.entity_id, chatbot)
    return found


def _versions(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot) -> list[dict[str, Any]]:
    table = query.row.table
    source = counted(f"dim_{table.name}", f"excluded_{table.name}", query.row, chatbot)
    names = ("valid_from", "valid_to", "shown_from_date", "shown_to_date", *ATTRIBUTES[table.name])
    seen = without_addresses(source, table, chatbot)
    sql = f"select {', '.join(names)} from {seen} where chatbot_id = ? and {table.id_column} = ? order by valid_from"
    rows = Statement(sql, [chatbot.chatbot_id, query.entity_id]).read(snapshot)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _shown(versions: list[dict[str, Any]], asked: Days, clock: Attributes) -> dict[str, Any]:
    """Return the version that the tables show: one holds from its first day until another does."""
    day = shown_at(asked, clock)
    return next(
        version
        for version in versions
        if (version["shown_from_date"] or date.min) <= day
        and (version["shown_to_date"] is None or version["shown_to_date"] > day)
    )


def _life(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot) -> tuple[datetime | None, datetime | None]:
    row = query.row
    theirs = has_id(row.table, [query.entity_id], row, chatbot)
    sql = f"""
        select min(first_message_at), max(last_message_at) from {counted_days(row, chatbot)}
        where chatbot_id = ? and {theirs.sql}
    """
    return theirs.around(sql, before=[chatbot.chatbot_id]).read(snapshot)[0]


def _custom_values(
    snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot, asked: Days, clock: Attributes
) -> dict[str, Any]:
    """Return the chatbot's own fields that have a value, by name."""
    row = query.row
    sql = f"""
        select field, text_value, number_value, boolean_value
        from custom_values(?, ?, ?, attributes := ?{counting(row, chatbot)})
        where entity_id = ? order by field
    """
    given = [chatbot.chatbot_id, row.table.singular, asked.last, clock, query.entity_id]
    return {field: _value(*values) for field, *values in Statement(sql, given).read(snapshot)}


def _custom_history(snapshot: Snapshot, query: EntityQuery, chatbot: Chatbot) -> list[dict[str, Any]]:
    """Return what each of the chatbot's own fields was and until when; a value of None clears it."""
    source = counted("dim_custom_values", "excluded_custom_values", query.row, chatbot)
    sql = f"""
        select field, valid_from, valid_to, text_value, number_value, boolean_value from {source}
        where chatbot_id = ? and kind = ? and entity_id = ? order by field, valid_from
    """
    given = [chatbot.chatbot_id, query.row.table.singular, query.entity_id]
    return [
        {"field": field, "value": _value(*values), "valid_from": valid_from, "valid_to": valid_to}
        for field, valid_from, valid_to, *values in Statement(sql, given).read(snapshot)
    ]


def _value(text: str | None, number: Decimal | None, boolean: bool | None) -> str | Decimal | bool | None:
    """Return the one value that is there."""
    return next((value for value in (text, number, boolean) if value is not None), None)
