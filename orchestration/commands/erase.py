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
from orchestration.erasure.needles import Needles, needles_of
from orchestration.erasure.scouring import Scouring, scour, search
from orchestration.erasure.tombstones import Kind, erasures, inbox_files_to_clean, read_tombstones, request
from orchestration.errors import PipelineError
from orchestration.home.locking import exclusive
from orchestration.identity.mapping import Merge, read_identity
from orchestration.publish.destinations import undelivered
from orchestration.settings import Settings, load_settings
from orchestration.transform.warehouse import ALWAYS

EXAMPLES = 5
NEEDS_A_PERSON = 3

app = typer.Typer(no_args_is_help=True, help="Erase a user or an organization for good, and prove the absence.")

Chatbot = Annotated[str, typer.Argument(help="The chatbot's id.")]
KeepCounts = Annotated[
    bool, typer.Option("--keep-counts", help="Keep their conversations and scores as counts without identity or text.")
]
Also = Annotated[
    list[str] | None, typer.Option("--also", help="Another text of theirs to search for, such as an e-mail.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def user(
    chatbot_id: Chatbot,
    user_id: Annotated[str, typer.Argument(help="The id, as Users shows it.")],
    keep_counts: KeepCounts = False,
    also: Also = None,
    yes: Yes = False,
) -> None:
    """Erase a user everywhere, and keep them out when their data arrives again."""
    _erase(chatbot_id, "user", user_id, keep_counts=keep_counts, also=also or [], yes=yes)


@app.command()
def organization(
    chatbot_id: Chatbot,
    organization_id: Annotated[str, typer.Argument(help="The id, as Organizations shows it.")],
    keep_counts: KeepCounts = False,
    also: Also = None,
    yes: Yes = False,
) -> None:
    """Erase an organization everywhere, and keep it out when its data arrives again."""
    _erase(chatbot_id, "organization", organization_id, keep_counts=keep_counts, also=also or [], yes=yes)


@app.command("list")
def list_() -> None:
    """What was erased: keys and times only, since nobody's name is kept."""
    console, asked = Console(markup=False), erasures(load_settings().home)
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
def check(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Ids, e-mails and names to search every byte for: they are not kept.")
    ] = None,
) -> None:
    """Prove that nothing is left of anyone erased: raw, quarantine, inbox, warehouse and every kept snapshot.

    It is proved by keys, since nobody's name is kept. For a text, every byte of the data home is searched as well; with
    exit code 3 where a file holds it.
    """
    settings, console = load_settings(), Console(markup=False)
    _prove(settings, console)
    if texts:
        needles, found = Needles("", texts), Scouring()
        with exclusive(settings.home), console.status("Searching") as status:
            search(settings.home, needles, found, set(), lambda where: status.update(f"Searching {printable(where)}"))
        if not _report(console, needles, found):
            raise typer.Exit(NEEDS_A_PERSON)


def _erase(chatbot_id: str, kind: Kind, entity_id: str, *, keep_counts: bool, also: list[str], yes: bool) -> None:
    if not entity_id:
        raise PipelineError(f"The id of the {kind} is empty. Give it as the table shows it.")
    settings, console = load_settings(), Console(markup=False)
    mapping, exclusions = settings.home / "identity.csv", settings.home / "exclude.csv"
    ids = _all_ids(read_identity(mapping), chatbot_id, kind, entity_id)
    _say(console, _announcement(settings, chatbot_id, kind, ids, keep_counts=keep_counts))
    if not yes and not typer.confirm("This cannot be undone. Erase?"):
        raise PipelineError("Nothing was erased.")
    with exclusive(settings.home):
        needles = needles_of(settings.home, chatbot_id, kind, ids, also)
        request(settings.home, chatbot_id, kind, ids, keep_counts=keep_counts)
        for file, columns in ((mapping, ("from_id", "to_id")), (exclusions, ("value",))):
            if _forget_lines(file, chatbot_id, kind, ids, columns):
                _say(console, f"Their lines in {file} are deleted.")
    from orchestration.refresh.run import Undelivered, run_refresh

    try:
        run_refresh(settings, ALWAYS, full=False, console=console)
    except Undelivered as failed:  # the proof behind the search says that something is left there
        _say(console, printable(str(failed)))
    with exclusive(settings.home), console.status("Searching") as status:
        found = scour(
            settings.home,
            settings.warehouse,
            settings.published,
            needles,
            lambda where: status.update(f"Searching {printable(where)}"),
        )
    is_clean = _report(console, needles, found)
    _prove(settings, console)
    if not is_clean:
        raise typer.Exit(NEEDS_A_PERSON)


def _report(console: Console, needles: Needles, found: Scouring) -> bool:
    """Say what was searched for and where, and what was found; whether nothing waits for a person."""
    if found.blanked:
        _say(console, f"Blanked {found.blanked:,} lines of the inbox that no run reads.")
    for sentence in (*found.left, *found.unsearched):
        _say(console, printable(sentence))
    if found.others:
        names = ", ".join(printable(path.name) for path in found.others[:EXAMPLES])
        _say(
            console,
            f"Records of others hold the same texts, in their words or under another chatbot, and stay as they are:"
            f" {len(found.others):,} files, such as {names}.",
        )
    if needles.texts:
        _say(
            console,
            f"Searched every byte of {found.files:,} files ({found.size / 2**20:,.1f} MiB), also inside compressed"
            " files, archives and tables, as UTF-8, UTF-16 and with escapes, for"
            f" {len(needles.texts):,} ids, e-mails and names.",
        )
    if needles.plain:
        plain = ", ".join(printable(repr(one)) for one in sorted(needles.plain))
        _say(
            console,
            f"Too short or too plain to be told from others' bytes, and searched for as whole ids only: {plain}",
        )
    return not (found.left or found.unsearched)


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


def _forget_lines(path: Path, chatbot_id: str, kind: Kind, ids: list[str], columns: tuple[str, ...]) -> bool:
    """Delete the lines of a settings file that name one of the ids in these columns; whether there were any."""
    if not path.exists():
        return False
    reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    rows = list(reader)
    kept = [
        row
        for row in rows
        if (row["chatbot_id"], row["kind"]) != (chatbot_id, kind) or not {row[one] for one in columns} & set(ids)
    ]
    if len(kept) == len(rows):
        return False
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    draft.replace(path)
    return True


def _prove(settings: Settings, console: Console) -> None:
    if not read_tombstones(settings.home):
        return _say(console, "Nothing was ever erased, so there is nothing to prove.")
    with exclusive(settings.home), console.status("Looking for traces") as status:
        found = traces(
            settings.home, settings.warehouse, settings.published, lambda where: status.update(f"Looking in {where}")
        )
        found += [f"{one}: what was erased may still be there." for one in undelivered(settings)]
    for trace in found:
        _say(console, trace)
    if waiting := inbox_files_to_clean(settings.home):
        _say(console, f"To be searched again once they are complete: {', '.join(map(printable, waiting))}")
    if found:
        raise PipelineError("Something is left of those who are erased, as listed above. Run `clientele refresh`.")
    _say(
        console,
        "Proved absent: raw, quarantine, every file of the inbox (read or not), warehouse and every kept snapshot hold"
        " nothing with a key of anyone erased. For texts, `clientele erase check ID E-MAIL NAME` searches every byte.",
    )
    return None


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
