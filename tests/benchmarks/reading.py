"""Reading: pages and files of a large snapshot from the real server, by one reader and by twenty.

"Each another" asks no question twice: every sort, pages further on, searches. What is asked first pays for the others.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from serving.engine import READER
from serving.tables.columns import TABLES
from tests.benchmarks.large_snapshot import CHATBOT, publish_large
from tests.benchmarks.served import Reading, served

TITLE = "Reading: 1,100,000 conversation-days in the range, 1,000,000 users, 100,000 organizations"
AGAIN, READERS = 40, 20
# What no page can go below that is made anew: group the rows of the range once by conversation.
_FLOOR = """
select count(*), sum(messages), sum(score_sum) from (
    select conversation_key, sum(messages) as messages, sum(score_sum) as score_sum, max(last_message_at) as newest
    from fct_conversation_days where chatbot_id = 'support' and activity_date >= date_trunc('month', ?::date)
    group by conversation_key
)
"""
OPTIONAL = ("conversations_change", "sentiment_change", "status", "conversations_trend", "sentiment_trend")


def run() -> Iterator[Reading]:
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        file = publish_large(home / "published", today)
        floor = _floor(file, today)
        with served(home) as server:

            def reading(measured: str, questions: list[str], readers: int = 1) -> Reading:
                seconds = server.ask(questions, readers)
                return Reading(measured, seconds, server.memory, "one grouping by conversation", floor)

            yield reading("all users as CSV, from a server just started", [f"{_rows('users')}.csv"])
        with served(home) as server:
            for table in TABLES:
                yield reading(f"page of {table}, the first", [_page(table)])
                yield reading(f"page of {table}", [_page(table)] * AGAIN)
                yield reading(f"rows of {table} from the API", [_rows(table)] * AGAIN)
                yield reading(f"rows of {table}, each another", _others(table))
                optional = "&".join(f"columns={name}" for name in OPTIONAL)
                yield reading(f"page of {table} with every optional column", [f"{_page(table)}?{optional}"])
            pages = [_page(table) for table in TABLES] * READERS * 5
            yield reading(f"pages of both, {READERS} readers at once", pages, READERS)
            others = [question for table in TABLES for question in _others(table, "x")]
            yield reading(f"rows of both, each another, {READERS} readers at once", others, READERS)
            yield reading("all users as CSV", [f"{_rows('users')}.csv"])


def _page(table: str) -> str:
    return f"/platform/{CHATBOT}/{table}"


def _rows(table: str) -> str:
    return f"/api/v1/chatbots/{CHATBOT}/{table}"


def _others(table: str, word: str = "") -> list[str]:
    """Questions about the rows of a table in the same range, none of which was asked before with this word."""
    sorts = [f"{sign}{name}" for name in TABLES[table].own_columns for sign in ("", "-")]
    apart = f"&limit={21 + len(word)}"
    return [
        *(f"{_rows(table)}?sort={sort}{apart}" for sort in sorts),
        *(f"{_rows(table)}?offset={place * 20}{apart}" for place in range(1, 11)),
        *(f"{_rows(table)}?search={number}{word}{apart}" for number in range(990, 1000)),
    ]


def _floor(file: Path, today: object) -> float:
    with duckdb.connect(file.resolve(), read_only=True, config=dict(READER)) as connection:
        seconds = []
        for _ in range(10):
            start = time.perf_counter()
            connection.execute(_FLOOR, [today]).fetchall()
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)
