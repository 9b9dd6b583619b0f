"""Files hold what the API says, and survive the programs that read them."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest

from serving.exports import csv_cell, file_name
from tests.serving.published_fixture import NOW

ALL = "/api/v1/chatbots/support/{table}.{suffix}?range=all_time"


@pytest.fixture(scope="module", params=["organizations", "users"])
def table(request):
    return request.param


def fetch(client, table, suffix, more=""):
    answer = client.get(ALL.format(table=table, suffix=suffix) + more)
    assert answer.status_code == 200
    return answer


def test_a_file_names_itself(client):
    answer = fetch(client, "users", "csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="support-users-2026-11-22.csv"'
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")


def test_a_file_name_holds_no_mark_of_a_header_or_a_path(client):
    assert file_name("users", '../"é;\r\n', NOW, "csv") == "---------users-2026-11-22.csv"


def test_trap_54_csv_read_by_the_csv_module_gives_back_every_row(client, get, table):
    rows = list(csv.DictReader(io.StringIO(fetch(client, table, "csv").text, newline="")))
    expected = get(table, limit=1000)["rows"]
    assert len(rows) == len(expected)
    for row, original in zip(rows, expected, strict=True):
        for name, value in original.items():
            text = "" if value is None else str(value)
            if name == "mrr" and value is not None:
                assert Decimal(row[name]) == Decimal(text)
            elif isinstance(value, str) and value[0] in "=+-@\t\r\n":
                assert row[name] == "'" + text
            else:
                assert row[name] == text


def test_trap_54_csv_read_by_pandas_keeps_leading_zeros_numbers_and_nulls(client, get):
    text = fetch(client, "organizations", "csv").text
    frame = pd.read_csv(io.StringIO(text), dtype={"organization_id": str}).set_index("organization_id")
    assert frame.loc["00123", "organization_name"] == "100% Co"
    assert frame.loc["00123", "sentiment"] == pytest.approx(-0.2004)
    assert frame["sentiment"].dtype == float
    assert frame["mrr"].dtype == float
    assert pd.isna(frame.loc["noname", "mrr"])
    assert frame.loc["axb", "mrr"] == 0
    assert frame.loc["cafe", "organization_name"] == "Cafe\u0301 Zürich"
    assert frame.loc["quotes", "organization_name"] == 'Say "hi", twice\nand on'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_trap_54_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start):
    assert csv_cell(f"{start}1+1").strip('"') == f"'{start}1+1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", '""'),
        (-0.5, "-0.5"),
        (-3, "-3"),
        (Decimal("-20.0000"), "-20"),
        (Decimal("5000.0000"), "5000"),
        (Decimal("0.0010"), "0.001"),
        ('a"b', '"a""b"'),
        ("a,b", '"a,b"'),
        (" a", '" a"'),
        ("null", "null"),
    ],
)
def test_trap_54_numbers_stay_numbers_and_null_differs_from_an_empty_text(value, cell):
    assert csv_cell(value) == cell


def test_csv_lines_end_as_rfc_4180_says_and_there_is_no_mark_before_the_header(client):
    content = fetch(client, "users", "csv").content
    assert content.startswith(b"user_id,")
    assert content.endswith(b"\r\n")


def test_every_file_has_the_chosen_columns_and_order_of_the_whole_result(client, get):
    more = "&columns=organization_name&columns=mrr&sort=-mrr&plan=pro"
    asked = {"columns": ["organization_name", "mrr"], "sort": "-mrr", "plan": "pro"}
    expected = [(row["organization_name"], row["mrr"]) for row in get("organizations", limit=1000, **asked)["rows"]]
    text = fetch(client, "organizations", "csv", more).text
    parquet = pq.read_table(io.BytesIO(fetch(client, "organizations", "parquet", more).content))
    assert [(name, float(mrr) if mrr else None) for name, mrr in list(csv.reader(io.StringIO(text)))[1:]] == expected
    assert parquet.column_names == ["organization_name", "mrr"]
    assert [(row["organization_name"], row["mrr"]) for row in parquet.to_pylist()] == expected


def test_trap_35_parquet_keeps_ids_as_texts(client):
    ids = pq.read_table(io.BytesIO(fetch(client, "organizations", "parquet").content))["organization_id"]
    assert str(ids.type) == "string"
    assert {"00123", "1000"} < set(ids.to_pylist())


def test_parquet_keeps_decimals_and_says_that_instants_are_utc(client, table):
    schema = pq.read_table(io.BytesIO(fetch(client, table, "parquet").content)).schema
    assert str(schema.field("mrr").type) == "decimal128(18, 4)"
    assert str(schema.field("last_activity_at").type) == "timestamp[us, tz=UTC]"
    assert str(schema.field("conversations").type) == "int64"


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers(client, get):
    book = zipfile.ZipFile(io.BytesIO(fetch(client, "organizations", "xlsx", "&sort=organization_id").content))
    names = book.namelist()
    assert {"[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"} <= set(names)
    for name in names:
        ElementTree.fromstring(book.read(name))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = re.match(r"\{.*\}", sheet.tag).group()
    rows = [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{space}row")]
    expected = get("organizations", sort="organization_id", limit=1000)["rows"]
    assert rows[0] == list(expected[0])
    assert [row[:2] for row in rows[1:]] == [[row["organization_id"], row["organization_name"]] for row in expected]
    first = next(row for row in sheet.iter(f"{space}row") if "00123" in "".join(row.itertext()))
    assert [cell.get("t") for cell in first][:5] == ["inlineStr"] * 4 + [None]


def test_an_export_may_be_limited_but_is_not_unless_asked(client, get):
    total = get("users")["total"]
    assert total > 20
    assert len(fetch(client, "users", "csv", "&columns=user_id").text.split()) == total + 1
    assert len(fetch(client, "users", "csv", "&columns=user_id&limit=5&offset=1").text.split()) == 6
