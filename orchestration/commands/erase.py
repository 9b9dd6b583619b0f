"""`clientele erase`: asks, erases in a refresh, and proves the absence. How is in `orchestration/erasure`."""

import csv
import io
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from orchestration.commands.printable import printable
from orchestration.erasure.absence import traces
from orchestration.erasure.tombstones import Kind, erasures, inbox_files_to_clean, read_tombstones, request
from orchestration.errors import PipelineError
from orchestration.home.locking import exclusive
from orchestration.identity.mapping import COLUMNS, Merge, read_identity
from orchestration.settings import Settings, load_settings
from orchestration.transform.warehouse import ALWAYS

app = typer.Typer(no_args_is_help=True, help="Erase a user or an organization for good, and prove the absence.")

Chatbot = Annotated[str, typer.Argument(help="The chatbot's id.")]
KeepCounts = Annotated[
    bool, typer.Option("--keep-counts", help="Keep their conversations and scores as counts without identity or text.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def user(
    chatbot_id: Chatbot,
    user_id: Annotated[str, typer.Argument(help="The id, as Users shows it.")],
    keep_counts: KeepCounts = False,
    yes: Yes = False,
) -> None:
    """Erase a user everywhere, and keep them out when their data arrives again."""
    _erase(chatbot_id, "user", user_id, keep_counts=keep_counts, yes=yes)


@app.command()
def organization(
    chatbot_id: Chatbot,
    organization_id: Annotated[str, typer.Argument(help="The id, as Organizations shows it.")],
    keep_counts: KeepCounts = False,
    yes: Yes = False,
) -> None:
    """Erase an organization everywhere, and keep it out when its data arrives again."""
    _erase(chatbot_id, "organization", organization_id, keep_counts=keep_counts, yes=yes)


@app.command("list")
def list_() -> None:
    """What was erased: keys and times only, since nobody's name is kept."""
    console, asked = Console(), erasures(load_settings().home)
    if not asked:
        return _say(console, "Nothing was ever erased.")
    table = Table("Asked for (UTC)", "Chatbot", "Kind", "Ids", "Counts", "Gone since (UTC)")
    for one in asked:
        table.add_row(
            f"{one.requested_at:%Y-%m-%d %H:%M}",
            printable(one.chatbot_id),
            one.kind,
            f"{one.keys:,}",
            "kept" if one.keep_counts else "removed",
            f"{one.done_at:%Y-%m-%d %H:%M}" if one.done_at else "not yet: run `clientele refresh`",
        )
    console.print(table)
    return None


@app.command()
def check() -> None:
    """Prove that nothing is left of anyone erased: raw, quarantine, inbox, warehouse and every kept snapshot."""
    _prove(load_settings(), Console())


def _erase(chatbot_id: str, kind: Kind, entity_id: str, *, keep_counts: bool, yes: bool) -> None:
    if not entity_id:
        raise PipelineError(f"The id of the {kind} is empty. Give it as the table shows it.")
    settings, console = load_settings(), Console()
    mapping = settings.home / "identity.csv"
    ids = _all_ids(read_identity(mapping), chatbot_id, kind, entity_id)
    _say(console, _announcement(settings, chatbot_id, kind, ids, keep_counts=keep_counts))
    if not yes and not typer.confirm("This cannot be undone. Erase?"):
        raise PipelineError("Nothing was erased.")
    with exclusive(settings.home):
        request(settings.home, chatbot_id, kind, ids, keep_counts=keep_counts)
        if _forget_merges(mapping, chatbot_id, kind, ids):
            _say(console, f"Their lines in {mapping} are deleted.")
    from orchestration.refresh.run import run_refresh

    run_refresh(settings, ALWAYS, full=False, console=console)
    _prove(settings, console)


def _all_ids(merges: list[Merge], chatbot_id: str, kind: Kind, entity_id: str) -> list[str]:
    """The id with all others that a person has mapped to the same user or organization."""
    own = {one.from_id: one.to_id for one in merges if (one.chatbot_id, one.kind) == (chatbot_id, kind)}
    target = own.get(entity_id, entity_id)
    return sorted({entity_id, target, *(source for source, end in own.items() if end == target)})


def _announcement(settings: Settings, chatbot_id: str, kind: Kind, ids: list[str], *, keep_counts: bool) -> str:
    who = f"The {kind} {', '.join(printable(one) for one in ids)} of chatbot {printable(chatbot_id)}"
    conversations = _published_conversations(settings.published / "current.duckdb", chatbot_id, kind, ids)
    if not conversations:
        return f"{who} is in no published table. What arrives of it will be kept out."
    fate = "stay as counts, without identity and text" if keep_counts else "are removed from every number"
    return f"{who} is erased from everything that this data home holds; {conversations:,} conversations {fate}."


def _published_conversations(snapshot: Path, chatbot_id: str, kind: Kind, ids: list[str]) -> int:
    if not snapshot.exists():
        return 0
    with duckdb.connect(str(snapshot.resolve()), read_only=True) as connection:
        query = (
            "select count(distinct conversation_key) from fct_conversation_days"
            f" where chatbot_id = ? and {kind}_id in (select unnest(?::varchar[]))"
        )
        (count,) = connection.execute(query, [chatbot_id, ids]).fetchall()[0]
    return int(count)


def _forget_merges(mapping: Path, chatbot_id: str, kind: Kind, ids: list[str]) -> bool:
    """Delete the mapping's lines that name one of the ids; whether there were any."""
    if not mapping.exists():
        return False
    rows = list(csv.DictReader(io.StringIO(mapping.read_bytes().decode("utf-8-sig"), newline="")))
    kept = [
        row
        for row in rows
        if (row["chatbot_id"], row["kind"]) != (chatbot_id, kind) or not {row["from_id"], row["to_id"]} & set(ids)
    ]
    if len(kept) == len(rows):
        return False
    draft = mapping.with_name(f".{mapping.name}")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    draft.replace(mapping)
    return True


def _prove(settings: Settings, console: Console) -> None:
    if not read_tombstones(settings.home):
        return _say(console, "Nothing was ever erased, so there is nothing to prove.")
    with exclusive(settings.home), console.status("Looking for traces") as status:
        found = traces(
            settings.home, settings.warehouse, settings.published, lambda where: status.update(f"Looking in {where}")
        )
    for trace in found:
        _say(console, trace)
    if waiting := inbox_files_to_clean(settings.home):
        _say(console, f"To be searched again once they are complete: {', '.join(map(printable, waiting))}")
    if found:
        raise PipelineError("Something is left of those who are erased, as listed above. Run `clientele refresh`.")
    _say(
        console,
        "Proved absent: raw, quarantine, inbox, warehouse and every kept snapshot hold nothing of anyone erased.",
    )
    return None


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
