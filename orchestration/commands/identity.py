"""`clientele identity`: likely duplicates and placeholders for a person to review. What counts as one: `identity/`."""

import csv
import io
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.identity.mapping import COLUMNS, read_identity
from orchestration.identity.placeholders import placeholders
from orchestration.identity.suggestions import Numbers, Suggestion, suggestions
from orchestration.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Which users and organizations may be the same. Merges nothing.")


@app.command()
def suggest(
    chatbot: Annotated[str | None, typer.Option(help="Only this chatbot.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Lines to append to identity.csv after review.")] = False,
) -> None:
    """List likely duplicates in the published tables, with what merging each would change."""
    settings = load_settings()
    snapshot, mapping = settings.published / "current.duckdb", settings.home / "identity.csv"
    if not snapshot.exists():
        raise PipelineError("Nothing is published yet: run `clientele refresh`.")
    found = suggestions(snapshot, [] if _is_empty(mapping) else read_identity(mapping), chatbot)
    if not found:
        where = f" of {printable(chatbot)}" if chatbot else ""
        text = f"No likely duplicates{where}: no two users share an e-mail, and no two organizations a name."
        Console(stderr=as_csv, markup=False).print(text, highlight=False, soft_wrap=True)
    elif as_csv:
        typer.echo(_csv_lines(found, with_header=_is_empty(mapping)), nl=False)
    else:
        _print(found, mapping, Console(markup=False))


@app.command("placeholders")
def list_placeholders(chatbot: Annotated[str | None, typer.Option(help="Only this chatbot.")] = None) -> None:
    """List user ids under which several e-mails or names stand, such as `undefined`: one row for many people."""
    snapshot = load_settings().published / "current.duckdb"
    if not snapshot.exists():
        raise PipelineError("Nothing is published yet: run `clientele refresh`.")
    found = placeholders(snapshot, chatbot)
    console = Console(markup=False)
    if not found:
        console.print("Under no user id stand several e-mails or several names.", highlight=False, soft_wrap=True)
        return
    table = Table(title=f"{len(found):,} user ids with several e-mails or names", title_justify="left")
    for heading in ("Chatbot", "User id", "E-mails", "Names"):
        table.add_column(heading, overflow="fold")
    for one in found:
        shown = (one.chatbot_id, one.user_id, _some(one.emails), _some(one.names))
        table.add_row(*(Text(printable(text)) for text in shown), end_section=True)
    console.print(table)
    console.print(
        "Nothing is changed. Have the client send the id of the person, or none: then the e-mail tells people apart.",
        highlight=False,
        soft_wrap=True,
    )


def _some(texts: list[str], most: int = 5) -> str:
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _is_empty(mapping: Path) -> bool:
    """Whether the file still needs its header: `>>` has made it before this program starts."""
    return not mapping.exists() or mapping.stat().st_size == 0


def _csv_lines(found: list[Suggestion], *, with_header: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_header:
        writer.writerow(COLUMNS)
    writer.writerows([getattr(one, column) for column in COLUMNS] for one in found)
    return text.getvalue()


def _print(found: list[Suggestion], mapping: Path, console: Console) -> None:
    table = Table(
        title=f"{len(found):,} likely {'duplicate' if len(found) == 1 else 'duplicates'}", title_justify="left"
    )
    for heading in ("Chatbot", "Kind", "From", "To", "Reason", "Effect of this merge alone, all time"):
        table.add_column(heading, overflow="fold")
    for one in found:
        texts = (one.chatbot_id, one.kind, one.from_id, one.to_id, one.reason)
        table.add_row(*(Text(printable(text)) for text in texts), Text("\n".join(_effect(one))), end_section=True)
    console.print(table)
    console.print(
        f"Nothing is merged. After review: `clientele identity suggest --csv >> {mapping}`, delete the lines that are"
        " wrong, then `clientele refresh`. Deleting a line later undoes its merge.",
        highlight=False,
        soft_wrap=True,
    )


def _effect(one: Suggestion) -> list[str]:
    """What changes in the numbers, a line each."""
    before, after = one.before, one.after
    table, related = ("Users", "organizations") if one.kind == "user" else ("Organizations", "users")
    return [
        f"rows of {table}: {one.rows_before:,} → {one.rows_after:,}",
        f"conversations: {before.conversations:,} → {after.conversations:,}",
        f"{related}: {before.related:,} → {after.related:,}",
        f"first seen (UTC): {_day(before)} → {_day(after)}",
        f"sentiment: {_sentiment(before)} → {_sentiment(after)}",
    ]


def _day(numbers: Numbers) -> str:
    return "–" if numbers.first_seen_at is None else f"{numbers.first_seen_at:%Y-%m-%d}"


def _sentiment(numbers: Numbers) -> str:
    return "–" if numbers.sentiment is None else f"{numbers.sentiment:+.3f}"
