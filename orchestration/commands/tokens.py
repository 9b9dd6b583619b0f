"""`clientele tokens`: lets readers in to the pages and the API, and closes the door again.

What the access file holds is `serving.access.tokens`'s.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.settings import load_settings
from serving.access.readers import Right
from serving.access.tokens import AccessFile, BadAccessFile, Entry, admit, issue, revoke
from serving.snapshot import NothingPublished, Snapshots

app = typer.Typer(no_args_is_help=True, help="Who may read the pages and the API, and what of them.")
console = Console(markup=False)
_BEYOND: dict[Right, str] = {"export": "downloads files", "email": "sees e-mail addresses unmasked"}

T = TypeVar("T")
Chatbots = Annotated[list[str] | None, typer.Option("--chatbot", help="A chatbot that may be read; repeatable.")]
EveryChatbot = Annotated[bool, typer.Option("--all-chatbots", help="Every chatbot, also those that come later.")]
Export = Annotated[bool, typer.Option("--export", help="May download whole results as files.")]
Email = Annotated[bool, typer.Option("--email", help="Sees e-mail addresses unmasked.")]
Days = Annotated[int, typer.Option(min=1, help="Days until it expires.")]
Forever = Annotated[bool, typer.Option("--no-expiry", help="Never expires.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom or what the token is for.")],
    chatbot: Chatbots = None,
    all_chatbots: EveryChatbot = False,
    export: Export = False,
    email: Email = False,
    days: Days = 90,
    no_expiry: Forever = False,
) -> None:
    """Make a token, and show it once."""
    if not name.strip():
        raise PipelineError("Say whom or what the token is for: `clientele tokens list` shows it.")
    given = _given(chatbot, all_chatbots, export, email, days, no_expiry)
    entry, token = _said(lambda: issue(load_settings().tokens_file, name, *given))
    console.print(
        f"Token {entry.id} of {printable(name)}: {_what(entry)}. It is shown this once:",
        highlight=False,
        soft_wrap=True,
    )
    print(token)
    _warn_of_strangers(entry)


@app.command("admit")
def admit_user(
    user: Annotated[str, typer.Argument(help="The name that the authenticating proxy gives.")],
    chatbot: Chatbots = None,
    all_chatbots: EveryChatbot = False,
    export: Export = False,
    email: Email = False,
    days: Days = 90,
    no_expiry: Forever = False,
) -> None:
    """Let in a user whom an authenticating proxy names (CLIENTELE_PROXY_HEADER)."""
    given = _given(chatbot, all_chatbots, export, email, days, no_expiry)
    entry = _said(lambda: admit(load_settings().tokens_file, user, *given))
    console.print(f"{printable(user)} is admitted as {entry.id}: {_what(entry)}.", highlight=False, soft_wrap=True)
    _warn_of_strangers(entry)


@app.command("list")
def list_entries() -> None:
    """Every token and admitted user, without the tokens themselves."""
    table = Table("id", "for", "kind", "chatbots", "rights", "created", "state")
    now = datetime.now(UTC)
    file = _said(lambda: AccessFile.read(load_settings().tokens_file))
    for entry in file.readers:
        table.add_row(
            entry.id,
            printable(entry.name),
            "token" if entry.sha256 else "proxy",
            "all" if entry.chatbots is None else printable(", ".join(entry.chatbots)),
            ", ".join(["read", *entry.rights]),
            f"{entry.created_at:%Y-%m-%d}",
            _state(entry, now),
        )
    console.print(table)


@app.command("revoke")
def revoke_entry(entry_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """Close a token or an admission for good: with its next request, whoever used it is out."""
    entry = _said(lambda: revoke(load_settings().tokens_file, entry_id))
    if entry is None:
        raise PipelineError(f"No open token or admission has the id {entry_id!r}. `clientele tokens list` shows them.")
    console.print(f"{entry.id} of {printable(entry.name)} is revoked.", highlight=False, soft_wrap=True)


def _given(
    chatbots: list[str] | None, every: bool, export: bool, email: bool, days: int, no_expiry: bool
) -> tuple[list[str] | None, list[Right], datetime | None]:
    """Chatbots, rights and expiry. Raises PipelineError where it is not said which chatbots."""
    if every == bool(chatbots):
        raise PipelineError("Say which chatbots: --chatbot ID, as often as needed, or --all-chatbots.")
    rights: list[Right] = [*(["export"] if export else []), *(["email"] if email else [])]  # type: ignore[list-item]
    return chatbots or None, rights, None if no_expiry else datetime.now(UTC) + timedelta(days=days)


def _warn_of_strangers(entry: Entry) -> None:
    """Say which chatbots of an entry are not published: a misspelled one would open nothing without a word."""
    try:
        known = Snapshots(load_settings().published).current().chatbots
    except NothingPublished:
        return
    if strangers := sorted(set(entry.chatbots or []) - set(known)):
        there_are = f"There are: {', '.join(known)}." if known else "There is none yet."
        sentence = f"Nothing of {', '.join(strangers)} is published so far. {there_are}"
        Console(stderr=True, markup=False).print(printable(sentence), highlight=False, soft_wrap=True)


def _what(entry: Entry) -> str:
    """What an entry opens, in words."""
    which = "every chatbot" if entry.chatbots is None else printable(", ".join(entry.chatbots))
    until = f", until {entry.expires_at:%Y-%m-%d}" if entry.expires_at else ""
    beyond = [_BEYOND[right] for right in entry.rights]
    return "; ".join([f"reads {which}{until}", *beyond])


def _state(entry: Entry, now: datetime) -> str:
    if entry.revoked_at:
        return f"revoked {entry.revoked_at:%Y-%m-%d}"
    if entry.expires_at is None:
        return "open"
    return f"{'open until' if entry.is_valid(now) else 'expired'} {entry.expires_at:%Y-%m-%d}"


def _said(work: Callable[[], T]) -> T:
    """The result of work on the access file; its faults as the command line says faults."""
    try:
        return work()
    except BadAccessFile as fault:
        raise PipelineError(str(fault)) from None
