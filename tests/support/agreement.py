"""Whether published tables say what the oracle says: equal as multisets, to the digit.

Asserts, and computes nothing. Only a double may differ behind the ninth place, where a mean of endless digits ends.
"""

import math
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from tests.support.oracle import Oracle
from tests.support.oracle_custom import custom_rows, field_rows

Row = dict[str, Any]


# Days of users or organizations that are not the sums of their conversations' days, in either direction.
_DAYS_THAT_DISAGREE = """
with summed as (
    select chatbot_id, activity_date, {kind}_id, {kind}_key, count(*) as conversations,
        cast(sum(messages) as bigint) as messages, cast(sum(user_messages) as bigint) as user_messages,
        cast(sum(scored_messages) as bigint) as scored_messages, cast(sum(score_sum) as decimal(38, 12)) as score_sum,
        count(*) filter (where scored_messages > 0) as scored_conversations,
        min(first_message_at) as first_message_at, max(last_message_at) as last_message_at
    from fct_conversation_days where {kind}_key is not null
    group by all
),
published as (
    select chatbot_id, activity_date, {kind}_id, {kind}_key, conversations, messages, user_messages, scored_messages,
        score_sum, scored_conversations, first_message_at, last_message_at
    from fct_{kind}_days
)
(from summed except from published) union all (from published except from summed)
"""


class Published(Protocol):
    """Whatever answers queries with what readers see."""

    def query(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Rows of a query, by column name."""


def assert_facts_of(oracle: Oracle, published: Published) -> None:
    """Facts, histories, custom fields, chatbots and receipts are what the rules say."""
    assert_same(oracle.conversation_days(), published.query("from fct_conversation_days"))
    for kind in ("user", "organization"):
        assert published.query(_DAYS_THAT_DISAGREE.format(kind=kind)) == []
        assert_same(oracle.intervals(kind), published.query(f"select *, {kind}_name as name from dim_{kind}s"))
        custom = published.query("from dim_custom_values where kind = ?", [kind])
        assert_same(custom_rows(oracle.custom[kind], kind), custom)
    assert_same(field_rows(oracle.custom), published.query("from custom_fields"))
    assert oracle.chatbots == [row["chatbot_id"] for row in published.query("from chatbots order by chatbot_id")]
    sums = ", ".join(f"cast(coalesce(sum({column}), 0) as bigint) as {column}" for column in oracle.totals)
    assert published.query(f"select {sums} from receipts") == [oracle.totals]


def assert_tables_of(
    oracle: Oracle,
    published: Published,
    chatbot: str,
    first: date | None,
    last: date | None,
    clock: str,
    excluded: str = "leave out",
) -> None:
    """Both tables of one range, and the custom values beside them, are what the rules say."""
    wanted = [clock, excluded]
    for macro, expected in (("organizations", oracle.organizations), ("users", oracle.users)):
        shown = published.query(
            f"from {macro}(?, ?, ?, attributes := ?, excluded := ?)", [chatbot, first, last, *wanted]
        )
        assert_same(expected(chatbot, first, last, clock), shown)
    for kind in ("user", "organization"):
        held = published.query(
            "from custom_values(?, ?, ?, attributes := ?, excluded := ?)", [chatbot, kind, last, *wanted]
        )
        assert_same(oracle.custom_values(chatbot, kind, last, clock), held)


def assert_same(expected: list[Row], found: list[Row]) -> None:
    """Equal as multisets, in the columns that are expected; fractions may differ behind the ninth place."""
    names = list(expected[0]) if expected else []
    in_order = [sorted(([row[name] for name in names] for row in rows), key=_exact_part) for rows in (expected, found)]
    assert len(expected) == len(found), (expected[:9], found[:9])
    for one, other in zip(*in_order, strict=True):
        pairs = list(zip(names, one, other, strict=True))
        assert all(_equal(*pair) for _, *pair in pairs), [pair for pair in pairs if not _equal(*pair[1:])] + [one]


def _exact_part(row: Iterable[Any]) -> str:
    exact = (value for value in row if not isinstance(value, float))
    return repr([value.normalize() + 0 if isinstance(value, Decimal) else value for value in exact])


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | Decimal):
        return math.isclose(one, other, rel_tol=0, abs_tol=1e-9)
    return bool(one == other)
