"""What the pages must show, from SQL on the snapshot alone, and nothing of `serving/`.

A table's rows stand in a temporary table with the columns as they are written, beside the values they are ordered by.
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmarks.large_snapshot import CHATBOT

TODAY = date(2026, 11, 28)
MONTH, MONTH_BEFORE = (date(2026, 11, 1), TODAY), (date(2026, 10, 1), date(2026, 10, 28))
ALL_TIME = (None, None)


def _count(name: str) -> str:
    return f"format('{{:,}}', {name})"


def _instant(name: str) -> str:
    return f"strftime({name}, '%b %-d, %Y, %-I:%M %p')"


def _sentiment(name: str) -> str:
    return f"""case when {name} <= -0.6 then 'Very Negative' when {name} < -0.2 then 'Negative'
        when {name} <= 0.2 then 'Neutral' when {name} < 0.6 then 'Positive' else 'Very Positive' end
        || ' ' || {signed(name)}"""


def signed(name: str) -> str:
    """Return SQL for a sentiment's two places with a sign, which zero has not."""
    return f"replace(replace(printf('%+.2f', {name}), '+0.00', '0.00'), '-0.00', '0.00')"


def _share(name: str) -> str:
    return f"printf('%.0f%%', 100 * {name})"


FIGURES = {
    "conversations": _count("conversations"),
    "sentiment": f"case when sentiment is not null then {_sentiment('sentiment')} end",
    "last_activity_at": _instant("last_activity_at"),
    "first_seen_at": _instant("first_seen_at"),
    "messages": _count("messages"),
    "scored_conversations": _count("scored_conversations"),
    "unscored_conversations": _count("unscored_conversations"),
    "message_sentiment": f"case when message_sentiment is not null then {_sentiment('message_sentiment')} end",
    "satisfied_share": _share("satisfied_share"),
    "neutral_share": _share("neutral_share"),
    "dissatisfied_share": _share("dissatisfied_share"),
    "written_conversations": _count("written_conversations"),
    "band": "band",
    "conversations_change": "case when conversations_change = 0 then '0' else "
    "case when conversations_change > 0 then '+' else '' end || format('{:,}', conversations_change) end",
    "sentiment_change": signed("sentiment_change"),
    "status": "status",
}
MONEY = "case when mrr < 0 then '-' else '' end || '$' || format('{:,}', abs(cast(mrr as bigint)))"
# Every column that a page can show and that is written, in words of SQL.
WRITTEN = {
    "organizations": {
        "organization_name": "organization_name",
        "plan": "plan",
        "industry": "industry",
        "mrr": MONEY,
        "users": _count("users"),
        **FIGURES,
        "organization_id": "organization_id",
        "custom.seats": "format('{:,}', cast(seats as bigint))",
        "custom.tier": "tier",
    },
    "users": {
        "user_name": "user_name",
        "email": "email",
        "organization_name": "organization_name",
        "plan": "plan",
        "mrr": MONEY,
        **FIGURES,
        "user_id": "user_id",
        "organization_id": "organization_id",
        "industry": "industry",
        "organization_count": _count("organization_count"),
        "custom.browser": "browser",
    },
}
DRAWN = ("conversations_trend", "sentiment_trend")
TEXTS = ("organization_name", "user_name", "email", "plan", "industry", "band", "status", "tier", "browser")
IDS = {"organizations": "organization_id", "users": "user_id"}
NAMES = {"organizations": "organization_name", "users": "user_name"}
OWN = {"organizations": ("tier", "seats"), "users": ("browser",)}
ROWS = """
    create temp table {name} as
    select
        now.*,
        case when now.sentiment >= 0.2000000005 then 'satisfied' when now.sentiment <= -0.2000000005 then 'dissatisfied'
             when now.sentiment is not null then 'neutral' end as band,
        {change} as conversations_change,
        round(now.sentiment - before.sentiment, 9) as sentiment_change,
        {status} as status,
        {own}
    from {table}(?, ?, ?, attributes := ?, excluded := ?) as now
    left join {table}(?, ?, ?, excluded := ?) as before on before.{id} = now.{id}
    {joins}
"""


class Oracle:
    """SQL on the current snapshot of a published directory."""

    def __init__(self, published: Path) -> None:
        # By a name of its own, since the server in this process has the file open with its own settings.
        file = published / "oracle.duckdb"
        os.link((published / "current.duckdb").resolve(), file)
        self._connection = duckdb.connect(file, read_only=True, config={"memory_limit": "2GB"})
        self._tables: dict[Any, str] = {}

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        return self._connection.execute(statement, parameters).fetchall()

    def rows(
        self,
        table: str,
        days: tuple[date | None, date | None] = MONTH,
        before: tuple[date | None, date | None] | None = MONTH_BEFORE,
        attributes: str = "range_end",
        excluded: str = "leave out",
    ) -> str:
        """Return the name of the table with all rows of a range, beside those of the period before it."""
        key = (table, days, before, attributes, excluded)
        if key not in self._tables:
            self._tables[key] = name = f"{table}_{len(self._tables)}"
            began = f"date '{days[0]}'" if days[0] else "null"
            status = f"""case when {began} is null or now.first_seen_at >= {began} then 'new'
                when before.{IDS[table]} is not null then 'returning'
                when {before is not None} then 'reactivated' end"""
            kind = table.removesuffix("s")
            own = ", ".join(f"{one}.{'number' if one == 'seats' else 'text'}_value as {one}" for one in OWN[table])
            until = f"date '{days[1]}'" if days[1] else "null"
            joins = " ".join(
                f"left join custom_values('{CHATBOT}', '{kind}', {until}) as {one}"
                f" on {one}.field = '{one}' and {one}.entity_id = now.{IDS[table]}"
                for one in OWN[table]
            )
            sql = ROWS.format(
                name=name,
                table=table,
                id=IDS[table],
                change="now.conversations - before.conversations",
                status=status,
                own=own,
                joins=joins,
            )
            self.sql(sql, CHATBOT, *days, attributes, excluded, CHATBOT, *(before or (TODAY, date(1, 1, 1))), excluded)
        return self._tables[key]

    def total(self, rows: str, where: str = "true") -> int:
        """Return how many rows a condition keeps."""
        return int(self.sql(f"select count(*) from {rows} where {where}")[0][0])

    def written(
        self,
        table: str,
        rows: str,
        columns: list[str],
        sort: str = "-last_activity_at",
        where: str = "true",
        limit: int = 20,
        offset: int = 0,
    ) -> list[list[str]]:
        """Return the rows of a page as it writes them: nulls last, ties by id."""
        texts = [f"coalesce({WRITTEN[table][name]}, '—')" for name in columns]
        by = sort.removeprefix("-").removeprefix("custom.")
        direction = "desc" if sort.startswith("-") else "asc"
        keys = [f"lower({by})", by] if by in TEXTS else [by]
        order = ", ".join(f"{key} {direction} nulls last" for key in keys)
        found = self.sql(
            f"select {', '.join(texts)} from {rows} where {where}"
            f" order by {order}, {IDS[table]} limit {limit} offset {offset}"
        )
        return [list(row) for row in found]
