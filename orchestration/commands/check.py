"""`clientele check`: what would become of files, before they are delivered. Prints only."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.extract.checking import Checked, Preview, check_file
from orchestration.extract.records.inspection import nearest_known

UNKNOWN_FIELDS = 20
EXCERPT = 200


def check_files(files: list[Path], line_limit: int, lines: int | None, console: Console) -> Checked:
    """Check the files and print what was found. Raises PipelineError for a path that is no file."""
    checked = Checked()
    for path in files:
        if not path.is_file():
            raise PipelineError(f"{path} is no file. Give the files to check.")
        with console.status(f"Checking {printable(str(path), 60)}"):
            check_file(path, checked, line_limit, lines)
    _print(checked, console)
    return checked


def _print(checked: Checked, console: Console) -> None:
    for sentence in (*checked.refused, *checked.waiting):
        console.print(printable(sentence), style="yellow", highlight=False, soft_wrap=True)
    rejected = checked.lines - checked.accepted
    console.print(
        f"{checked.lines:,} lines of {checked.files:,} files: {checked.accepted:,} would be accepted,"
        f" {rejected:,} rejected; {len(checked.refused):,} files would not be read",
        highlight=False,
    )
    if checked.faults:
        table = Table("Fault", title="Every fault of every line", title_justify="left")
        table.add_column("Times", justify="right")
        table.add_column("The first", overflow="fold")
        table.add_column("Where", overflow="fold")
        for reason, fault in sorted(checked.faults.items(), key=lambda one: -one[1].count):
            places = "\n".join([*map(printable, fault.places), *(["..."] if fault.count > len(fault.places) else [])])
            table.add_row(reason, f"{fault.count:,}", Text(printable(fault.explanation, EXCERPT)), Text(places))
        console.print(table)
    if checked.unknown:
        table = Table("Field that is not read", title="Unknown fields", title_justify="left")
        table.add_column("Times", justify="right")
        table.add_column("Perhaps meant")
        for name, count in checked.unknown.most_common(UNKNOWN_FIELDS):
            table.add_row(Text(printable(name, EXCERPT)), f"{count:,}", nearest_known(name) or "")
        console.print(table)
    if checked.accepted:
        _print_preview(checked.preview, console)


def _print_preview(preview: Preview, console: Console) -> None:
    table = Table(show_header=False, title="What the accepted lines hold", title_justify="left")
    for name, count in (
        ("chatbots", len(preview.chatbots)),
        ("conversations", len(preview.conversations)),
        ("users", len(preview.users)),
        ("organizations", len(preview.organizations)),
        ("requests", preview.requests),
        ("messages", preview.messages),
        ("messages with scores", preview.scores),
    ):
        table.add_row(name, f"{count:,}")
    if preview.first and preview.last:
        table.add_row("messages sent", f"{preview.first:%Y-%m-%d %H:%M} to {preview.last:%Y-%m-%d %H:%M} UTC")
    for name in ("user id", "organization", "plan", "MRR"):
        if preview.requests:
            table.add_row(f"requests with {name}", f"{preview.having[name] / preview.requests:.1%}")
    console.print(table)
