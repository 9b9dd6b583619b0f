"""`clientele views`: names states of the tables for everyone who sees the chatbot. What the files hold: `serving`."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.settings import load_settings
from serving.pages.links import page_path
from serving.pages.saved import fault_of, view_of_address
from serving.saved_views import BadViews, read_views, remove_view, save_view
from serving.snapshot import NothingPublished, Snapshot, Snapshots

app = typer.Typer(no_args_is_help=True, help="Saved views: named states of the tables, shared by all who see them.")
console = Console(markup=False)

T = TypeVar("T")


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What the view is called.")],
    address: Annotated[str, typer.Argument(metavar="URL", help="The address of the page, with all that it shows.")],
    replace: Annotated[bool, typer.Option("--replace", help="In place of the view of this name.")] = False,
) -> None:
    """Save the state of a page under a name. One that fits no page is refused."""
    settings = load_settings()
    chatbot, view = _said(lambda: view_of_address(_snapshot(), address, name))
    _said(lambda: save_view(settings.views, chatbot.chatbot_id, view, replaces=replace))
    _tell(f"Saved: {view.name} of {view.table.capitalize()}, {chatbot.name}.")


@app.command("list")
def list_views() -> None:
    """List the saved views with their addresses, and what is wrong with those that fit their page no more."""
    snapshot, folder = _said(_snapshot), load_settings().views
    count, broken = 0, []
    for chatbot in snapshot.chatbots.values():
        try:
            views = read_views(folder, chatbot.chatbot_id)
        except BadViews as error:
            broken.append(str(error))
            continue
        for view in views:
            fault = fault_of(view, chatbot)
            address = page_path(chatbot.chatbot_id, view.table) + view.search
            _tell(f"{view.name}: {address}" + (f" (opens no page: {fault})" if fault else ""))
            count += 1
    if broken:
        raise PipelineError(" ".join(broken))
    if not count:
        _tell("No views are saved.")


@app.command()
def remove(
    chatbot: Annotated[str, typer.Argument(help="The chatbot's id.")],
    table: Annotated[str, typer.Argument(help="organizations or users.")],
    name: Annotated[str, typer.Argument(help="What the view is called.")],
) -> None:
    """Remove a saved view."""
    _said(lambda: remove_view(load_settings().views, chatbot, table, name))
    _tell(f"Removed: {name}.")


def _snapshot() -> Snapshot:
    return Snapshots(load_settings().published).current()


def _said(does: Callable[[], T]) -> T:
    """Return what it does; what it refuses is an error of the command."""
    try:
        return does()
    except (BadViews, NothingPublished) as error:
        raise PipelineError(str(error)) from None


def _tell(text: str) -> None:
    console.print(printable(text), highlight=False, soft_wrap=True)
