"""Writes a result as a file: CSV, Parquet and a workbook, each from the statement that the page and the API read.

Which rows and columns a file holds is the query's business.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from serving.columns import Column
from serving.results import Statement
from serving.snapshot import Snapshot

# A spreadsheet takes a text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_AT_ONCE = 2_000


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


def _csv_parts(result: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> Iterator[bytes]:
    yield (",".join(csv_cell(column.name) for column in columns) + "\r\n").encode()
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield "".join(",".join(map(csv_cell, row)) + "\r\n" for row in rows).encode()


def write_parquet(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a Parquet file whose instants say that they are UTC."""
    table: pa.Table = snapshot.cursor().sql(statement.sql, params=statement.parameters).to_arrow_table()
    table = table.rename_columns([column.name for column in columns])
    for index, column in enumerate(columns):
        if column.kind == "instant":
            instants = table.column(index).cast(pa.timestamp("us", tz="UTC"))
            table = table.set_column(index, column.name, instants)
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return [file.getvalue()]


def write_xlsx(snapshot: Snapshot, statement: Statement, columns: Sequence[Column]) -> Iterable[bytes]:
    """Return a workbook of one sheet: texts as texts, numbers as numbers, instants as dates and times in UTC."""
    result = statement.run(snapshot)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in WORKBOOK.items():
            book.writestr(name, text)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(SHEET_START.encode())
            sheet.write(_sheet_row([_text_cell(column.name, style=1) for column in columns]))
            while rows := result.fetchmany(ROWS_AT_ONCE):
                for row in rows:
                    sheet.write(_sheet_row(map(_sheet_cell, row)))
            sheet.write(b"</sheetData></worksheet>")
    return [file.getvalue()]


def _sheet_row(cells: Iterable[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>".encode()


def _sheet_cell(value: Any) -> str:
    match value:
        case None:
            return "<c/>"
        case str():
            return _text_cell(value)
        case datetime():
            days = (value - SPREADSHEET_EPOCH).total_seconds() / 86_400
            return f'<c s="2"><v>{days!r}</v></c>'
        case Decimal():
            return f"<c><v>{decimal_text(value)}</v></c>"
        case bool():
            return f'<c t="b"><v>{int(value)}</v></c>'
    return f"<c><v>{value!r}</v></c>"


def _text_cell(text: str, style: int = 0) -> str:
    printable = "".join(mark for mark in text if mark >= " " or mark in "\t\n\r")
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(printable)}</t></is></c>'


SPREADSHEET_EPOCH = datetime(1899, 12, 30)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_SHEETS = quoteattr(f"{_FORMATS}/spreadsheetml/2006/main")
_RELATIONS = f"{_FORMATS}/officeDocument/2006/relationships"
_PARTS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET_START = (
    f'{_XML}<worksheet xmlns={_SHEETS}><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="30" width="20" customWidth="1"/></cols><sheetData>'
)
WORKBOOK = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_FORMATS}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_PARTS}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_PARTS}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_PARTS}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_FORMATS}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns={_SHEETS} xmlns:r="{_RELATIONS}">'
        '<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_FORMATS}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f"{_XML}<styleSheet xmlns={_SHEETS}>"
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    ),
}


@dataclass(frozen=True)
class Format:
    """A kind of file that a result can be taken away in."""

    suffix: str
    media_type: str
    label: str
    write: Callable[[Snapshot, Statement, Sequence[Column]], Iterable[bytes]]


FORMATS = (
    Format("csv", "text/csv; charset=utf-8; header=present", "CSV", write_csv),
    Format("parquet", "application/vnd.apache.parquet", "Parquet", write_parquet),
    Format("xlsx", f"{_PARTS}.sheet", "Excel", write_xlsx),
)


def file_name(table: str, chatbot_id: str, built_at: datetime, suffix: str) -> str:
    """Return a name for the file that is safe in a header and on a disk."""
    safe = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "-_") else "-" for mark in chatbot_id)
    return f"{safe}-{table}-{built_at.astimezone(UTC):%Y-%m-%d}.{suffix}"
