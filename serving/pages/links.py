"""A page's state is its query string: reads it and writes links to other states.

The names are those of the API; which of them a table knows is in `query`.
"""

from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, quote, urlencode

RANGE = ("range", "first_day", "last_day")
# What a link from a row keeps: what the row's numbers are of.
SHARED = (*RANGE, "attributes", "excluded")
NOT_FILTERS = {*SHARED, "sort", "limit", "offset", "columns"}


def page_path(chatbot_id: str, table: str) -> str:
    """Return the path of a chatbot's page."""
    return f"/platform/{quote(chatbot_id, safe='')}/{table}"


def rows_path(chatbot_id: str, table: str, suffix: str) -> str:
    """Return the path of a file with a table's rows."""
    return f"/api/v1/chatbots/{quote(chatbot_id, safe='')}/{table}.{suffix}"


def pairs(search: str) -> list[tuple[str, str]]:
    """Return the state's parameters in order."""
    return parse_qsl(search.removeprefix("?"), keep_blank_values=True)


def changed(search: str, /, **changes: str | Sequence[str] | None) -> str:
    """Return a query string with some parameters set or, with None, left out; it starts at the first row again."""
    kept = [(name, value) for name, value in pairs(search) if name not in changes and name != "offset"]
    for name, value in changes.items():
        values = [] if value is None else [value] if isinstance(value, str) else value
        kept += [(name, item) for item in values]
    return "?" + urlencode(kept)


def ranged(search: str, /, **days: str) -> str:
    """Return the state with another range."""
    return changed(search, **{**dict.fromkeys(RANGE), **days})


def unfiltered(search: str) -> str:
    """Return the state without search and filters."""
    return changed(search, **{name: None for name, _ in pairs(search) if name not in NOT_FILTERS})


def without(search: str, name: str, value: str) -> str:
    """Return the state without one of the values of a parameter."""
    return changed(search, **{name: [item for key, item in pairs(search) if key == name and item != value]})


def shared(search: str) -> str:
    """Return what the numbers are of, alone: the range, the clock of the attributes, and whose conversations count."""
    return _only(search, SHARED)


def carried(search: str, filters: Collection[str]) -> str:
    """Return what the switch to a table keeps: what the numbers are of, the search, and the filters that it has too."""
    return _only(search, {*SHARED, *filters})


def _only(search: str, names: Collection[str]) -> str:
    kept = [(name, value) for name, value in pairs(search) if name in names]
    return "?" + urlencode(kept) if kept else ""
