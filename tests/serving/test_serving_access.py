"""Who is let in, what they may do, and how they are shut out again: over HTTP, with a real access file."""

import json
import re
import stat
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from serving.access.identify import COOKIE, Gate, Proxy
from serving.access.tokens import AccessFile, BadAccessFile, admit, issue, revoke
from serving.http.app import create_app
from serving.http.server import Closed, gate_of, serve
from tests.serving.published_fixture import NOW, interesting_rows, publish
from tests.serving.readers import client_of

BASE = "http://127.0.0.1:8000"
TABLE = "/api/v1/chatbots/support/users?range=all_time"
PAGE = "/platform/support/users?range=all_time"
LATER = NOW + timedelta(days=1)


class Door:
    """An application behind an access file, at an instant that tests move."""

    def __init__(self, published, folder, proxy=None):
        self.file, self.audit, self.now = folder / "access.json", folder / "exports.log", NOW
        gate = Gate(self.file, self.time, proxy)
        self.client = TestClient(create_app(published, clock=self.time, gate=gate, audit=self.audit), BASE)
        self.client.follow_redirects = False

    def time(self) -> datetime:
        return self.now

    def ask(self, path, token=None, **headers):
        """The status of an answer."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.get(path, headers=headers).status_code


@pytest.fixture
def door(published, tmp_path) -> Door:
    return Door(published, tmp_path)


def test_without_a_token_no_address_but_the_door_answers(door):
    issue(door.file, "ann", None, [], LATER)
    routes = {route.path for route in door.client.app.routes}
    assert len(routes) > 12
    for route in routes:
        path = route.replace("{chatbot_id:path}", "support").replace("{table}", "users").replace("{name}", "x.css")
        status = door.ask(path.replace("{scheme}", "dark"))
        if path.startswith(("/sign-in", "/sign-out", "/health", "/assets/", "/scheme/")):
            assert status in (200, 303, 404, 405), path
        else:
            assert status == (401 if path.startswith(("/api/", "/openapi.json")) else 303), path
    assert door.ask("/nothing/here") == 303


def test_a_token_opens_its_chatbots_alone(door):
    _, token = issue(door.file, "ann", ["support"], [], LATER)
    assert door.ask(TABLE, token) == 200
    assert door.ask(TABLE.replace("support", "kolkata"), token) == 404
    assert door.ask(PAGE.replace("support", "kolkata"), token) == 404
    for other in (token[:-1], token + "x", "clientele_", "clientele_x_y", "x", f"clientele_{token.split('_')[1]}_"):
        assert door.ask(TABLE, other) == 401, other


def test_a_token_ends_when_it_expires_and_with_the_request_after_it_is_revoked(door):
    entry, token = issue(door.file, "ann", None, [], LATER)
    _, lasting = issue(door.file, "bob", None, [], None)
    assert door.ask(TABLE, token) == 200
    assert revoke(door.file, entry.id).name == "ann"
    assert door.ask(TABLE, token) == 401
    assert revoke(door.file, entry.id) is None
    _, short = issue(door.file, "cem", None, [], LATER)
    door.now = LATER - timedelta(seconds=1)
    assert door.ask(TABLE, short) == 200
    door.now = LATER
    assert (door.ask(TABLE, short), door.ask(TABLE, lasting)) == (401, 200)


def test_the_access_file_holds_no_token_and_is_for_its_owner_alone(door):
    _, token = issue(door.file, "ann", None, [], LATER)
    assert token.split("_", 2)[2] not in door.file.read_text(encoding="utf-8")
    assert stat.S_IMODE(door.file.stat().st_mode) == 0o600


def test_who_signs_in_is_led_on_and_out_again_and_their_session_ends_with_their_token(door):
    entry, token = issue(door.file, "ann", ["support"], [], LATER)
    asked = door.client.get(PAGE)
    assert asked.headers["location"] == "/sign-in?then=%2Fplatform%2Fsupport%2Fusers%3Frange%3Dall_time"
    assert 'name="token"' in door.client.get(asked.headers["location"]).text
    wrong = door.client.post("/sign-in", data={"token": "clientele_x_y", "then": PAGE})
    assert (wrong.status_code, "opens nothing" in wrong.text, "set-cookie" in wrong.headers) == (403, True, False)
    led = door.client.post("/sign-in", data={"token": token, "then": PAGE})
    assert (led.status_code, led.headers["location"]) == (303, PAGE)
    cookie = led.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert token not in cookie
    assert door.ask(PAGE) == 200
    assert door.ask(PAGE.replace("support", "kolkata")) == 404
    door.client.post("/sign-out")
    assert door.ask(PAGE) == 303
    door.client.post("/sign-in", data={"token": token})
    assert door.ask(PAGE) == 200
    revoke(door.file, entry.id)
    assert door.ask(PAGE) == 303


def test_a_forged_session_opens_nothing(door):
    entry, _ = issue(door.file, "ann", None, [], LATER)
    for forged in (entry.id, f"{entry.id}.x.y", f"{entry.id}.{'a' * 30}", ""):
        assert door.ask(PAGE, Cookie=f"{COOKIE}={forged}") == 303


@pytest.mark.parametrize("then", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_signing_in_leads_nowhere_but_to_this_server(door, then):
    _, token = issue(door.file, "ann", None, [], LATER)
    assert door.client.post("/sign-in", data={"token": token, "then": then}).headers["location"] == "/"


def test_a_form_on_another_site_signs_nobody_in(door):
    """It would let somebody work, without knowing it, as whoever put their own token into the form."""
    _, token = issue(door.file, "ann", None, [], LATER)
    for site in ("cross-site", "same-site"):
        refused = door.client.post("/sign-in", data={"token": token}, headers={"Sec-Fetch-Site": site})
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
        assert "came from another site" in refused.text
    assert (
        door.client.post("/sign-in", data={"token": token}, headers={"Sec-Fetch-Site": "same-origin"}).status_code
        == 303
    )


def test_after_ten_tries_in_a_minute_an_address_has_to_wait(door):
    _, token = issue(door.file, "ann", None, [], LATER)
    tries = [door.client.post("/sign-in", data={"token": "x"}).status_code for _ in range(11)]
    assert tries == [403] * 10 + [429]
    assert door.client.post("/sign-in", data={"token": token}).status_code == 429


def test_a_user_whom_a_trusted_proxy_names_is_let_in_and_the_same_header_from_elsewhere_is_nothing(published, tmp_path):
    door = Door(published, tmp_path, Proxy("X-Forwarded-User", frozenset({"testclient"})))
    admit(door.file, "ann@ourselves.example", ["support"], [], LATER)
    named = {"X-Forwarded-User": "ann@ourselves.example"}
    assert door.ask(TABLE, **named) == 200
    assert door.ask(TABLE.replace("support", "kolkata"), **named) == 404
    assert door.ask(TABLE, **{"X-Forwarded-User": "eve@elsewhere.example"}) == 401
    elsewhere = Door(published, tmp_path, Proxy("X-Forwarded-User", frozenset({"10.0.0.1"})))
    assert elsewhere.ask(TABLE, **named) == 401


def test_files_need_the_right_to_export_and_each_leaves_a_line_without_what_was_searched_for(door):
    _, reading = issue(door.file, "ann", ["support"], [], LATER)
    _, exporting = issue(door.file, "bob", ["support"], ["export"], LATER)
    file = "/api/v1/chatbots/support/users.csv?range=all_time&search=secret%20name&columns=user_id"
    assert door.ask(file, reading) == 403
    assert not door.audit.exists()
    assert door.ask(file, exporting) == 200
    assert door.ask(file.replace("support", "kolkata"), exporting) == 404
    (line,) = map(json.loads, door.audit.read_text(encoding="utf-8").splitlines())
    assert line == {
        "at": NOW.isoformat(timespec="milliseconds"),
        "reader": "bob",
        "chatbot_id": "support",
        "table": "users",
        "format": "csv",
        "snapshot_id": line["snapshot_id"],
        "first_day": None,
        "last_day": None,
        "filters": ["range", "search"],
        "columns": ["user_id"],
    }
    assert "secret" not in door.audit.read_text(encoding="utf-8")


def test_a_damaged_access_file_lets_nobody_in_and_says_so(door):
    _, token = issue(door.file, "ann", None, [], LATER)
    assert door.ask(TABLE, token) == 200
    door.file.write_text('{"readers": [{"id": 1}]}', encoding="utf-8")
    answer = door.client.get(TABLE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert "access file" in answer.json()["detail"]
    assert door.client.get("/sign-in").status_code == 200
    assert door.client.post("/sign-in", data={"token": token}).status_code == 503
    with pytest.raises(BadAccessFile):
        AccessFile.read(door.file)


def test_the_first_token_closes_an_open_door_with_the_next_request_and_it_stays_closed(published, tmp_path):
    access_file = tmp_path / "access.json"
    client = TestClient(create_app(published, clock=lambda: NOW, gate=gate_of(access_file)), BASE)
    assert client.get(TABLE).status_code == 200
    entry, token = issue(access_file, "ann", None, [], None)
    assert client.get(TABLE).status_code == 401
    assert client.get(TABLE, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    revoke(access_file, entry.id)
    assert client.get(TABLE).status_code == 401
    access_file.unlink()
    assert client.get(TABLE).status_code == 401


def test_a_form_larger_than_any_token_is_not_read_to_its_end(door):
    _, token = issue(door.file, "ann", None, [], LATER)
    sent = {"filler": "x" * 100_000, "token": token}
    assert door.client.post("/sign-in", data=sent).status_code == 403


def test_without_the_right_to_export_not_even_an_unchanged_file_is_told(door):
    _, token = issue(door.file, "ann", ["support"], [], LATER)
    known = {"If-None-Match": "*"}
    assert door.ask("/api/v1/chatbots/support/users.csv", token, **known) == 403


def test_beyond_loopback_nothing_is_served_before_somebody_has_a_token(published, tmp_path):
    access_file = tmp_path / "access.json"
    with pytest.raises(Closed, match="clientele tokens create"):
        serve(published, "0.0.0.0", access_file=access_file)
    issue(access_file, "ann", None, [], datetime(2020, 1, 1, tzinfo=NOW.tzinfo))
    with pytest.raises(Closed):
        serve(published, "0.0.0.0", access_file=access_file)


def test_everyone_on_this_machine_reads_everything_while_nobody_has_a_token(client):
    assert client.get(PAGE).status_code == 200
    assert client.get("/sign-in").status_code == 404


ADDRESS = re.compile(r"[\w.+-]{2,}@[\w-]+\.\w+")


def figures_of(answer):
    """The rows without whatever names a user, in an order that does not depend on names."""
    names = ("user_id", "user_name", "email")
    return sorted(str({name: value for name, value in row.items() if name not in names}) for row in answer["rows"])


def test_without_the_right_to_see_addresses_no_answer_shows_finds_or_orders_by_one(published):
    masked, open_ = client_of(published, "support", rights=["export"]), client_of(published, "support")
    for path in (
        TABLE,
        "/api/v1/chatbots/support/users.csv?range=all_time",
        PAGE + "&columns=user_id&columns=email&columns=user_name",
        "/filters/support/users?range=all_time",
        "/platform/support/users/u0-0?range=all_time",
        "/platform/support/overview?range=all_time",
        "/api/v1/chatbots/support/overview?range=all_time",
        "/platform/support/organizations/o0?range=all_time",
        "/api/v1/chatbots/support/organizations?range=all_time",
        "/api/v1/chatbots/support/conversations?range=all_time&of=users&limit=1000",
        "/api/v1/chatbots/support/conversations.csv?range=all_time&of=users",
    ):
        assert not ADDRESS.search(masked.get(path).text), path
    assert ADDRESS.search(open_.get(TABLE).text)
    seen, whole = (client.get(TABLE + "&limit=1000").json() for client in (masked, open_))
    assert seen["total"] == whole["total"]
    assert figures_of(seen) == figures_of(whole)
    email = next(row["email"] for row in whole["rows"] if row["email"])
    assert open_.get(TABLE, params={"range": "all_time", "search": email}).json()["total"] >= 1
    assert masked.get(TABLE, params={"range": "all_time", "search": email}).json()["total"] == 0


def test_totals_are_the_same_for_whoever_may_not_see_addresses(published):
    totals = "/api/v1/chatbots/support/users/totals?range=all_time&conversations_min=1"
    masked, open_ = client_of(published, "support", rights=[]), client_of(published, "support")
    assert masked.get(totals).json() == open_.get(totals).json()


def test_a_masked_id_leads_to_its_user_and_to_the_conversations_that_the_row_counts(tmp_path):
    rows = interesting_rows()
    for user in ("email:eve@x.example", "eve@y.example"):
        rows.user("support", user, email=user.removeprefix("email:"))
        rows.conversation("support", "2026-11-20T10:00:00", user, None, [0.5])
    publish(tmp_path, rows)
    published = tmp_path
    masked, open_ = client_of(published, "support", rights=[]), client_of(published, "support")
    hidden = [row for row in masked.get(TABLE + "&limit=1000").json()["rows"] if row["user_id"].startswith("masked:")]
    assert len(hidden) == 2
    for row in hidden:
        users = f"/api/v1/chatbots/support/users/{quote(row['user_id'], safe='')}?range=all_time"
        found = masked.get(users)
        assert found.status_code == 200, found.text
        assert found.json()["figures"]["conversations"] == row["conversations"]
        page = masked.get(f"/platform/support/users/{quote(row['user_id'], safe='')}?range=all_time")
        assert (page.status_code, ADDRESS.search(page.text)) == (200, None)
        assert not ADDRESS.search(found.text)
        of = {"range": "all_time", "of": "users", "user_id": row["user_id"]}
        receipt = masked.get("/api/v1/chatbots/support/conversations", params=of).json()
        assert receipt["total"] == row["conversations"]
    known = [row["user_id"] for row in open_.get(TABLE + "&limit=1000").json()["rows"] if "@" in row["user_id"]]
    for user_id in known:
        assert masked.get(f"/api/v1/chatbots/support/users/{quote(user_id, safe='')}").status_code == 404
