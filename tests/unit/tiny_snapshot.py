"""A published snapshot of a few rows, made by hand with the project's own table macros. No tests here."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.extract.records.keys import key_of
from orchestration.identity.mapping import Merge
from orchestration.identity.suggestions import Suggestion, suggestions
from orchestration.publish.snapshot import MACROS

SUPPORT = "support"
TABLES = """
create table fct_conversation_days (
    chatbot_id varchar, activity_date date, conversation_id varchar, messages integer, scored_messages integer,
    score_sum decimal(18, 12), last_message_at timestamp, conversation_started_at timestamp, conversation_key bigint,
    user_key bigint, organization_key bigint, organization_id varchar, user_messages integer as (messages),
    first_message_at timestamp as (last_message_at), device varchar as (null), country varchar as (null)
);
create table dim_users (
    chatbot_id varchar, user_id varchar, user_name varchar, email varchar, plan varchar, industry varchar,
    mrr decimal(18, 4), shown_from_date date, shown_to_date date, first_seen_at timestamp, user_key bigint
);
create table dim_organizations (
    chatbot_id varchar, organization_id varchar, organization_name varchar, plan varchar, industry varchar,
    mrr decimal(18, 4), shown_from_date date, shown_to_date date, first_seen_at timestamp, organization_key bigint
);
create table excluded_conversation_days as from fct_conversation_days;
create table excluded_users as from dim_users;
create table excluded_organizations as from dim_organizations;
create table chatbots as select unnest(['support', 'sales']) as chatbot_id;
"""


class Published:
    """A data home with a snapshot that holds what a test puts into it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = home / "published" / "current.duckdb"
        self._unwritten: list[tuple[str, tuple[Any, ...]]] = []
        self.database.parent.mkdir()
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(TABLES + MACROS.read_text(encoding="utf-8"))

    def user(self, user_id: str, *emails: str | None, chatbot: str = SUPPORT) -> None:
        """A user with a version for each e-mail."""
        self._versions("dim_users", "user", "email", chatbot, user_id, emails)

    def organization(self, organization_id: str, *names: str | None, chatbot: str = SUPPORT) -> None:
        """An organization with a version for each name."""
        self._versions("dim_organizations", "organization", "organization_name", chatbot, organization_id, names)

    def conversation(
        self,
        conversation_id: str,
        user_id: str | None,
        organization_id: str | None,
        *days: int,
        scores: tuple[str, ...] = (),
        chatbot: str = SUPPORT,
    ) -> None:
        """A conversation with a message at noon of each of these days of November, all scores on the first."""
        keys = [
            text and key_of(chatbot, kind, text)
            for kind, text in (("user", user_id), ("organization", organization_id))
        ]
        for day in days:
            scored = scores if day == days[0] else ()
            noon, started = datetime(2026, 11, day, 12), datetime(2026, 11, days[0], 12)
            total = sum(map(Decimal, scored), Decimal(0))
            key = key_of(chatbot, "conversation", conversation_id)
            measures = (len(scored) + 1, len(scored), total, noon, started)
            row = (chatbot, noon.date(), conversation_id, *measures, key, *keys, organization_id)
            self._insert("fct_conversation_days", row)

    def suggestions(self, *mapping: Merge, chatbot: str | None = None) -> list[Suggestion]:
        self.write()
        return suggestions(self.database, list(mapping), chatbot)

    def pairs(self, *mapping: Merge) -> list[tuple[str, str]]:
        return [(one.from_id, one.to_id) for one in self.suggestions(*mapping)]

    def shown(self, table: str) -> list[str]:
        """The ids of a published table, for all time."""
        self.write()
        with duckdb.connect(str(self.database), read_only=True) as connection:
            rows = connection.execute(
                f"select {table[:-1]}_id from {table}('support', null, null) order by 1"
            ).fetchall()
        return [one for (one,) in rows]

    def _versions(
        self, table: str, kind: str, column: str, chatbot: str, text: str, values: tuple[str | None, ...]
    ) -> None:
        for number, value in enumerate(values):
            first, last = (datetime(2026, 1, one + 1).date() for one in (number, number + 1))
            shown = (first if number else None, last if number + 1 < len(values) else None)
            columns = f"chatbot_id, {kind}_id, {column}, shown_from_date, shown_to_date, {kind}_key"
            self._insert(f"{table} ({columns})", (chatbot, text, value, *shown, key_of(chatbot, kind, text)))

    def _insert(self, table: str, row: tuple[Any, ...]) -> None:
        self._unwritten.append((table, row))

    def write(self) -> None:
        """Put into the file what was added since the last time: opening it for each row takes long."""
        if self._unwritten:
            with duckdb.connect(str(self.database)) as connection:
                for table, row in self._unwritten:
                    connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
            self._unwritten = []
