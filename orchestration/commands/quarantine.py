"""`clientele quarantine`: what was rejected and why, in sentences, and how to submit it again.

Printing only: reading the quarantine and submitting lines again is in `orchestration/extract`.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.extract.quarantine.entries import Entry, Selection, entries, lines, reason_counts, warning_counts
from orchestration.extract.quarantine.resubmission import Resubmission, correct, exportable, judge, resubmit
from orchestration.extract.records.parse import RESEND
from orchestration.settings import load_settings

EXCERPT_LENGTH = 2_000

Reason = Annotated[str | None, typer.Option(help="Only lines with this reason, such as broken_json.")]
File = Annotated[str | None, typer.Option(help="Only lines of this file below the inbox.")]
LineNumber = Annotated[int | None, typer.Option(min=1, help="Only this line; needs --file.")]
Everything = Annotated[bool, typer.Option("--all", help="Also the lines that were submitted again.")]
Limit = Annotated[int, typer.Option(min=0, help="How many of the newest lines.")]


class _ListByDefault(TyperGroup):
    """A group whose command, when none is named, is `list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ListByDefault, help="Lines that were rejected, and why: list (default), explain, resubmit.")


@app.command("list")
def list_(reason: Reason = None, file: File = None, everything: Everything = False, limit: Limit = 20) -> None:
    """The rejected lines by reason, and the newest of them."""
    home, console = load_settings().home, Console(markup=False)
    selection = Selection(reason, file, open_only=not everything)
    counts = reason_counts(home, selection)
    if not counts:
        which = "No rejected line that you asked for" if reason or file else "No rejected line"
        return _say(console, f"{which} is in quarantine{'' if everything else ', apart from any resubmitted (--all)'}.")
    table = Table("Reason", title=f"{sum(one.lines for one in counts):,} rejected lines", title_justify="left")
    for heading in ("Lines", "Not yet resubmitted", "Files"):
        table.add_column(heading, justify="right")
    table.add_column("For example", overflow="fold")
    for one in counts:
        numbers = (f"{number:,}" for number in (one.lines, one.open_lines, one.files))
        table.add_row(one.reason, *numbers, Text(_short(one.explanation)))
    console.print(table)
    for entry in entries(home, selection, limit):
        again = f" (resubmitted in inbox/{entry.submitted_as})" if entry.submitted_as else ""
        _say(console, f"{entry.place}  {entry.reason}: {_short(entry.explanation)}{again}")
    _say(console, "To see a line and what to do about it: clientele quarantine explain FILE:LINE")
    return None


@app.command()
def explain(place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="As listed.")]) -> None:
    """Why a line was rejected, what to do about it, and how it reads."""
    file, _, number = place.rpartition(":")
    if not file or not (number.isascii() and number.isdigit()):
        raise PipelineError(f"{place!r} does not name a line. Write it as FILE:LINE, such as log.jsonl:3.")
    home, console = load_settings().home, Console(markup=False)
    selection = Selection(source_file=file, source_line=int(number), open_only=False)
    found = False
    for entry, line in lines(home, selection):
        if found:
            console.print()
        found = True
        _say(console, f"inbox/{entry.place}  ({entry.reason}, read {entry.read_at:%Y-%m-%d %H:%M} UTC)")
        _say(console, f"Why         {entry.explanation}")
        _say(console, f"What to do  {_advice(entry, line)}")
        text = line.decode("utf-8", "backslashreplace")
        _say(console, f"The line    {printable(text, EXCERPT_LENGTH) or '(nothing of it could be read)'}")
    if not found:
        raise PipelineError(f"Line {number} of {file} is not in quarantine. `clientele quarantine` lists what is.")


@app.command()
def warnings(reason: Reason = None, file: File = None, limit: Limit = 20) -> None:
    """Optional values that were dropped while the rest of their record was taken, by reason and field."""
    console = Console(markup=False)
    counts = warning_counts(load_settings().home, reason, file)
    if not counts:
        return _say(console, f"No optional value{' that you asked for' if reason or file else ''} was dropped.")
    table = Table("Reason", title=f"{sum(one.values for one in counts):,} dropped values", title_justify="left")
    table.add_column("Field", overflow="fold")
    table.add_column("Values", justify="right")
    table.add_column("For example", overflow="fold")
    for one in counts[:limit]:
        examples = [f"{where}: {excerpt}  {text}" for where, text, excerpt in one.examples]
        table.add_row(
            one.reason, Text(printable(one.path)), f"{one.values:,}", Text("\n".join(map(printable, examples)))
        )
    console.print(table)
    if len(counts) > limit:
        _say(console, f"{len(counts) - limit:,} more reasons and fields: raise --limit.")
    return None


@app.command()
def export(reason: Reason = None, file: File = None, line: LineNumber = None) -> None:
    """Write the rejected lines to the standard output, to be corrected by hand and given to `resubmit --corrected`."""
    found = 0
    for _, text in exportable(load_settings().home, _selection(reason, file, line)):
        sys.stdout.buffer.write(text + b"\n")
        found += 1
    sys.stdout.buffer.flush()
    what = "1 line" if found == 1 else f"{found:,} lines"
    _say(
        Console(stderr=True, markup=False),
        f"{what} written. Correct each in its place, empty those that stay in quarantine, then run `clientele"
        " quarantine resubmit --corrected FILE` with the same options.",
    )


@app.command("resubmit")
def resubmit_(
    reason: Reason = None,
    file: File = None,
    line: LineNumber = None,
    corrected: Annotated[Path | None, typer.Option(help="Corrections of the exported lines, in their order.")] = None,
) -> None:
    """Check rejected lines again, by the rules of today or as corrected, and deliver the valid ones to the inbox."""
    settings, console = load_settings(), Console(markup=False)
    selection = _selection(reason, file, line)
    if corrected is not None:
        done = correct(settings.home, selection, corrected, settings.line_limit_mib << 20)
    else:
        done = resubmit(settings.home, selection)
    for entry, why in done.rejected:
        _say(console, f"{entry.place}  still {why.reason}: {why.explanation}")
    for entry in done.cut:
        _say(console, f"{entry.place}  {entry.reason}: cannot be resubmitted, its text was not kept. {_cut(entry)}")
    _conclude(done, console)


def _conclude(done: Resubmission, console: Console) -> None:
    left = len(done.rejected) + len(done.cut) + len(done.passed_over)
    if done.file is None:
        if left:
            raise PipelineError(
                f"None of the {left:,} selected lines is valid, so nothing was resubmitted. `clientele quarantine"
                " export` gives them to be corrected."
            )
        return _say(console, "There is nothing to resubmit: no open line in quarantine is selected.")
    _say(
        console,
        f"{len(done.submitted):,} of {len(done.submitted) + left:,} lines delivered as inbox/{done.file}."
        " Run `clientele refresh` to process them.",
    )
    return None


def _selection(reason: str | None, file: str | None, line: int | None) -> Selection:
    if line is not None and file is None:
        raise PipelineError("--line needs --file: lines are counted in each file.")
    return Selection(reason, file, line)


def _advice(entry: Entry, line: bytes) -> str:
    """What a person can do about a quarantined line."""
    options = f"--file {shlex.quote(entry.source_file)} --line {entry.source_line}"
    if entry.submitted_as:
        return f"Nothing: it was submitted again in inbox/{entry.submitted_as}."
    verdict = judge(entry, line)
    if verdict == "cut":
        return f"It cannot be resubmitted, because its text was not kept. {_cut(entry)}"
    if verdict == "valid":
        return f"By the rules of today it is valid: clientele quarantine resubmit {options}"
    return (
        "Have the producer deliver it corrected, or correct it here: `clientele quarantine export"
        f" {options} > fixed.jsonl`, edit fixed.jsonl, then `clientele quarantine resubmit {options}"
        " --corrected fixed.jsonl`."
    )


def _cut(entry: Entry) -> str:
    if entry.reason == "line_too_long":
        return "Raise CLIENTELE_LINE_LIMIT_MIB, or shorten the line, and deliver it again in a new file."
    return "Re-create the file and deliver it under a new name."


def _short(explanation: str) -> str:
    return printable(explanation.removesuffix(RESEND).rstrip())


def _say(console: Console, text: str) -> None:
    """A line of plain text, whatever characters others put into it."""
    console.print(printable(text), highlight=False, soft_wrap=True)
