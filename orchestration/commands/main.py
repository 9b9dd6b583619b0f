"""The command line: thin. Each command reads the settings, calls one thing, and says in sentences what happened."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from orchestration.commands.grouped import LoadedWhenAsked
from orchestration.commands.printable import printable
from orchestration.errors import PipelineError, explain
from orchestration.settings import load_settings

app = typer.Typer(
    cls=LoadedWhenAsked,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The warehouse behind Organizations and Users.",
)
NEEDS_A_PERSON = 3
CODE_LOCATION = ("--module-name", "orchestration.definitions", "--location-name", "clientele")
# Output that goes to a file or a pipe has no width of its own; the tables need about this much.
console = Console(markup=False, width=None if sys.stdout.isatty() else 160)


def main() -> None:
    """Entry point of `clientele`: failures that people can act on are one line and exit code 1."""
    try:
        app()
    except PipelineError as error:
        _fail(str(error))
    except Exception as error:
        # What a machine or a damaged file does is said in a sentence; what is nobody's but ours keeps its traceback.
        said = getattr(error, "orig", None) or error  # an error of a database comes wrapped in its whole statement
        known = explain(f"{type(said).__name__}: {said}")
        if known is None:
            raise
        _fail(known)


def _fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(f"[bold red]Error:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    sys.exit(1)


@app.command()
def refresh(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First arrival day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last arrival day.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Rebuild the warehouse from raw.")] = False,
) -> None:
    """Process everything that arrived and is not yet processed, and publish it.

    Ends with a line for each file of the inbox that is not read; with exit code 3 where one waits for a person.
    """
    if first and last and first > last:
        raise PipelineError(f"--from {first:%Y-%m-%d} lies after --to {last:%Y-%m-%d}. Swap them.")
    if full and (first or last):
        raise PipelineError("--full rebuilds from all of raw: leave out --from and --to.")
    from orchestration.extract.landing.inventory import take_inventory
    from orchestration.refresh.run import run_refresh
    from orchestration.transform.warehouse import Window

    settings = load_settings()
    window = Window(first and first.date(), last and last.date())
    run_refresh(settings, window, full=full, console=console)
    inventory = take_inventory(settings.home)
    for line in inventory.unread():
        console.print(printable(line), style="yellow", highlight=False, soft_wrap=True)
    if inventory.of("refused"):
        raise typer.Exit(NEEDS_A_PERSON)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Files as they would be put into the inbox.")],
    lines: Annotated[int | None, typer.Option(min=1, help="Only the first lines of each file.")] = None,
) -> None:
    """What would become of files: every fault of every line, unknown fields, and a preview. Nothing is read in.

    Exit code 3 where a file, a line or a value would not be taken.
    """
    from orchestration.commands.check import check_files

    if not check_files(files, load_settings().line_limit_mib * 2**20, lines, console).is_clean:
        raise typer.Exit(NEEDS_A_PERSON)


@app.command()
def sample(
    unmoved: Annotated[bool, typer.Option("--unmoved", help="Keep the times of 2018.")] = False,
) -> None:
    """Write the sample conversations to the inbox as a request log, and switch the scorer on for this data home."""
    from orchestration.sample import write_sample, write_sample_chatbots

    settings = load_settings()
    with console.status("Writing the sample to the inbox"):
        report = write_sample(settings.inbox, weeks_shift=0 if unmoved else "to_today", today=datetime.now(UTC).date())
    write_sample_chatbots(settings.home / "chatbots.csv")
    settings.enable_scorer("vader")
    console.print(
        f"The sample {'was already' if report.already_there else 'is'} in the inbox: {report.conversations:,}"
        f" conversations, {report.messages:,} messages of {report.people:,} people in {report.requests:,} requests,"
        f" arrived {report.first_arrival:%Y-%m-%d} to {report.last_arrival:%Y-%m-%d}.",
        highlight=False,
    )


@app.command()
def status() -> None:
    """What was read, accepted, duplicate and quarantined; how far the data runs; the last runs."""
    from orchestration.commands.status import print_status

    print_status(load_settings(), console)


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
) -> None:
    """Look at a data home from end to end: files, checksums, links, versions, free space."""
    from orchestration.doctor.inspection import inspect, repair

    settings = load_settings()
    if mend:
        for said in repair(settings):
            console.print(said, highlight=False, soft_wrap=True)
    faults = 0
    for finding in inspect(settings):
        faults += finding.fault is not None
        console.print(
            f"{'ok   ' if finding.fault is None else 'FAULT'} {finding.what}"
            + (f": {finding.fault}" if finding.fault else ""),
            highlight=False,
            soft_wrap=True,
        )
    if faults:
        raise PipelineError(f"{faults} of these are not well. Do what stands beside them.")


@app.command()
def tables(
    rows: Annotated[int, typer.Option(min=1, help="Rows of each table.")] = 5,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
) -> None:
    """Print the top of both published tables, newest activity first."""
    from orchestration.commands.tables import print_tables

    print_tables(load_settings(), rows, first and first.date(), last and last.date(), console)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Another than loopback's only where tokens are made.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Serve the pages and the API from the published snapshots."""
    from serving.access.identify import Proxy
    from serving.access.tokens import BadAccessFile
    from serving.http.limits import Limits
    from serving.http.server import Closed, serve

    settings = load_settings()
    peers = frozenset(settings.proxy_peers.replace(" ", "").split(","))
    proxy = Proxy(settings.proxy_header, peers) if settings.proxy_header else None
    limits = Limits(settings.export_rows, settings.exports_per_minute)
    kept = {"access_file": settings.tokens_file, "audit": settings.audit_file, "views": settings.views}
    try:
        serve(settings.published, host, port, proxy=proxy, limits=limits, **kept)
    except (Closed, BadAccessFile) as error:
        raise PipelineError(str(error)) from None


@app.command()
def mcp(
    token: Annotated[
        str, typer.Option(envvar="CLIENTELE_TOKEN", help="Whose eyes it sees with, once somebody has a token.")
    ] = "",
) -> None:
    """Let an assistant ask the published tables: a read-only MCP server over standard input and output."""
    from serving.access.tokens import BadAccessFile
    from serving.http.app import create_app
    from serving.http.server import gate_of
    from serving.mcp.server import run

    settings = load_settings()
    try:
        run(create_app(settings.published, gate=gate_of(settings.tokens_file)), token)
    except BadAccessFile as error:
        raise PipelineError(str(error)) from None


@app.command()
def dev(port: Annotated[int, typer.Option(min=1, max=65535)] = 3000) -> None:
    """Dagster's own UI on this data home: every asset, check, schedule and sensor, with the scheduler running."""
    _become_dagster("dg", "dev", "--host", "127.0.0.1", "--port", str(port))


@app.command()
def webserver(
    host: Annotated[
        str, typer.Option(help="Dagster's UI has no sign-in: keep it where only you reach it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
) -> None:
    """Dagster's UI on this data home, without the scheduler: for a server, beside `daemon`."""
    _become_dagster("dagster-webserver", "--host", host, "--port", str(port), *CODE_LOCATION)


@app.command()
def daemon() -> None:
    """Dagster's scheduler on this data home: it runs the schedule and the sensors."""
    _become_dagster("dagster-daemon", "run", *CODE_LOCATION)


def _become_dagster(program: str, *arguments: str) -> None:
    from orchestration.refresh.run import become_dagster

    become_dagster(load_settings(), program, *arguments)


if __name__ == "__main__":
    main()
