"""Charts that people make of what is published, and the same asked of the snapshot in plain SQL."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.bi.trouble import Trouble

ENTITY = ("plan", "mrr", "conversations", "sentiment", "messages", "satisfied_share", "last_activity_at")


@dataclass(frozen=True)
class Question:
    """A chart over a table, a view or a query: its columns, and its metrics as SQL by label."""

    source: str
    columns: tuple[str, ...]
    metrics: dict[str, str] = field(default_factory=dict)
    sql: str | None = None


QUESTIONS = (
    Question("organizations_this_month", ("chatbot_id", "organization_id", "organization_name", "users", *ENTITY)),
    Question("users_this_month", ("chatbot_id", "user_id", "email", "organization_id", *ENTITY)),
    Question(
        "organizations_all_time",
        ("chatbot_id", "organization_id", "mrr"),
        {"conversations": "sum(conversations)", "last_at": "max(last_activity_at)"},
    ),
    Question("users_last_30_days", ("chatbot_id", "plan"), {"users": "count(*)", "MRR": "sum(mrr)"}),
    Question("user_months", ("chatbot_id", "month"), {"users": "count(*)", "messages": "sum(messages)"}),
    Question(
        "fct_conversation_days",
        ("chatbot_id", "activity_date"),
        {"conversations": "count(distinct conversation_key)", "messages": "sum(messages)"},
    ),
    Question(
        "ninety days of support",
        ("organization_id", "organization_name", "users", *ENTITY),
        sql="select * from {schema}.organizations('support', current_date - 90, current_date)",
    ),
)


def by_sql(published: Path, question: Question) -> Counter[tuple]:
    """The answer of the current snapshot."""
    source = f"({question.sql.format(schema='main')})" if question.sql else question.source
    shown = [*question.columns, *(f'{sql} as "{label}"' for label, sql in question.metrics.items())]
    with duckdb.connect(str((published / "current.duckdb").resolve()), read_only=True) as connection:
        rows = connection.execute(f"select {', '.join(shown)} from {source} group by all").fetchall()
    return Counter(tuple(map(_plain, row)) for row in rows)


def as_shown(question: Question, rows: list[dict[str, Any]]) -> Counter[tuple]:
    """The rows of a chart, in the same writing."""
    names = [*question.columns, *question.metrics]
    return Counter(
        tuple(_instant(row[name]) if _is_time(name) else _plain(row[name]) for name in names) for row in rows
    )


def compare(what: str, shown: Counter[tuple], wanted: Counter[tuple]) -> str:
    """How much was compared. Raises Trouble with a row that differs, and where there is nothing to compare."""
    if not wanted and "this_month" not in what:  # on the first of a month there may be nothing yet
        raise Trouble(f"{what}: there is nothing to compare.")
    if shown != wanted:
        raise Trouble(
            f"{what}: Superset shows {(shown - wanted).total():,} rows that SQL does not, and lacks"
            f" {(wanted - shown).total():,};"
            f" for example {[*sorted(map(repr, shown - wanted))[:1], *sorted(map(repr, wanted - shown))[:1]]}"
        )
    return f"{wanted.total():,} rows, {sum(map(len, wanted.elements())):,} values"


def _is_time(name: str) -> bool:
    return name in ("month", "activity_date") or name.endswith("_at")


def _instant(milliseconds: Decimal | int | None) -> int | None:
    """Microseconds since 1970 of a time as Superset writes it."""
    return None if milliseconds is None else round(milliseconds * 1000)


def _plain(value: Any) -> Any:
    """A value to the digit, whatever its type: a double as the shortest text that is it."""
    if isinstance(value, datetime):
        return round(value.replace(tzinfo=UTC).timestamp() * 1_000_000)
    if isinstance(value, date):
        return _plain(datetime(value.year, value.month, value.day))
    if isinstance(value, int | float | Decimal):
        return Decimal(repr(value) if isinstance(value, float) else value).normalize()
    return value
