"""A page's state is its query string: reads it and writes links to other states.

The names are those of the API; which of them a table knows is in `query`.
"""

from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, urlencode

from serving.http.addresses import CHATBOTS, FILTERS, PLATFORM, segment
from serving.tables.columns import Table

OVERVIEW = "overview"
RANGE = ("range", "first_day", "last_day")
# What a link from a row keeps: what the row's numbers are of.
SHARED = (*RANGE, "attributes", "excluded")
# What orders, cuts and lays out the rows: totals and choices do not depend on it.
OF_ROWS = ("sort", "limit", "offset", "columns", "width")
NOT_FILTERS = {*SHARED, *OF_ROWS}
# What a form's empty fields are called, or end with: they ask nothing.
OPTIONAL = ("search", "first_day", "last_day", "_min", "_max", "_from", "_to")
# What the search box of a filter's choices is called, before the filter's name.
FIND = "find."


def page_path(chatbot_id: str, table: str) -> str:
    """Return the path of a chatbot's page."""
    return f"{PLATFORM}{segment(chatbot_id)}/{table}"


def overview_path(chatbot_id: str) -> str:
    """Return the path of a chatbot's overview."""
    return page_path(chatbot_id, OVERVIEW)


def entity_path(chatbot_id: str, table: str, entity_id: str) -> str:
    """Return the path of the page of one row of a table."""
    return f"{page_path(chatbot_id, table)}/{segment(entity_id)}"


def filters_path(chatbot_id: str, table: str) -> str:
    """Return the path of the filters of a chatbot's page, with what each offers."""
    return f"{FILTERS}{segment(chatbot_id)}/{table}"


def rows_path(chatbot_id: str, table: str, suffix: str) -> str:
    """Return the path of a file with a table's rows."""
    return f"{CHATBOTS}{segment(chatbot_id)}/{table}.{suffix}"


def sign_in_path(then: str) -> str:
    """Return the path of the page to sign in at, which leads on to another of ours."""
    return "/sign-in" + (f"?{urlencode({'then': then})}" if then else "")


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


def canonical(search: str, table: Table) -> str:
    """Return the state that a form asks for, without what it sends only because it is a form.

    A browser sends every field, the empty ones too; an empty choice of a filter is one, an empty text or bound is none.
    """
    lists = {name for column in table.columns for name in (column.chosen, column.refused)}
    given = [(name, value) for name, value in pairs(search) if not name.startswith(FIND)]
    kept = [(name, value) for name, value in given if value or name in lists or not name.endswith(OPTIONAL)]
    if [value for name, value in kept if name == "columns"] == list(table.default_columns):
        kept = [(name, value) for name, value in kept if name != "columns"]
    return "?" + urlencode(kept) if kept else ""


def beside(search: str, owned: Collection[str]) -> list[tuple[str, str]]:
    """Return what a form must carry along: the state but for the parameters that it owns, at the first row again."""
    return [(name, value) for name, value in pairs(search) if name not in owned and name != "offset"]


def question(search: str) -> tuple[tuple[str, str], ...]:
    """Return what of a state totals and choices depend on, whatever the order in which it is given."""
    return tuple(sorted((name, value) for name, value in pairs(search) if name not in OF_ROWS))


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
