"""The doors through which the same question can be asked, and how each writes its answer; no tests here.

A question is what a query string holds. An answer is its rows in order, each a tuple of the chosen columns, with values
in one writing: numbers as decimals, instants as ISO texts in UTC. How SQL asks is in `sql_doors`.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html.parser import HTMLParser
from random import Random
from typing import Any
from urllib.parse import urlencode

from serving.pages import formats
from serving.snapshot import Chatbot
from serving.tables.columns import DORMANT, TABLES, Table
from serving.tables.custom import PREFIX, with_fields
from serving.tables.periods import previous_period
from serving.tables.ranges import Days, days_of, today_of
from tests.serving.published_fixture import NOW
from tests.serving.random_questions import questions

CHATBOT = "support"
Rows = list[tuple[Any, ...]]
# What is asked more than `random_questions` ask: of the own fields of `crowd`, and of the period before.
FURTHER: dict[str, list[Any]] = {
    f"{PREFIX}tier": ["", "gold", ["GOLD", ""]],
    f"{PREFIX}tier_not": ["", "silver", ["gold", ""]],
    f"{PREFIX}seats": [""],
    f"{PREFIX}seats_min": ["2"],
    f"{PREFIX}seats_max": ["2.5"],
    f"{PREFIX}beta": ["true", "", ["false", ""]],
    f"{PREFIX}size": ["large", "7", ["true", ""]],
    f"{PREFIX}size_not": ["7", ""],
    "status": ["new", "returning", "reactivated", ["dormant", "new"], ["dormant"], [""]],
    "conversations_change_min": ["0", "-1"],
    "conversations_change_max": ["2"],
    "sentiment_change_max": ["0.5"],
}
# In place of other filters: of too many, nothing is left.
UNFILTERED = {"range", "first_day", "last_day", "attributes", "excluded", "organization_id"}


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

    def days_before(self, chatbot: Chatbot) -> Days | None:
        """The days of the period before; None where there is none."""
        assert chatbot.data_through is not None
        covered = today_of(chatbot, chatbot.data_through)
        return previous_period(self.asked.get("range"), self.days(chatbot), covered)

    def is_about(self, text: str) -> bool:
        """Whether it filters or sorts by a column with the text in its name."""
        return any(text in name for name in (*self.asked, self.asked["sort"]))

    @property
    def lists_dormant(self) -> bool:
        """Whether rows without activity in the range are asked for."""
        return DORMANT in self.asked.get("status", [])

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


def random_questions(count: int, chatbot: Chatbot) -> Iterator[Question]:
    """Random ranges, filters, orders and columns; always the same."""
    chance = Random(31)
    tables = {name: with_fields(table, chatbot.custom_fields) for name, table in TABLES.items()}
    for (name, asked), _ in zip(questions(seed=30), range(count), strict=False):
        table = tables[name]
        if chance.random() < 0.6:
            asked = {one: given for one, given in asked.items() if one in UNFILTERED}
            asked |= {
                one: chance.choice(FURTHER[one]) for one in chance.sample(list(FURTHER), chance.choice([0, 1, 2]))
            }
        columns = chance.sample(table.column_names, chance.randint(1, len(table.column_names)))
        sort = chance.choice(["", "-"]) + chance.choice(table.column_names)
        yield Question(table, {**asked, "columns": columns, "sort": sort, "limit": 1000})


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
    if kind == "boolean":
        return value in (True, "true")
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
