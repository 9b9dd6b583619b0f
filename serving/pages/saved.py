"""Saved views on the pages: the links to them, and how the state that is shown becomes one. The files are elsewhere.

A view is saved by a command on the machine that serves, not by the page: so nothing that reads can write.
"""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from serving.http.addresses import PLATFORM, id_of
from serving.pages import links
from serving.pages.asked import Asked
from serving.pages.navigation import Link
from serving.pages.state import page_query_of
from serving.saved_views import BadViews, SavedView, read_views
from serving.snapshot import Chatbot, Snapshot
from serving.tables.columns import TABLES
from serving.tables.parameters import BadQuery

AN_ADDRESS = "Give the address of a table's page, like http://127.0.0.1:8000/platform/support/organizations?sort=-mrr."


@dataclass(frozen=True)
class SavedViews:
    """The views of a table; what saves the state that is shown; and why there are no views, where a file is broken."""

    command: str
    views: list[Link] = field(default_factory=list)
    fault: str | None = None


def saved_views(asked: Asked, folder: Path) -> SavedViews:
    """Return the saved views of the table of a page, read anew for each request.

    Who may not see e-mail addresses is not shown views with one in them.
    """
    chatbot, table = asked.chatbot, asked.table.name
    path = links.page_path(chatbot.chatbot_id, table)
    command = f"clientele views save 'NAME' {shlex.quote(path + links.changed(asked.search).removesuffix('?'))}"
    try:
        found = [one for one in read_views(folder, chatbot.chatbot_id) if one.table == table]
    except BadViews as error:
        return SavedViews(command, fault=str(error))
    here = _state(asked.search)
    shown = [one for one in found if not (chatbot.hides_emails and any("@" in text for text in one.texts))]
    return SavedViews(command, [Link(one.name, path + one.search, one.state == here) for one in shown])


def view_of_address(snapshot: Snapshot, address: str, name: str) -> tuple[Chatbot, SavedView]:
    """Return the view that the address of a page is, and whose; BadViews says why it is none."""
    parts = urlsplit(address)
    sent, _, table = parts.path.removeprefix(PLATFORM).partition("/")
    if not parts.path.startswith(PLATFORM) or table not in TABLES:
        raise BadViews(f"{address!r} leads to no table. {AN_ADDRESS}")
    chatbot_id = id_of(sent)
    chatbot = snapshot.chatbots.get(chatbot_id)
    if chatbot is None:
        raise BadViews(f"There is no chatbot {chatbot_id!r}. There are: {', '.join(snapshot.chatbots)}.")
    state = links.canonical(f"?{parts.query}", page_query_of(table, chatbot).table)
    try:
        view = SavedView.model_validate({"table": table, "name": name, "state": _state(state)})
    except ValidationError as error:
        raise BadViews(f"{error.errors()[0]['msg']}.") from None
    if fault := fault_of(view, chatbot):
        raise BadViews(f"This address fits no page, so it is not saved: {fault}.")
    return chatbot, view


def fault_of(view: SavedView, chatbot: Chatbot) -> str | None:
    """Return what is wrong with the state of a view, by the query that its page would be asked; None if nothing is."""
    try:
        page_query_of(view.table, chatbot).parse(view.search)
    except BadQuery as error:
        return str(error)
    return None


def _state(search: str) -> dict[str, list[str]]:
    """Return the values of each parameter of a state, at its first row."""
    state: dict[str, list[str]] = {}
    for name, value in links.pairs(search):
        if name != "offset":
            state.setdefault(name, []).append(value)
    return state
