"""What the command line prints for people: the state of a data home, and the top of both tables."""

import sqlite3
from datetime import UTC, date, datetime

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.lib.erasure.tombstones import erasures
from orchestration.lib.errors import PipelineError
from orchestration.lib.printable import printable
from orchestration.lib.publish.manifest import read_manifest
from orchestration.lib.request_log.ledger import receipts, states
from orchestration.settings import Settings

RUNS = 5
SHOWN = {
    "organizations": ["organization_name", "plan", "industry", "mrr", "conversations", "users", "sentiment"],
    "users": ["user_name", "email", "organization_name", "plan", "mrr", "conversations", "sentiment"],
}


def print_status(settings: Settings, console: Console) -> None:
    """What was read and what became of it, how far the published data runs, and the last runs."""
    files = states(settings.home)
    read = receipts(settings.home)
    console.print(f"Data home    {settings.home}", highlight=False, soft_wrap=True)
    counts = {
        name: sum(getattr(one, name) for one in read) for name in ("lines", "accepted", "duplicates", "quarantined")
    }
    console.print(
        "Read         {lines:,} lines of {files:,} files: {accepted:,} accepted, {duplicates:,} duplicate,"
        " {quarantined:,} quarantined".format(files=len(files), **counts)
    )
    console.print(f"Warnings     {sum(one.warnings for one in read):,} optional values dropped")
    if asked := erasures(settings.home):
        open_requests = sum(one.done_at is None for one in asked)
        todo = f", {open_requests:,} of them in the next refresh" if open_requests else ""
        console.print(f"Erased       {len(asked):,} users and organizations{todo}")
    waiting = [one for one in files.values() if one.waiting_bytes]
    if waiting:
        names = ", ".join(printable(one.source_file, 60) for one in waiting[:3]) + (", ..." if waiting[3:] else "")
        console.print(
            f"Waiting      the last line of {len(waiting):,} files is read once it is complete: {names}", soft_wrap=True
        )
    for one in files.values():
        if one.problem:
            console.print(f"Problem      {one.source_file}: {one.problem}", style="yellow", soft_wrap=True)
    manifest = read_manifest(settings.published)
    if manifest is None:
        console.print("Published    nothing yet: run `clientele refresh`")
    else:
        console.print(f"Published    snapshot {manifest['snapshot_id']}, data through {manifest['data_through']}")
    for line in _last_runs(settings):
        console.print(line, highlight=False)


def print_tables(settings: Settings, rows: int, first: date | None, last: date | None, console: Console) -> None:
    """The rows with the newest activity of both tables, for each chatbot; days in the chatbot's zone, None unbounded.

    Raises PipelineError when nothing is published.
    """
    file = settings.published / "current.duckdb"
    if not file.exists():
        raise PipelineError("Nothing is published yet: run `clientele refresh`.")
    with duckdb.connect(str(file.resolve()), read_only=True) as connection:
        chatbots = connection.execute("select chatbot_id, name from chatbots order by chatbot_id").fetchall()
        for chatbot_id, name in chatbots:
            for relation, columns in SHOWN.items():
                total, conversations = connection.execute(
                    f"select count(*), coalesce(sum(conversations), 0) from {relation}(?, ?, ?)",
                    [chatbot_id, first, last],
                ).fetchall()[0]
                top = connection.execute(
                    f"select {', '.join(columns)}, last_activity_at from {relation}(?, ?, ?)"
                    f" order by last_activity_at desc, {relation[:-1]}_id limit ?",
                    [chatbot_id, first, last, rows],
                ).fetchall()
                table = Table(
                    title=f"{name}: {relation} ({total:,} rows, {conversations:,} conversations)", title_justify="left"
                )
                for column in [*columns, "last_activity_at"]:
                    table.add_column(
                        column, justify="right" if column in ("mrr", "conversations", "users", "sentiment") else "left"
                    )
                for row in top:
                    table.add_row(*map(_cell, row))
                console.print(table)
        total = connection.execute("select count(distinct conversation_key) from fct_conversation_days").fetchall()[0][
            0
        ]
    console.print(f"{total:,} conversations of all time in {len(chatbots)} chatbots.")


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case float():
            return f"{value:+.2f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case int():
            return f"{value:,}"
        case str():
            return value
    return f"{value:,.2f}"


def _last_runs(settings: Settings) -> list[str]:
    """The newest runs of Dagster's own storage, read without loading Dagster."""
    storage = settings.dagster_home / "history" / "runs.db"
    if not storage.exists():
        return []
    with sqlite3.connect(f"file:{storage}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "select run_id, status, start_time, end_time from runs order by id desc limit ?", [RUNS]
        ).fetchall()
    return [
        f"Run          {run_id[:8]} {status.lower()}"
        + (f", started {datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S} UTC" if start else "")
        + (f", took {end - start:.0f} s" if start and end else "")
        for run_id, status, start, end in rows
    ]
