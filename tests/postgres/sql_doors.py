"""A question as an analyst writes it in SQL, for the snapshot and for PostgreSQL; no tests here.

The two engines differ in how a function is called, and in how texts are searched and doubles rounded.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from serving.snapshot import Chatbot
from serving.tables.columns import CUT, Column, Table
from serving.tables.ranges import Days, end_of, start_of
from tests.postgres.doors import CHATBOT, Question

BAND = f"""case when own.sentiment >= {CUT} then 'satisfied' when own.sentiment <= -{CUT} then 'dissatisfied'
    when own.sentiment is not null then 'neutral' end"""
NOTHING = {
    "count": "cast(0 as bigint)",
    "sentiment": "cast(null as double precision)",
    "share": "cast(null as double precision)",
    "instant": "cast(null as {instant})",
}


class SqlDialect:
    """How an analyst writes a question in the SQL of an engine."""

    instant: str

    def call(self, name: str, given: list[Any], named: dict[str, Any]) -> str:
        """A function with its arguments."""
        raise NotImplementedError

    def text(self, sql: str) -> str:
        """A text as it is searched and sorted: without case and accents."""
        raise NotImplementedError

    def rounded(self, sql: str) -> str:
        """A double at nine places."""
        raise NotImplementedError

    def ask(self, question: Question, chatbot: Chatbot) -> str:
        """The statement of a question."""
        table, sort = question.table, question.asked["sort"]
        column, name = table.column(sort.removeprefix("-")), quoted(sort.removeprefix("-"))
        direction = "desc" if sort.startswith("-") else "asc"
        keys = [self.text(name), name] if column.kind == "text" else [name]
        order = ", ".join([*(f"{key} {direction} nulls last" for key in keys), table.id_column])
        where = " and ".join(["true", *self._conditions(question, chatbot)])
        wanted = ", ".join(map(quoted, question.columns))
        return f"select {wanted} from ({self._rows(question, chatbot)}) as every where {where} order by {order}"

    def _rows(self, question: Question, chatbot: Chatbot) -> str:
        """Every row of the range, beside those of the period before, with all columns of the table."""
        asked, table, days = question.asked, question.table, question.days(chatbot)
        named = {"attributes": asked.get("attributes", "range_end"), "excluded": _excluded(asked)}
        if "organization_id" in asked:
            named["organization_ids"] = asked["organization_id"]
        rows = self.call(table.name, [CHATBOT, *days], named)
        before = question.days_before(chatbot)
        earlier = self.call(table.name, [CHATBOT, *(before or days)], named)
        if question.lists_dormant:
            rows = self._with_dormant(table, rows, self.call(table.name, [CHATBOT, None, days.last], named))
        began = "true" if days.first is None else f"own.first_seen_at >= '{start_of(days.first, chatbot)}'"
        fields = [column for column in table.columns if column.field is not None]
        joins = "".join(self._field(column, table, days, named) for column in fields)
        return f"""
            select
                own.*, {"".join(f"{quoted(f'of {one.name}')}.value as {quoted(one.name)}, " for one in fields)}
                {BAND} as band,
                own.conversations - earlier.conversations as conversations_change,
                {self.rounded("own.sentiment - earlier.sentiment")} as sentiment_change,
                case
                    when own.conversations = 0 then 'dormant'
                    when {began} then 'new'
                    when earlier.conversations is not null then 'returning'
                    {"else 'reactivated'" if before else ""}
                end as status
            from {rows} as own
            left join (select * from {earlier} as every where {"true" if before else "false"}) as earlier
                on earlier.{table.id_column} = own.{table.id_column}
            {joins}
        """

    def _with_dormant(self, table: Table, rows: str, known: str) -> str:
        """The rows of a range, and those who were there before it, with nothing in it."""
        own = [table.column(name) for name in table.own_columns]
        nothing = [
            one.name if one.kind not in NOTHING or one.name == "first_seen_at" else NOTHING[one.kind] for one in own
        ]
        return f"""(
            select {", ".join(table.own_columns)} from {rows} as active
            union all
            select {", ".join(nothing).format(instant=self.instant)} from {known} as known
            where known.{table.id_column} not in (select {table.id_column} from {rows} as active)
        )"""

    def _field(self, column: Column, table: Table, days: Days, named: dict[str, Any]) -> str:
        """A join with the values of one of the chatbot's own fields."""
        asked = {name: value for name, value in named.items() if name != "organization_ids"}
        values = self.call("custom_values", [CHATBOT, table.singular, days.last], asked)
        number = "rtrim(rtrim(cast(number_value as varchar), '0'), '.')"
        value = {"number": "number_value", "boolean": "boolean_value"}.get(
            column.kind, f"coalesce(text_value, {number}, cast(boolean_value as varchar))"
        )
        return f"""
            left join (
                select entity_id, {value} as value from {values} as every where field = {literal(column.field)}
            ) as {quoted(f"of {column.name}")} on {quoted(f"of {column.name}")}.entity_id = own.{table.id_column}
        """

    def _conditions(self, question: Question, chatbot: Chatbot) -> Iterator[str]:
        columns = {column.name: column for column in question.table.columns}
        for name, given in question.asked.items():
            values = given if isinstance(given, list) else [given]
            base, _, kind = name.rpartition("_")
            column = columns.get(name.removesuffix("_not"))
            if name == "search":
                found = [
                    f"strpos({self.text(one)}, {self.text(literal(given))}) > 0" for one in question.table.searched
                ]
                yield f"coalesce({' or '.join(found)}, false)"
            elif column is not None and column.name != "organization_id" and column.filtered_by("values"):
                compared = f"lower(trim(coalesce(cast({quoted(column.name)} as varchar), '')))"
                listed = ", ".join(literal(value.strip().lower()) for value in values)
                yield f"{compared} {'not in' if name.endswith('_not') else 'in'} ({listed})"
            elif column is not None and values == [""] and not {f"{name}_min", f"{name}_max"} & question.asked.keys():
                yield f"{quoted(name)} is null"
            elif kind in ("min", "max"):
                beside = f" or {quoted(base)} is null" if question.asked.get(base) == "" else ""
                yield f"({quoted(base)} {'>=' if kind == 'min' else '<='} {values[0]}{beside})"
            elif kind in ("from", "to"):
                day = date.fromisoformat(values[0])
                limit = start_of(day, chatbot) if kind == "from" else end_of(day, chatbot)
                yield f"{base}_at {'>=' if kind == 'from' else '<'} '{limit}'"


class OfDuckDB(SqlDialect):
    """The snapshot's macros."""

    instant = "timestamp"

    def call(self, name: str, given: list[Any], named: dict[str, Any]) -> str:
        options = (f"{option} := {literal(value)}" for option, value in named.items())
        return f"{name}({', '.join([*map(literal, given), *options])})"

    def text(self, sql: str) -> str:
        return f"strip_accents(lower(nfc_normalize({sql})))"

    def rounded(self, sql: str) -> str:
        return f"round({sql}, 9)"


class OfPostgres(SqlDialect):
    """PostgreSQL's functions; the session's zone is UTC."""

    instant = "timestamptz"

    def call(self, name: str, given: list[Any], named: dict[str, Any]) -> str:
        options = (f"{option} => {literal(value, 'array')}" for option, value in named.items())
        return f"clientele.{name}({', '.join([*map(literal, given), *options])})"

    def text(self, sql: str) -> str:
        lower = f'normalize(lower({sql} collate "und-x-icu"), nfd)'
        return f"regexp_replace({lower}, '[\\u0300-\\u036f]', '', 'g') collate \"C\""

    def rounded(self, sql: str) -> str:
        return f"cast(round(cast(cast({sql} as text) as numeric), 9) as double precision)"


def _excluded(asked: dict[str, Any]) -> str:
    return str(asked.get("excluded", "leave_out")).replace("_", " ")


def quoted(name: str) -> str:
    """A name in SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(value: Any, array: str = "") -> str:
    """A value in SQL."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"{array}[{', '.join(map(literal, value))}]"
    text = str(value).replace("'", "''")
    return f"date '{value}'" if isinstance(value, date) else f"'{text}'"
