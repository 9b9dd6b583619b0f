"""The least that landing could cost: SQL for these very lines, which makes typed Parquet of them and checks nothing.

No ids of records, no warnings, no quarantine, no receipts, no crash safety.
"""

from pathlib import Path

import duckdb

_ATTRIBUTES = "id varchar, name varchar, plan varchar, industry varchar, mrr decimal(22, 9)"
_REQUEST = f"""
struct(
    "conversationId" varchar,
    messages struct(id varchar, "role" varchar, content varchar, "sentAt" timestamp)[],
    "user" struct({_ATTRIBUTES}, email varchar, "createdAt" timestamp),
    organization struct({_ATTRIBUTES})
)
"""
_REQUESTS = """
select received_at, chatbot_id, shape, request.conversationId, unnest(request['user']), unnest(request.organization)
from lines
"""
_MESSAGES = """
select received_at, chatbot_id, conversation_id, unnest(message)
from (select *, request.conversationId as conversation_id, unnest(request.messages) as message from lines)
"""


def land_by_hand(log: Path, folder: Path) -> None:
    """Read capture requests into the files of two tables, in one thread."""
    columns = {"received_at": "timestamp", "chatbot_id": "varchar", "shape": "varchar", "request": _REQUEST}
    with duckdb.connect(config={"threads": 1}) as connection:
        lines = connection.read_json(str(log), columns=columns, format="newline_delimited")
        lines.create("lines")
        for table, query in (("requests", _REQUESTS), ("messages", _MESSAGES)):
            connection.sql(query).write_parquet(str(folder / f"{table}.parquet"), compression="zstd")
