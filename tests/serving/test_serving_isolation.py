"""No route, page, facet or message shows a chatbot to someone who may not see it."""

import json
import re
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.http.server import Closed, serve
from serving.pages.assets import assets
from tests.serving.published_fixture import NOW, Rows, publish
from tests.serving.readers import client_of

BASE = "http://127.0.0.1:8000"
SECRETS = ("Kolkata", "Hidden", "secret@", "777,777", '"mrr": 777777')
ROUTES = (
    "/api/v1/chatbots/{}/organizations",
    "/api/v1/chatbots/{}/users",
    "/api/v1/chatbots/{}/users?nonsense=1",
    "/api/v1/chatbots/{}/organizations.csv",
    "/api/v1/chatbots/{}/organizations.parquet",
    "/api/v1/chatbots/{}/users.xlsx",
    "/platform/{}/organizations",
    "/platform/{}/users",
    "/platform/{}",
    "/platform/{}/overview",
    "/api/v1/chatbots/{}/overview?range=all_time",
    "/platform/{}/organizations/00123",
    "/platform/{}/users/k1?range=all_time",
    "/platform/{}/users/k1?nonsense=1",
    "/filters/{}/organizations",
    "/filters/{}/users?snapshot=s1",
    "/filters/{}/users?snapshot=gone&nonsense=1",
)


@pytest.fixture(scope="module")
def guarded(published):
    """The application for a reader who may not see the chatbot `kolkata`."""
    return client_of(published, "support", "quiet")


@pytest.mark.parametrize("route", ROUTES)
def test_trap_55_an_unknown_and_a_forbidden_chatbot_are_not_found_alike(guarded, route):
    unknown, forbidden = (guarded.get(route.format(chatbot)) for chatbot in ("nobody", "kolkata"))
    assert unknown.status_code == forbidden.status_code == 404
    assert unknown.content == forbidden.content
    assert {**unknown.headers} == {**forbidden.headers}


def test_trap_55_the_list_of_chatbots_leaves_out_a_forbidden_one(guarded, client):
    assert "Kolkata" in client.get("/").text
    assert "Kolkata" not in guarded.get("/").text


def test_trap_55_one_chatbot_never_shows_rows_of_another_with_the_same_ids(get):
    assert get("organizations", organization_id="00123")["rows"][0]["organization_name"] == "100% Co"
    for table in ("organizations", "users"):
        assert not any(secret in json.dumps(get(table, limit=1000)) for secret in SECRETS)
        assert get(table, search="Kolkata")["total"] == 0


def test_a_chatbot_may_have_any_id(client):
    api = client.get("/api/v1/chatbots/eu%2Fneu%20%C3%A9/users")
    assert (api.status_code, api.json()["total"]) == (200, 0)
    assert client.get("/platform/eu%2Fneu%20%C3%A9/users").status_code == 200
    assert 'href="/platform/eu%2Fneu%20%C3%A9/organizations"' in client.get("/").text
    assert "No users yet" in client.get("/platform/eu%2Fneu%20%C3%A9/users").text
    assert client.get("/filters/eu%2Fneu%20%C3%A9/users").status_code == 200


@pytest.mark.parametrize("state", ["", "?range=all_time", "?organization_id=00123", "?first_day=x"])
def test_trap_55_a_page_shows_nothing_of_another_chatbot(guarded, state):
    for path in ("/platform/support/organizations", "/platform/support/users"):
        page = guarded.get(path + state)
        assert page.status_code == 200
        assert not any(secret in page.text for secret in SECRETS)


def test_trap_55_the_choices_of_a_filter_come_from_the_chatbot_of_the_page_alone(guarded):
    for table in ("organizations", "users"):
        for find in ("", "&find.plan=hid", "&find.organization_id=kol"):
            page = guarded.get(f"/filters/support/{table}?range=all_time{find}").text
            assert not any(secret in page for secret in SECRETS)
    assert "Enterprise" in guarded.get("/filters/support/users?range=all_time").text


def test_trap_55_what_was_remembered_for_one_chatbot_is_not_shown_for_another(client):
    """The same question, of the same snapshot, in both orders: totals and choices are remembered by chatbot."""
    for order in (("support", "kolkata"), ("kolkata", "support")):
        pages = {}
        for chatbot in order:
            for path in ("/platform/{}/organizations?range=all_time&plan=pro", "/filters/{}/users?range=all_time"):
                pages[chatbot] = pages.get(chatbot, "") + client.get(path.format(chatbot)).text
        assert "Hidden plan" in pages["kolkata"]
        assert not any(secret in pages["support"].replace("Kolkata Helpdesk", "") for secret in SECRETS)


def test_a_broken_state_of_the_filters_is_refused_by_name(client):
    answer = client.get("/filters/support/users?nonsense=1")
    assert answer.status_code == 422
    assert "nonsense" in answer.text
    assert client.get("/filters/support/nowhere").status_code == 404


def test_a_choice_of_colours_leads_back_to_a_page_of_ours_and_nowhere_else(client):
    for came, leads in (
        (f"{BASE}/platform/support/users?sort=-mrr", "/platform/support/users?sort=-mrr"),
        ("https://evil.example/platform/support/users", "/"),
        (f"{BASE}//evil.example", "/"),
        ("", "/"),
    ):
        answer = client.get("/scheme/dark", headers={"Referer": came}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
    client.cookies.clear()
    assert client.get("/scheme/pink").status_code == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "example.com", ""])
def test_a_host_that_others_reach_is_refused_in_one_sentence(published, host):
    with pytest.raises(Closed, match=r"^Refusing to listen on .* or leave --host out to serve this machine alone\.$"):
        serve(published, host=host)


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/health", "/platform/support/organizations", "/filters/support/users"])
def test_a_strangers_name_for_this_machine_is_refused(client, name, path):
    assert client.get(path, headers={"Host": name}).status_code == 400


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost:8123", "[::1]:8000", "LOCALHOST"])
def test_every_name_of_loopback_is_answered(client, name):
    assert client.get("/health", headers={"Host": name}).status_code == 200


def test_an_address_that_leads_nowhere_is_json_to_programs_and_a_page_to_people(client):
    assert client.get("/api/v1/nowhere").json() == {"detail": "Not found"}
    page = client.get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert client.get("/platform/support/nowhere").status_code == 404


def test_every_answer_forbids_loading_anything_from_elsewhere(client):
    for path in ("/", "/health", "/platform/support/users", "/nowhere", assets()["clientele.css"].path):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def test_nothing_is_styled_or_run_inline(client):
    for path in ("/", "/docs", "/nowhere", "/platform/support/users?range=all_time", "/filters/support/organizations"):
        page = client.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|javascript:", page)


def test_what_pages_load_is_kept_for_ever_under_a_name_of_its_content(client):
    page = client.get("/platform/support/users").text
    for asset in assets().values():
        assert asset.path in page
        answer = client.get(asset.path)
        assert (answer.status_code, answer.content) == (200, asset.content)
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/assets/clientele.css").status_code == 404


def test_names_that_look_like_markup_are_text(published, tmp_path):
    rows = Rows()
    hostile = "<img src=x onerror=alert(1)>\"'&amp;{{7*7}}`"
    rows.organization("support", hostile, hostile, hostile, hostile)
    rows.user("support", hostile, hostile, hostile, hostile, hostile)
    rows.custom("support", "organization", hostile, **{hostile: hostile})
    rows.conversation("support", "2026-11-20T10:00:00", hostile, hostile)
    publish(tmp_path, rows)
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for path in ("/platform/support/organizations", "/platform/support/users", "/filters/support/organizations"):
        for state in ({}, {"search": hostile}, {"plan": hostile, f"custom.{hostile}": ""}):
            page = client.get(f"{path}?{urlencode(state)}").text
            assert "<img src=x" not in page
            assert "49" not in re.findall(r"amp;(.{2})`", page)
            assert "&lt;img src=x onerror=alert(1)&gt;" in page
