"""`clientele identity`: likely duplicates for a person to review. What counts as one is decided in `lib`."""

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
from orchestration.identity.suggestions import Numbers, Suggestion, suggestions
from orchestration.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Which users and organizations may be the same. Merges nothing.")


@app.callback()
def _group() -> None:
    """Without a callback, Typer would drop the name of an only command."""


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
        Console(stderr=as_csv).print(text, markup=False, highlight=False, soft_wrap=True)
    elif as_csv:
        typer.echo(_csv_lines(found, with_header=_is_empty(mapping)), nl=False)
    else:
        _print(found, mapping, Console())


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
        markup=False,
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
