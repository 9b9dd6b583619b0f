"""Writes a result as a file: CSV, Parquet and a workbook, each from the statement that the page and the API read.

Which rows and columns a file holds is the query's business.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from serving.snapshot import Snapshot
from serving.tables.columns import Column, Kind
from serving.tables.parameters import BadQuery
from serving.tables.statement import Statement

# A spreadsheet takes a text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_AT_ONCE = 2_000
PARQUET_ROWS = 100_000
COLUMN_WIDTH = 20
# What a sheet can hold: more is left out of it without a word.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
# Makes Excel take a CSV file for UTF-8.
BYTE_ORDER_MARK = "\ufeff".encode()
CELL_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "money": "#,##0.00",
    "sentiment": "+0.00;-0.00;0.00",
    "share": "0%",
    "count_change": "+#,##0;-#,##0;0",
    "sentiment_change": "+0.00;-0.00;0.00",
    "instant": "yyyy-mm-dd hh:mm:ss",
}


def instant_text(value: datetime) -> str:
    """Return an instant, stored as naive UTC, in ISO 8601; a fraction of a second only if it has one."""
    return value.replace(tzinfo=None).isoformat() + "Z"


def decimal_text(value: Decimal) -> str:
    """Return a decimal with all its digits and no zeros behind them."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_formula(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe stands before what looks like a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_cell(value: Any) -> str:
    """Return one cell of RFC 4180: null is nothing, an empty text is a pair of quotes, numbers stay numbers."""
    match value:
        case None:
            return ""
        case str():
            text = without_formula(value)
            quoted = not text or any(mark in text for mark in ',"\r\n') or text != text.strip()
            return '"' + text.replace('"', '""') + '"' if quoted else text
        case datetime():
            return instant_text(value)
        case Decimal():
            return decimal_text(value)
        case bool():
            return "true" if value else "false"
    return str(value)


def write_csv(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a CSV file in UTF-8, some rows at a time."""
    return _csv_parts(statement.run(snapshot), columns)


def write_marked_csv(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a CSV file in UTF-8 that says so by a byte order mark."""
    return chain([BYTE_ORDER_MARK], write_csv(snapshot, statement, columns))


def _csv_parts(result: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> Iterator[bytes]:
    yield (",".join(csv_cell(column.name) for column in columns) + "\r\n").encode()
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield "".join(",".join(map(csv_cell, row)) + "\r\n" for row in rows).encode()


def write_parquet(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a Parquet file whose instants say that they are UTC.

    Read in batches as they come: as one table the engine would hand over the parts of it in any order.
    """
    result = statement.run(snapshot).to_arrow_reader(PARQUET_ROWS)
    kinds = zip(result.schema, columns, strict=True)
    utc = pa.timestamp("us", tz="UTC")
    schema = pa.schema(
        [pa.field(column.name, utc if column.kind == "instant" else field.type) for field, column in kinds]
    )
    file = io.BytesIO()
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in result:
            writer.write_table(pa.Table.from_batches([batch]).rename_columns(schema.names).cast(schema))
    return [file.getvalue()]


def write_xlsx(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a workbook of one sheet for people: headings as on the pages, which filter and stay in sight.

    Texts are texts, numbers are numbers, instants are dates and times in UTC. BadQuery where a text is longer
    than a cell.
    """
    result = statement.run(snapshot)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Export")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, COLUMN_WIDTH)
        heading = book.add_format({"bold": True})
        formats = [book.add_format({"num_format": CELL_FORMATS.get(column.kind, "General")}) for column in columns]
        for place, column in enumerate(columns):
            sheet.write_string(0, place, f"{column.label} (UTC)" if column.kind == "instant" else column.label, heading)
        number = 0
        rows = chain.from_iterable(iter(lambda: result.fetchmany(ROWS_AT_ONCE), []))
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                _write_cell(sheet, number, place, value, formats[place])
        sheet.autofilter(0, 0, number, len(columns) - 1)
    return [file.getvalue()]


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any, shown: xlsxwriter.format.Format) -> None:
    """Write a cell by its type: a text is never taken for a formula, a number or a link."""
    match value:
        case None:
            return
        case str():
            if len(value.encode("utf-16-le")) // 2 > CELL_CHARACTERS:
                message = f"A cell of a workbook holds {CELL_CHARACTERS:,} characters, row {row:,} has more: take CSV"
                raise BadQuery([{"loc": ["query"], "msg": message, "type": "too_large"}])
            sheet.write_string(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, value, shown)
        case bool():
            sheet.write_boolean(row, column, value)
        case _:
            sheet.write_number(row, column, value, shown)


@dataclass(frozen=True)
class Format:
    """A kind of file that a result can be taken away in."""

    suffix: str
    media_type: str
    label: str
    write: Callable[[Snapshot, Statement, Sequence[Column]], Iterable[bytes]]
    # The same with a byte order mark, where one can be asked for.
    write_marked: Callable[[Snapshot, Statement, Sequence[Column]], Iterable[bytes]] | None = None
    # How many rows its kind can hold, where there is an end to it.
    most_rows: int | None = None


FORMATS = (
    Format("csv", "text/csv; charset=utf-8; header=present", "CSV", write_csv, write_marked_csv),
    Format("parquet", "application/vnd.apache.parquet", "Parquet", write_parquet),
    Format(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel",
        write_xlsx,
        most_rows=SHEET_ROWS - 1,
    ),
)


def file_name(table: str, chatbot_id: str, built_at: datetime, suffix: str) -> str:
    """Return a name for the file that is safe in a header and on a disk."""
    safe = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "-_") else "-" for mark in chatbot_id)
    return f"{safe}-{table}-{built_at.astimezone(UTC):%Y-%m-%d}.{suffix}"
