"""Reads one chatbot's data quality and the ledger of its changes from a snapshot.

How both are counted is the publisher's business. Snapshots of older versions have neither table.
"""

from typing import Any

from serving.snapshot import Chatbot, Snapshot
from serving.tables.parameters import BadQuery, problem, read_parameters

QUALITY = "data_quality"
CHANGES = "refresh_changes"
INPUT_FILES = "input_files"
MOST_CHANGES = 1000
USUAL_CHANGES = 100
NEWEST_FIRST = "published_at desc, activity_date desc, reason"
WHOLE_FIRST = "organization_id is not null, conversations desc, organization_id"


def has_quality(snapshot: Snapshot) -> bool:
    """Return whether the snapshot tells its data quality."""
    return _exists(snapshot, QUALITY)


def read_quality(snapshot: Snapshot, chatbot: Chatbot) -> list[dict[str, Any]]:
    """Return the row of the whole chatbot, then those of its organizations, the largest first."""
    return _rows(snapshot, QUALITY, f"order by {WHOLE_FIRST}", [chatbot.chatbot_id])


def read_whole_quality(snapshot: Snapshot, chatbot: Chatbot) -> dict[str, Any] | None:
    """Return the row of the whole chatbot; None where the snapshot has none."""
    rows = _rows(snapshot, QUALITY, "and organization_id is null", [chatbot.chatbot_id])
    return rows[0] if rows else None


def unread_files(snapshot: Snapshot) -> int:
    """Return how many files of the inbox wait for a person. Whose data they hold is not known, so none is named."""
    if not _exists(snapshot, INPUT_FILES):
        return 0
    query = f"select count(*) from {INPUT_FILES} where outcome = 'refused'"
    ((count,),) = snapshot.cursor().execute(query).fetchall()
    return int(count)


def read_changes(snapshot: Snapshot, chatbot: Chatbot, limit: int) -> list[dict[str, Any]]:
    """Return the newest changes of the chatbot's published days."""
    return _rows(snapshot, CHANGES, f"order by {NEWEST_FIRST} limit ?", [chatbot.chatbot_id, limit])


def parse(query_string: str, *known: str) -> dict[str, str]:
    """Return the parameters of a query string; BadQuery if one is not known or given twice."""
    given = read_parameters(query_string)
    problems = [problem(name, "extra_forbidden", f"Unknown parameter: {name}") for name in given if name not in known]
    problems += [
        problem(name, "given_twice", "May be given only once") for name in known if len(given.get(name, "")) > 1
    ]
    if problems:
        raise BadQuery(problems)
    return {name: values[0] for name, values in given.items()}


def limit_of(query_string: str) -> int:
    """Return how many changes a query string asks for; BadQuery if it asks anything else."""
    text = parse(query_string, "limit").get("limit", str(USUAL_CHANGES))
    # Longer texts are no such number, and need not be read as one.
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= MOST_CHANGES):
        raise BadQuery([problem("limit", "limit", f"Should be a whole number from 1 to {MOST_CHANGES}")])
    return int(text)


def _exists(snapshot: Snapshot, table: str) -> bool:
    found = snapshot.cursor().execute("select 1 from duckdb_tables() where table_name = ?", [table]).fetchone()
    return found is not None


def _rows(snapshot: Snapshot, table: str, rest: str, parameters: list[Any]) -> list[dict[str, Any]]:
    """Return rows of one chatbot, without its id; none from a snapshot that does not have the table."""
    if not _exists(snapshot, table):
        return []
    cursor = snapshot.cursor().execute(
        f"select * exclude (chatbot_id) from {table} where chatbot_id = ? {rest}", parameters
    )
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
