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


class Published(Protocol):
    """Whatever answers queries with what readers see."""

    def query(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Rows of a query, by column name."""


def assert_facts_of(oracle: Oracle, published: Published) -> None:
    """Facts, histories, custom fields, chatbots and receipts are what the rules say."""
    assert_same(oracle.conversation_days(), published.query("from fct_conversation_days"))
    for kind in ("user", "organization"):
        assert_same(oracle.intervals(kind), published.query(f"select *, {kind}_name as name from dim_{kind}s"))
        custom = published.query("from dim_custom_values where kind = ?", [kind])
        assert_same(custom_rows(oracle.custom[kind], kind), custom)
    assert_same(field_rows(oracle.custom), published.query("from custom_fields"))
    assert oracle.chatbots == [row["chatbot_id"] for row in published.query("from chatbots order by chatbot_id")]
    sums = ", ".join(f"cast(coalesce(sum({column}), 0) as bigint) as {column}" for column in oracle.totals)
    assert published.query(f"select {sums} from receipts") == [oracle.totals]


def assert_tables_of(
    oracle: Oracle, published: Published, chatbot: str, first: date | None, last: date | None, clock: str
) -> None:
    """Both tables of one range, and the custom values beside them, are what the rules say."""
    for macro, expected in (("organizations", oracle.organizations), ("users", oracle.users)):
        shown = published.query(f"from {macro}(?, ?, ?, attributes := ?)", [chatbot, first, last, clock])
        assert_same(expected(chatbot, first, last, clock), shown)
    for kind in ("user", "organization"):
        held = published.query("from custom_values(?, ?, ?, attributes := ?)", [chatbot, kind, last, clock])
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
