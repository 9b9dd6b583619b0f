"""From the text of a query string to named values, within generous bounds. What the names mean is in the queries.

The bounds keep one request from costing what thousands do; nobody's question comes near them.
"""

from typing import Any
from urllib.parse import parse_qsl

LONGEST_QUERY = 32_768
MOST_VALUES = 1_000


class BadQuery(ValueError):
    """A query that names something unknown or gives a bad value; `problems` names each parameter."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems))


def problem(name: str, kind: str, message: str) -> dict[str, Any]:
    """Return a problem with a parameter, as the API tells it."""
    return {"loc": ["query", name], "msg": message, "type": kind}


def read_parameters(query_string: str) -> dict[str, list[str]]:
    """Return the values of each parameter in the order given; BadQuery if there are more than anyone needs."""
    text = query_string.removeprefix("?")
    if len(text) > LONGEST_QUERY:
        message = f"The query string has {len(text):,} characters; at most {LONGEST_QUERY:,} are read"
        raise BadQuery([{"loc": ["query"], "msg": message, "type": "too_long"}])
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    if many := [name for name, values in given.items() if len(values) > MOST_VALUES]:
        raise BadQuery([problem(name, "too_many", f"May be given at most {MOST_VALUES:,} times") for name in many])
    return given
