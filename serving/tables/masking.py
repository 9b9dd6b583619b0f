"""Addresses of users, masked in SQL for readers who may not see them: nothing behind it can show, find or order one.

Whoever may see them is decided in `access`; here is what stands in their place.
"""

from serving.snapshot import Chatbot
from serving.tables.columns import Table

# An id or a name may be an address too: users without an id are known by theirs.
_HOLDS_ADDRESS = "contains({text}, '@')"
_TEXTS = ("email", "user_name")


def masked_id(text: str) -> str:
    """Return SQL for an id: one that holds an address becomes one that stays the same and tells nothing of it."""
    holds = _HOLDS_ADDRESS.format(text=text)
    return f"case when {holds} then 'masked:' || left(sha256({text}), 24) else {text} end"


def masked_address(text: str) -> str:
    """Return SQL for an address or a name: of one that holds an address, the first letter and the domain are left."""
    holds = _HOLDS_ADDRESS.format(text=text)
    return f"case when {holds} then left({text}, 1) || '***@' || split_part({text}, '@', -1) else {text} end"


def without_addresses(source: str, table: Table, chatbot: Chatbot) -> str:
    """Return SQL for the rows of a table as the reader of this chatbot may see them."""
    if not chatbot.hides_emails or "user_id" not in table.column_names:
        return source
    masks = {name: masked_address(name) for name in _TEXTS} | {"user_id": masked_id("user_id")}
    replaced = ", ".join(f"{mask} as {name}" for name, mask in masks.items() if name in table.column_names)
    return f"(select * replace ({replaced}) from {source})"


def shown_id(table: Table, chatbot: Chatbot) -> str:
    """Return SQL for the id of a table as it is in the rows that this reader may see."""
    return masked_id(table.id_column) if chatbot.hides_emails and table.name == "users" else table.id_column
