"""`clientele tables`: the top of both published tables. Prints only."""

from datetime import date, datetime

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.commands.printable import printable
from orchestration.errors import PipelineError
from orchestration.settings import Settings

SHOWN = {
    "organizations": ["organization_name", "plan", "industry", "mrr", "conversations", "users", "sentiment"],
    "users": ["user_name", "email", "organization_name", "plan", "mrr", "conversations", "sentiment"],
}


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
                    title=f"{printable(name)}: {relation} ({total:,} rows, {conversations:,} conversations)",
                    title_justify="left",
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
            return printable(value)
    return f"{value:,.2f}"
