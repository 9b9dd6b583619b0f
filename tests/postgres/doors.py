"""The doors through which the same question can be asked, each as its own reader asks it; no tests here.

A question is what a query string holds. An answer is its rows in order, each a tuple of the chosen columns, with values
in one writing: numbers as decimals, instants as ISO texts in UTC.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from random import Random
from typing import Any
from urllib.parse import urlencode

from serving.pages import formats
from serving.snapshot import Chatbot
from serving.tables.columns import CUT, TABLES, Table
from serving.tables.ranges import Days, days_of, end_of, start_of, today_of
from tests.serving.published_fixture import NOW
from tests.serving.random_questions import questions

CHATBOT = "support"
Rows = list[tuple[Any, ...]]
# What SQL has no column for.
COMPARED = {"conversations_change_min", "sentiment_change", "status"}


@dataclass(frozen=True)
class Question:
    """Parameters of one of the two tables; `columns` and `sort` are among them."""

    table: Table
    asked: dict[str, Any]

    @property
    def columns(self) -> list[str]:
        """The columns wanted, in order."""
        return self.asked["columns"]

    @property
    def path(self) -> str:
        """The query string."""
        return urlencode(self.asked, doseq=True)

    def days(self, chatbot: Chatbot) -> Days:
        """The days of the range."""
        if preset := self.asked.get("range"):
            return days_of(preset, today_of(chatbot, NOW), chatbot.week_start)
        return Days(self.asked.get("first_day"), self.asked.get("last_day"))

    def written(self, rows: Rows) -> Rows:
        """Rows in the one writing."""
        kinds = [self.table.column(name).kind for name in self.columns]
        return [tuple(map(_written, kinds, row)) for row in rows]

    def shown(self, rows: Rows, chatbot: Chatbot) -> Rows:
        """Rows as texts of a page, which puts the name first."""
        name = self.table.name_column
        order = sorted(self.columns, key=lambda one: one != name)
        read = [dict(zip(self.columns, row, strict=True)) for row in rows]
        return [tuple(_shown(self.table, one, row[one], chatbot) for one in order) for row in read]


def random_questions(count: int) -> Iterator[Question]:
    """Random ranges, filters, orders and columns; always the same."""
    chance = Random(31)
    for (name, asked), _ in zip(questions(seed=30), range(count), strict=False):
        table = TABLES[name]
        kept = {parameter: given for parameter, given in asked.items() if parameter not in COMPARED}
        columns = chance.sample(table.own_columns, chance.randint(1, len(table.own_columns)))
        sort = chance.choice(["", "-"]) + chance.choice(table.own_columns)
        yield Question(table, {**kept, "columns": columns, "sort": sort, "limit": 1000})


class SqlDialect:
    """How an analyst writes a question in the SQL of an engine."""

    def call(self, table: str, days: Days, named: dict[str, Any]) -> str:
        """The table of a range."""
        raise NotImplementedError

    def text(self, sql: str) -> str:
        """A text as it is searched and sorted: without case and accents."""
        raise NotImplementedError

    def ask(self, question: Question, chatbot: Chatbot) -> str:
        """The statement of a question."""
        asked, table = question.asked, question.table
        named = {"attributes": asked.get("attributes", "range_end")}
        named["excluded"] = asked.get("excluded", "leave_out").replace("_", " ")
        if "organization_id" in asked:
            named["organization_ids"] = asked["organization_id"]
        column = table.column(asked["sort"].removeprefix("-"))
        direction = "desc" if asked["sort"].startswith("-") else "asc"
        keys = [self.text(column.name), column.name] if column.kind == "text" else [column.name]
        order = ", ".join([*(f"{key} {direction} nulls last" for key in keys), table.id_column])
        where = " and ".join(["true", *self._conditions(question, chatbot)])
        source = self.call(table.name, question.days(chatbot), named)
        return f"select {', '.join(question.columns)} from {source} where {where} order by {order}"

    def _conditions(self, question: Question, chatbot: Chatbot) -> Iterator[str]:
        for name, given in question.asked.items():
            values = given if isinstance(given, list) else [given]
            base, _, kind = name.rpartition("_")
            if name == "search":
                found = [
                    f"strpos({self.text(one)}, {self.text(literal(given))}) > 0" for one in question.table.searched
                ]
                yield f"coalesce({' or '.join(found)}, false)"
            elif name in ("plan", "industry", "plan_not"):
                compared = f"lower(trim(coalesce({name.removesuffix('_not')}, '')))"
                listed = ", ".join(literal(value.strip().lower()) for value in values)
                yield f"{compared} {'not in' if name.endswith('_not') else 'in'} ({listed})"
            elif name in ("band", "band_not"):
                listed = ", ".join(map(literal, values))
                yield f"{BAND} {'not in' if name.endswith('_not') else 'in'} ({listed})"
            elif name in ("mrr", "sentiment") and not {f"{name}_min", f"{name}_max"} & question.asked.keys():
                yield f"{name} is null"
            elif kind in ("min", "max"):
                beside = f" or {base} is null" if question.asked.get(base) == "" else ""
                yield f"({base} {'>=' if kind == 'min' else '<='} {values[0]}{beside})"
            elif kind in ("from", "to"):
                day = date.fromisoformat(values[0])
                limit = start_of(day, chatbot) if kind == "from" else end_of(day, chatbot)
                yield f"{base}_at {'>=' if kind == 'from' else '<'} '{limit}'"


class OfDuckDB(SqlDialect):
    """The snapshot's macros."""

    def call(self, table: str, days: Days, named: dict[str, Any]) -> str:
        given = [CHATBOT, *days, *(f"{name} := {literal(value)}" for name, value in named.items())]
        return f"{table}({', '.join([*map(literal, given[:3]), *given[3:]])})"

    def text(self, sql: str) -> str:
        return f"strip_accents(lower(nfc_normalize({sql})))"


class OfPostgres(SqlDialect):
    """PostgreSQL's functions; the session's zone is UTC."""

    def call(self, table: str, days: Days, named: dict[str, Any]) -> str:
        given = [f"{name} => {literal(value, 'array')}" for name, value in named.items()]
        return f"clientele.{table}({', '.join([*map(literal, [CHATBOT, *days]), *given])})"

    def text(self, sql: str) -> str:
        lower = f'normalize(lower({sql} collate "und-x-icu"), nfd)'
        return f"regexp_replace({lower}, '[\\u0300-\\u036f]', '', 'g') collate \"C\""


BAND = f"""(case when sentiment >= {CUT} then 'satisfied' when sentiment <= -{CUT} then 'dissatisfied'
    when sentiment is not null then 'neutral' else '' end)"""


def literal(value: Any, array: str = "") -> str:
    """A value in SQL."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"{array}[{', '.join(map(literal, value))}]"
    quoted = str(value).replace("'", "''")
    return f"date '{value}'" if isinstance(value, date) else f"'{quoted}'"


def rows_of_json(question: Question, text: str) -> Rows:
    """The rows of an answer of the API."""
    answer = json.loads(text, parse_float=Decimal)
    assert answer["total"] == len(answer["rows"])
    return question.written([tuple(row[name] for name in question.columns) for row in answer["rows"]])


def rows_of_csv(question: Question, text: str) -> Rows:
    """The rows of a file; of a text that a spreadsheet would run, without the apostrophe."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == question.columns
    return question.written([tuple(map(_bare, row or [""])) for row in rows])


class PageRows(HTMLParser):
    """The cells of a page's table, and how many rows it says that there are, with blanks as a browser shows them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._cells: list[list[str]] = []
        self.count = ""
        self._reads: str | None = None
        self._is_table = False
        self.feed(html)

    @property
    def rows(self) -> Rows:
        """The rows below the headings."""
        return [tuple(map(_one_line, row)) for row in self._cells[1:]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._is_table = self._is_table or given.get("id") == "rows"
        if given.get("id") == "row-count":
            self._reads = "count"
        elif self._is_table and tag == "tr":
            self._cells.append([])
        elif self._is_table and (tag == "td" or given.get("scope") == "row"):
            self._cells[-1].append("")
            self._reads = "cell"

    def handle_endtag(self, tag: str) -> None:
        self._is_table = self._is_table and tag != "table"
        if tag in ("td", "th") or (tag == "span" and self._reads == "count"):
            self._reads = None

    def handle_data(self, data: str) -> None:
        if self._reads == "count":
            self.count += data
        elif self._reads == "cell":
            self._cells[-1][-1] += data


def _written(kind: str, value: Any) -> Any:
    if value is None or kind == "text":
        return value
    if kind == "instant":
        return f"{value.replace(tzinfo=None).isoformat()}Z" if isinstance(value, datetime) else value
    return Decimal(repr(value) if isinstance(value, float) else value)


def _bare(cell: str) -> str | None:
    """A cell without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@" else cell or None


def _shown(table: Table, name: str, value: Any, chatbot: Chatbot) -> str:
    column = table.column(name)
    shown = formats.cell(column, value, chatbot)
    if column.kind == "sentiment":
        return f"{shown['label']} {shown['text']}" if shown else formats.MISSING
    return _one_line(shown)


def _one_line(text: str) -> str:
    return " ".join(text.split())
