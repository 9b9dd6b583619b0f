"""What a field is called is read wherever people read; addresses and programs keep the field's own name."""

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from starlette.testclient import TestClient

from orchestration.home.labels import Label
from serving.http.app import create_app
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW, Rows, publish

API = "/api/v1/chatbots/support"
LABELS = (
    Label("support", "seats", "Seats bought"),
    Label("support", "device", "Device <of> the user"),
    Label("support", "never sent", "Nothing"),
    Label("kolkata", "seats", "Hidden label"),
)
COLUMNS = "range=all_time&columns=organization_name&columns=custom.seats"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    rows = Rows()
    for number, device in enumerate(["phone", "phone", "desk"]):
        rows.organization("support", f"o{number}", f"Org {number}")
        rows.user("support", f"u{number}")
        rows.custom("support", "organization", f"o{number}", seats=Decimal(number))
        rows.custom("support", "user", f"u{number}", device=device)
        rows.conversation("support", f"2026-11-0{number + 1}T10:00:00", f"u{number}", f"o{number}", (0.5,))
    rows.organization("kolkata", "k", "K")
    rows.conversation("kolkata", "2026-11-01T10:00:00", None, "k")
    rows.custom("kolkata", "organization", "k", seats=1)
    rows.custom("support", "organization", "o1", date(2026, 11, 5), None, seats=Decimal(9))
    published = tmp_path_factory.mktemp("labelled")
    publish(published, rows, labels=LABELS)
    return published


@pytest.fixture(scope="module")
def client(labelled) -> TestClient:
    return TestClient(create_app(labelled, clock=lambda: NOW), BASE)


def test_headings_chooser_filters_and_chips_say_the_label_and_the_address_the_field(labelled):
    snapshot = Snapshots(labelled).current()
    state = f"?{COLUMNS}&custom.seats_min=1&custom.device=phone&sort=-custom.seats"
    page = view_of(snapshot, snapshot.chatbots["support"], "organizations", state, NOW)
    assert [(heading.name, heading.label) for heading in page.headings][1] == ("custom.seats", "Seats bought")
    assert {choice.name: choice.label for choice in page.columns.choices}["custom.seats"] == "Seats bought"
    assert [(chip.label, chip.value) for chip in page.chips] == [
        ("Seats bought", "at least 1"),
        ("Device <of> the user", "phone"),
    ]
    assert {one.name: one.label for one in page.filters.bounds}["custom.seats"] == "Seats bought"
    assert {one.name: one.label for one in page.filters.lists}["custom.device"] == "Device <of> the user"
    assert "by Seats bought (highest first)" in page.summary
    assert "columns=custom.seats" in page.files[0].href


def test_a_workbook_has_the_label_and_files_for_programs_have_the_field(client):
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{API}/organizations.xlsx?{COLUMNS}").content)).active
    assert [cell.value for cell in sheet[1]] == ["Organization", "Seats bought"]
    assert client.get(f"{API}/organizations.csv?{COLUMNS}").text.splitlines()[0] == "organization_name,custom.seats"
    assert "custom.seats" in client.get(f"{API}/organizations?{COLUMNS}").json()["rows"][0]
    assert client.get(f"{API}/organizations?columns=custom.Seats%20bought").status_code == 422


def test_overview_attributes_and_history_say_the_label(client):
    assert "By Device &lt;of&gt; the user" in client.get("/platform/support/overview?range=all_time").text
    page = client.get("/platform/support/organizations/o1?range=all_time").text
    assert page.count("Seats bought") == 3  # what it is, and the two values that it had


def test_the_list_of_chatbots_has_the_labels_of_fields_that_there_are(client):
    chatbots = {one["chatbot_id"]: one for one in client.get("/api/v1/chatbots").json()["chatbots"]}
    assert chatbots["support"]["custom_fields"] == ["device", "seats"]
    assert chatbots["support"]["custom_field_labels"] == {"device": "Device <of> the user", "seats": "Seats bought"}
    assert chatbots["kolkata"]["custom_field_labels"] == {"seats": "Hidden label"}
    assert "Hidden label" not in client.get(f"/platform/support/organizations?{COLUMNS}").text
