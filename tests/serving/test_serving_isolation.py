"""No route, callback, facet or message shows a chatbot to someone who may not see it."""

import json
import re

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from serving.http.app import create_app
from serving.http.server import NotLoopback, serve
from tests.serving.published_fixture import NOW

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
)


@pytest.fixture(scope="module")
def guarded(published):
    """The application for a reader who may not see the chatbot `kolkata`."""
    app = create_app(published, clock=lambda: NOW, access=lambda _headers, chatbot_id: chatbot_id != "kolkata")
    return TestClient(app, BASE)


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
    show_state = next(callback for callback in callbacks(client) if "grid.rowData" in callback["output"])
    assert "No users yet" in forge(client, show_state, "/platform/eu%2Fneu%20%C3%A9/users").text


def callbacks(client):
    """Return the callbacks that the server answers."""
    every = client.get("/_pages/_dash-dependencies").json()
    return [callback for callback in every if callback["clientside_function"] is None]


def forge(client, callback, pathname, search="?range=all_time"):
    """Call a callback as a forged page would, whatever the components of the page."""

    def given(items):
        values = {"pathname": pathname, "search": search, "opened": True, "searchValue": None, "value": []}
        for item in items:
            wildcard = item["id"].startswith("{")
            own = {"type": "list", "name": "plan"} if wildcard else item["id"]
            yield {"id": own, "property": item["property"], "value": values.get(item["property"], own)}

    parts = callback["output"].strip(".").split("...")
    outputs = []
    for part in parts:
        component, name = re.fullmatch(r"(.*)\.(\w+)", part).groups()
        own = {"type": json.loads(component)["type"], "name": "plan"} if component.startswith("{") else component
        outputs.append({"id": own, "property": name})
    body = {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": list(given(callback["inputs"])),
        "state": list(given(callback["state"])),
        "changedPropIds": ["filters-popover.opened"],
    }
    return client.post("/_pages/_dash-update-component", json=body)


def test_trap_55_a_forged_callback_gets_nothing_about_another_chatbot(guarded):
    asked = callbacks(guarded)
    assert len(asked) == 5
    for callback in asked:
        own = forge(guarded, callback, "/platform/support/organizations")
        assert own.status_code == 200, own.text
        assert any(own_text in own.text for own_text in ("nterprise", "Acme Support", "conversations"))
        for pathname in ("/platform/kolkata/organizations", "/platform/nobody/users", "/platform/", "", None, "/docs"):
            for search in ("?range=all_time", "?organization_id=00123", "?first_day=x"):
                forged = forge(guarded, callback, pathname, search)
                assert forged.status_code == 204, forged.text
                assert forged.content == b""


def test_trap_55_the_choices_of_a_filter_come_from_the_chatbot_of_the_page_alone(guarded):
    offer = next(callback for callback in callbacks(guarded) if "offer" in callback["output"])
    answer = forge(guarded, offer, "/platform/support/users")
    assert "Enterprise" in answer.text
    assert not any(secret in answer.text for secret in SECRETS)


def test_callbacks_have_no_second_way_in_over_web_sockets(guarded):
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/_pages/_dash-ws-callback"):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "example.com", ""])
def test_a_host_that_others_reach_is_refused_in_one_sentence(published, host):
    with pytest.raises(NotLoopback, match=r"^Refusing to listen on .*127\.0\.0\.1 is served\.$"):
        serve(published, host=host)


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/health", "/platform/support/organizations", "/_pages/_dash-layout"])
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
    for path in ("/", "/health", "/platform/support/users", "/nowhere", "/_pages/assets/clientele.css"):
        assert "default-src 'self'" in client.get(path).headers["content-security-policy"]
