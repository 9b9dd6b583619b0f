"""Files hold what the API says, and survive the programs that read them."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from serving.snapshot import Snapshots
from serving.tables.columns import ORGANIZATIONS, Column
from serving.tables.exports import csv_cell, file_name, write_xlsx
from serving.tables.statement import Statement
from tests.serving.published_fixture import NOW

MILLISECOND = timedelta(milliseconds=1)  # finer than a spreadsheet's times
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


def cells_of(content):
    """The cells of a workbook's only sheet, row by row, as a spreadsheet program has them."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows())


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers(client, get):
    names, *rows = cells_of(fetch(client, "organizations", "xlsx", "&sort=organization_id").content)
    expected = get("organizations", sort="organization_id", limit=1000)["rows"]
    labels = [ORGANIZATIONS.column(name).label for name in expected[0]]
    assert [cell.value.removesuffix(" (UTC)") for cell in names] == labels
    assert len(rows) == len(expected)
    for row, original in zip(rows, expected, strict=True):
        for cell, (name, value) in zip(row, original.items(), strict=True):
            if name.endswith("_at"):
                assert cell.value == pytest.approx(datetime.fromisoformat(value.removesuffix("Z")), abs=MILLISECOND)
            elif isinstance(value, float):
                assert cell.value == pytest.approx(value, rel=1e-15)
            else:
                assert cell.value == (value or None if isinstance(value, str) else value)
    assert "00123" in {row[0].value for row in rows}


def test_a_workbook_has_headings_for_people_formats_and_a_row_that_filters_and_stays_in_sight(client, get):
    chosen = ["organization_name", "mrr", "conversations", "sentiment", "satisfied_share", "last_activity_at"]
    columns = "".join(f"&columns={name}" for name in chosen)
    book = openpyxl.load_workbook(
        io.BytesIO(fetch(client, "organizations", "xlsx", f"&search=100%25{columns}").content)
    )
    headings, first = list(book.active.iter_rows())
    assert [cell.value for cell in headings] == [
        "Organization", "MRR", "Conversations", "Sentiment", "Satisfied", "Last activity (UTC)",
    ]  # fmt: skip
    assert [cell.number_format for cell in first] == [
        "General", "#,##0.00", "#,##0", "+0.00;-0.00;0.00", "0%", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip
    assert book.active.auto_filter.ref == "A1:F2"
    assert book.active.freeze_panes == "A2"
    empty = openpyxl.load_workbook(io.BytesIO(fetch(client, "users", "xlsx", "&search=nobody+at+all").content))
    assert empty.active.auto_filter.ref == "A1:U1"


def test_csv_begins_with_a_byte_order_mark_on_request_and_only_there(client):
    plain = fetch(client, "users", "csv").content
    assert fetch(client, "users", "csv", "&bom=1").content == b"\xef\xbb\xbf" + plain
    assert fetch(client, "users", "csv", "&bom=0").content == plain
    for path in ("users.csv?bom=yes", "users.csv?bom=1&bom=1", "users.csv?bom=", "users.xlsx?bom=1", "users?bom=1"):
        answer = client.get(f"/api/v1/chatbots/support/{path}")
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "bom"])
    described = client.get("/openapi.json").json()["paths"]["/api/v1/chatbots/{chatbot_id}/users.csv"]["get"]
    assert "bom" in {parameter["name"] for parameter in described["parameters"]}


def test_a_workbook_takes_no_text_for_a_formula_or_a_link(published):
    texts = ["=1+1", "https://x.example", "-5", "007", "a\nb\x07", "x" * 1024]
    statement = Statement("select unnest(?::varchar[])", [texts])
    content = b"".join(write_xlsx(Snapshots(published).current(), statement, [Column("one", "One", "text")]))
    found = [cell for (cell,) in cells_of(content)[1:]]
    assert [cell.data_type for cell in found] == ["s"] * len(texts)
    assert [cell.hyperlink for cell in found] == [None] * len(texts)
    assert [cell.value for cell in found][:4] == texts[:4]


def test_an_export_may_be_limited_but_is_not_unless_asked(client, get):
    total = get("users")["total"]
    assert total > 20
    assert len(fetch(client, "users", "csv", "&columns=user_id").text.split()) == total + 1
    assert len(fetch(client, "users", "csv", "&columns=user_id&limit=5&offset=1").text.split()) == 6
