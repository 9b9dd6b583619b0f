"""A chatbot's own fields: columns, order, filters and files of the API, and the controls of the page."""

import csv
import io
import re
import shutil
from decimal import Decimal

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from serving.pages import formats
from serving.pages.filters import list_filters
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.choices import read_choices
from serving.tables.exports import decimal_text
from serving.tables.query_models import query_of
from tests.serving.published_fixture import NOW

SIZE = 'custom.size, "m²"'
EVERY = ["organization_id", "custom.seats", "custom.tier", "custom.beta", SIZE, "custom.Seats", "custom.nested.name"]


@pytest.fixture(scope="module")
def snapshot(published):
    return Snapshots(published).current()


def found(get, table="organizations", **asked):
    return [row[f"{table[:-1]}_id"] for row in get(table, limit=1000, **asked)["rows"]]


def test_custom_fields_are_columns_that_are_asked_for_with_values_of_their_type(get):
    assert not any(name.startswith("custom.") for name in get("organizations")["rows"][0])
    rows = {row["organization_id"]: row for row in get("organizations", columns=EVERY, limit=1000)["rows"]}
    assert rows["00123"] == dict(zip(EVERY, ["00123", 5, "Gold", True, "7", None, None], strict=True))
    assert rows["1000"] == dict(zip(EVERY, ["1000", 12.5, "gold ", False, "large", "upper", None], strict=True))
    assert rows["axb"] == dict(zip(EVERY, ["axb", 1234567, None, None, "true", None, "x"], strict=True))
    assert rows["noname"] == dict.fromkeys(EVERY) | {"organization_id": "noname"}


def test_custom_fields_of_users_are_those_of_the_user(get):
    rows = get("users", columns=["user_id", "custom.seats"], limit=1000)["rows"]
    seats = {row["user_id"]: row["custom.seats"] for row in rows}
    assert (seats["00000"], seats["loner"], seats["00002"]) == (3, 0, None)
    assert found(get, "users", **{"custom.seats_min": 0, "sort": "-custom.seats"}) == ["00000", "00001", "loner"]


def test_a_custom_number_sorts_as_a_number_with_nulls_last_both_ways(get):
    ascending = found(get, sort="custom.seats")
    assert ascending[:5] == ["cmd", "00123", "1000", "a_b", "axb"]
    descending = found(get, sort="-custom.seats")
    assert descending[:5] == ["axb", "a_b", "1000", "00123", "cmd"]
    assert ascending[5:] == descending[5:] == sorted(descending[5:])
    assert found(get, sort="custom.beta")[:2] == ["1000", "00123"]
    assert found(get, sort="-custom.tier")[:3] == ["1000", "00123", "cmd"]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"custom.tier": " GOLD"}, ["00123", "1000"]),
        ({"custom.tier": ["gold", "=1+1"]}, ["00123", "1000", "cmd"]),
        ({"custom.tier": ["gold"], "plan": "enterprise", "custom.beta": "true"}, ["00123"]),
        ({"custom.beta": ["TRUE", "false"]}, ["00123", "1000"]),
        ({"custom.seats": ["5", "40.0"]}, ["00123", "a_b"]),
        ({"custom.seats": "5.0000000000001"}, []),
        ({"custom.seats_min": 5, "custom.seats_max": 12.5}, ["00123", "1000"]),
        ({"custom.seats_min": "5.0000000000001", "custom.seats_max": "1e28"}, ["1000", "a_b", "axb"]),
        ({"custom.seats_max": "-2.9999999999999"}, ["cmd"]),
        ({SIZE: ["7", "LARGE"]}, ["00123", "1000"]),
        ({"custom.Seats": "Upper"}, ["1000"]),
        ({"custom.nested.name": "x"}, ["axb"]),
    ],
)
def test_custom_fields_are_filtered_by_value_and_bound(get, asked, kept):
    assert sorted(found(get, **asked)) == kept


def test_trap_51_the_empty_custom_value_keeps_rows_without_one(get):
    everything = set(found(get))
    assert set(found(get, **{"custom.tier": ""})) == everything - {"00123", "1000", "cmd"}
    assert set(found(get, **{"custom.tier": ["", "gold"]})) == everything - {"cmd"}
    assert set(found(get, **{"custom.seats": ["", "5"]})) == everything - {"1000", "cmd", "a_b", "axb"}
    assert set(found(get, **{"custom.beta": ""})) == everything - {"00123", "1000"}


def test_trap_24_a_custom_filter_uses_the_clock_of_the_value_that_is_shown(get):
    october = {"first_day": "2026-10-01", "last_day": "2026-10-31", "columns": ["organization_id", "custom.seats"]}
    assert get("organizations", **october)["rows"] == [{"organization_id": "a_b", "custom.seats": 9}]
    assert get("organizations", **october, attributes="now")["rows"][0]["custom.seats"] == 40
    assert found(get, **october, **{"custom.seats": 40}) == []
    assert found(get, **october, **{"custom.seats": 40, "attributes": "now"}) == ["a_b"]


@pytest.mark.parametrize(
    "query",
    [
        "custom.nope=1",
        "columns=custom.nope",
        "sort=-custom.nope",
        "custom.nope_min=1",
        "custom.secret=x",
        "columns=custom.secret",
        "custom.tier_min=1",
        "custom.seats_min=nan",
        "custom.seats_min=1e400",
        "custom.seats_max=Infinity",
        "custom.seats_min=",
        "custom.seats_min=1&custom.seats_min=2",
        "custom.seats=many",
        "custom.beta=maybe",
        "custom.=x",
        "custom=x",
        "columns=custom.seats&columns=custom.seats",
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_an_unknown_custom_field_or_bad_value_is_refused_by_name(client, query, suffix):
    answer = client.get(f"/api/v1/chatbots/support/organizations{suffix}?{query}")
    assert answer.status_code == 422
    named = re.search(r"custom[.\w]*", query).group()
    assert named in str(answer.json()["detail"])
    assert "Hidden" not in answer.text


def test_trap_55_a_field_of_another_chatbot_is_unknown_like_one_that_nobody_has(client):
    for query in ("columns=custom.{}", "sort=custom.{}", "custom.{}=x", "custom.{}_min=1"):
        one, other = (
            client.get(f"/api/v1/chatbots/support/users?{query.format(field)}") for field in ("secret", "nobody")
        )
        assert one.status_code == other.status_code == 422
        assert one.text.replace("secret", "nobody") == other.text
    assert client.get("/api/v1/chatbots/kolkata/users?columns=custom.secret").status_code == 200
    assert "secret" not in client.get("/openapi.json").text


def test_files_hold_custom_columns_under_their_names(client, get):
    asked = {"range": "all_time", "columns": EVERY, "sort": "-custom.seats"}
    expected = get("organizations", **asked, limit=1000)["rows"]

    def fetch(suffix):
        answer = client.get(f"/api/v1/chatbots/support/organizations.{suffix}", params=asked)
        assert answer.status_code == 200
        return answer

    rows = list(csv.reader(io.StringIO(fetch("csv").text, newline="")))
    assert rows[0] == EVERY
    assert rows[1:4] == [
        ["axb", "1234567", "", "", "true", "", "x"],
        ["a_b", "40", "", "", "", "", ""],
        ["1000", "12.5", "gold ", "false", "large", "upper", ""],
    ]
    table = pq.read_table(io.BytesIO(fetch("parquet").content))
    assert table.column_names == EVERY
    assert table.to_pylist() == expected
    assert [str(table.schema.field(name).type) for name in EVERY[1:4]] == ["decimal128(38, 9)", "string", "bool"]
    sheet = openpyxl.load_workbook(io.BytesIO(fetch("xlsx").content)).active
    assert [cell.value for cell in sheet[4]] == ["1000", 12.5, "gold ", False, "large", "upper", None]


def test_numbers_of_many_digits_stay_exact():
    number = Decimal("12345678901234567890123456789.123456789")
    assert decimal_text(number) == str(number)
    assert formats.number(number) == "12,345,678,901,234,567,890,123,456,789.123456789"
    assert (formats.number(Decimal("40.000000000")), formats.number(Decimal("-0.500000000"))) == ("40", "-0.5")


def test_the_description_says_in_words_what_may_be_asked_of_custom_fields(client):
    route = client.get("/openapi.json").json()["paths"]["/api/v1/chatbots/{chatbot_id}/organizations"]["get"]
    assert "custom.seats_min" in route["description"]
    parameters = {item["name"]: item["schema"] for item in route["parameters"]}
    assert {"pattern": r"^-?custom\."} in parameters["sort"]["anyOf"]
    assert {"pattern": r"^-?custom\."} in parameters["columns"]["items"]["anyOf"]
    assert "custom" not in parameters
    assert "custom.seats_min" in client.get("/docs").text


def test_the_page_shows_chosen_custom_columns_in_their_format(snapshot):
    chosen = "&".join(f"columns={name}" for name in ("organization_name", "custom.seats", "custom.tier", "custom.beta"))
    shown = view_of(
        snapshot, snapshot.chatbots["support"], "organizations", f"?range=all_time&{chosen}&sort=-custom.seats", NOW
    )
    seats, beta = ([row.cells[f"custom.{name}"].text for row in shown.rows] for name in ("seats", "beta"))
    assert seats[:5] == ["1,234,567", "40", "12.5", "5", "-3"]
    assert beta[:4] == ["—", "—", "No", "Yes"]
    heading = next(one for one in shown.headings if one.name == "custom.seats")
    assert (heading.label, heading.sorted, heading.kind) == ("seats", "descending", "number")


def test_every_custom_filter_is_a_chip_that_removes_it(snapshot):
    search = "?range=all_time&custom.tier=gold&custom.tier=&custom.seats_min=5"
    shown = view_of(snapshot, snapshot.chatbots["support"], "organizations", search, NOW)
    chips = shown.chips
    assert [(chip.label, chip.value) for chip in chips] == [("seats", "at least 5"), ("tier", "gold"), ("tier", "None")]
    assert chips[1].remove == "?range=all_time&custom.seats_min=5&custom.tier="
    assert chips[0].remove == "?range=all_time&custom.tier=gold&custom.tier="
    assert shown.clear == "?range=all_time"


def test_the_chooser_and_the_filters_offer_the_chatbots_own_fields_and_no_others(snapshot):
    def offered(chatbot):
        shown = view_of(snapshot, snapshot.chatbots[chatbot], "organizations", "", NOW)
        filters = [one.name for one in (*shown.filters.lists, *shown.filters.bounds)]
        return {one.name: one.is_shown for one in shown.columns.choices}, filters

    columns, filters = offered("support")
    assert columns["custom.seats"] is False
    assert {"custom.seats", "custom.tier"} < set(filters)
    assert "custom.secret" not in columns
    for names in offered("quiet"):
        assert not any(name.startswith("custom.") for name in names)


def test_the_choices_of_a_custom_filter_are_its_values_and_none(snapshot):
    chatbot = snapshot.chatbots["support"]
    model = query_of("organizations", chatbot)
    listed = {column.name for column in list_filters(model.table)}
    assert {"custom.tier", "custom.beta"} < listed
    assert "custom.seats" not in listed
    query = model(range="all_time")
    tiers = read_choices(snapshot, query, "custom.tier", chatbot, NOW)
    assert {(one.label.lower(), one.rows) for one in tiers if one.value} == {("gold", 2), ("=1+1", 1)}
    assert next(one.rows for one in tiers if not one.value) > 10
    assert {one.value for one in read_choices(snapshot, query, "custom.beta", chatbot, NOW)} == {"true", "false", ""}


def test_a_snapshot_from_before_custom_fields_is_served_without_them(tmp_path, published):
    folder = tmp_path / "snapshots" / "old"
    shutil.copytree((published / "current").resolve(), folder)
    with duckdb.connect(folder / "clientele.duckdb") as connection:
        connection.execute("drop table custom_fields; drop table dim_custom_values; drop macro table custom_values")
    (tmp_path / "current").symlink_to(folder)
    assert Snapshots(tmp_path).current().chatbots["support"].custom_fields == ()
