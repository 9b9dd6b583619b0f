"""Saved views: files that can be reviewed, written by a command that refuses nonsense, and read by the pages."""

import html
import json
import re
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.errors import PipelineError
from serving.http.app import create_app
from serving.saved_views import SavedView, read_views, save_view
from tests.serving.browser import eventually, heading, launched, serving, visiting
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW
from tests.serving.readers import client_of
from tests.support.commands import command_line, environment_of

PAGE = "/platform/support/organizations"
UNHAPPY = f"{PAGE}?range=all_time&plan=pro&plan=&search=é&sort=sentiment&columns=sentiment&columns=plan&width=plan:120"
AWKWARD = "eu/neu é"


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "published", symlinks=True)
    return tmp_path


@pytest.fixture
def client(home: Path) -> TestClient:
    return TestClient(create_app(home / "published", clock=lambda: NOW, views=home / "views"), BASE)


def clientele(home: Path, *arguments: str, fails: bool = False) -> str:
    """What `clientele views` says; where it fails, the sentence with which it does."""
    done = CliRunner().invoke(app, ["views", *arguments], env=environment_of(home))
    if not fails:
        assert done.exit_code == 0, done.output
        return done.stdout.strip()
    assert isinstance(done.exception, PipelineError), done.output
    return str(done.exception)


def links(client: TestClient, path: str = PAGE) -> dict[str, str]:
    text = client.get(path).text
    found = re.findall(r'<a class="way" id="view-\d+" data-closes href="([^"]*)"[^>]*>([^<]*)</a>', text)
    return {html.unescape(name): html.unescape(href) for href, name in found}


def test_a_saved_view_is_a_file_for_people_and_a_link_that_holds_the_whole_state(home, client):
    said = clientele(home, "save", "Unhappy on pro", f"http://127.0.0.1:8000{UNHAPPY}&offset=20")
    assert said == "Saved: Unhappy on pro of Organizations, Acme Support."
    assert json.loads((home / "views/support.json").read_text("utf-8")) == {
        "chatbot_id": "support",
        "views": [
            {
                "table": "organizations",
                "name": "Unhappy on pro",
                "state": {
                    "range": ["all_time"],
                    "plan": ["pro", ""],
                    "search": ["é"],
                    "sort": ["sentiment"],
                    "columns": ["sentiment", "plan"],
                    "width": ["plan:120"],
                },
            }
        ],
    }
    (href,) = links(client).values()
    shown, asked = (client.get(one).text for one in (href, UNHAPPY))
    rows = re.compile(r"<tbody.*?</tbody>", re.DOTALL)
    assert rows.search(shown).group() == rows.search(asked).group()
    assert re.search(r'id="view-1"[^>]*aria-current="true"', asked)
    assert not re.search(r'id="view-1"[^>]*aria-current="true"', client.get(f"{UNHAPPY}&mrr_min=1").text)
    assert links(client, "/platform/support/users") == {}
    assert links(client, "/platform/kolkata/organizations") == {}


def test_views_are_listed_replaced_on_request_and_removed(home, client):
    clientele(home, "save", "First", f"{PAGE}?range=all_time")
    clientele(home, "save", "Second", "/platform/support/users?sort=-mrr")
    assert "has a view called 'First'. Choose another name, or --replace." in clientele(
        home, "save", "First", f"{PAGE}?sort=-mrr", fails=True
    )
    clientele(home, "save", "First", f"{PAGE}?sort=-mrr", "--replace")
    assert clientele(home, "list").splitlines() == [
        f"First: {PAGE}?sort=-mrr",
        "Second: /platform/support/users?sort=-mrr",
    ]
    assert clientele(home, "remove", "support", "organizations", "First") == "Removed: First."
    assert links(client) == {}
    assert "has no view called 'First'" in clientele(home, "remove", "support", "organizations", "First", fails=True)
    clientele(home, "remove", "support", "users", "Second")
    assert clientele(home, "list") == "No views are saved."


@pytest.mark.parametrize(
    ("name", "address", "fault"),
    [
        ("A", f"{PAGE}?columns=nope", "it is not saved: columns: Unknown column: nope."),
        ("A", f"{PAGE}?pln=pro&sort=-mrr", "it is not saved: pln: Unknown parameter: pln."),
        ("A", f"{PAGE}?mrr_min=5&mrr_max=1", "it is not saved: mrr_min: Lies above mrr_max."),
        ("A", f"{PAGE}?columns=custom.secret", "it is not saved: columns: Unknown column: custom.secret."),
        ("A", "/platform/nobody/users", "There is no chatbot 'nobody'."),
        ("A", "/platform/support/overview", "leads to no table. Give the address of a table's page"),
        ("A", "/api/v1/chatbots/support/organizations", "leads to no table."),
        ("  ", PAGE, "A name has 1 to 60 characters, and single blanks between words."),
        ("a\nb", PAGE, "A name has 1 to 60 characters, and single blanks between words."),
    ],
)
def test_what_fits_no_page_is_refused_in_a_sentence_and_nothing_is_written(home, name, address, fault):
    assert fault in " ".join(clientele(home, "save", name, address, fails=True).split())
    assert not (home / "views/support.json").exists()


def test_the_command_that_the_page_shows_saves_what_the_page_shows(home, client):
    """Ids and searches hold quotes and blanks: the command is for a shell."""
    state = "?range=all_time&search=it's%20%22so%22&sort=-mrr"
    command = re.search(r'id="save-view">(.*?)</code>', client.get(f"{PAGE}{state}&offset=20").text).group(1)
    program, *arguments = (word.replace("NAME", "Quoted") for word in shlex.split(html.unescape(command)))
    assert (program, arguments[0]) == ("clientele", "views")
    subprocess.run(command_line(*arguments), env=environment_of(home), check=True, timeout=120)
    (view,) = read_views(home / "views", "support")
    assert view.state == {"range": ["all_time"], "search": ['it\'s "so"'], "sort": ["-mrr"]}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "cannot be read: Invalid JSON"),
        (
            '{"chatbot_id": "support", "views": [{"table": "organizations", "name": "A"}]}',
            "views: 0: state: Field required",
        ),
        ('{"chatbot_id": "kolkata", "views": []}', "are of another chatbot than its name says"),
        (
            '{"chatbot_id": "support", "views": [%s, %s]}' % (('{"table": "users", "name": "A", "state": {}}',) * 2),
            "users has two views called A",
        ),
    ],
)
def test_a_broken_file_is_a_sentence_on_the_pages_of_its_chatbot_alone(home, client, content, fault):
    (home / "views").mkdir()
    (home / "views/support.json").write_text(content)
    page = client.get(f"{PAGE}?range=all_time")
    assert page.status_code == 200
    assert re.search(r'role="alert">The views in support\.json [^<]*', page.text)
    assert fault in html.unescape(page.text)
    assert page.text.count('<tr role="row">') == 21
    assert "support.json" not in client.get("/platform/kolkata/organizations").text
    assert fault in " ".join(clientele(home, "save", "A", PAGE, fails=True).split())
    save_view(home / "views", "kolkata", SavedView(table="users", name="Sound", state={}))
    assert fault in " ".join(clientele(home, "list", fails=True).split())
    assert links(client, "/platform/kolkata/users") == {"Sound": "/platform/kolkata/users"}


def test_a_view_that_fits_no_more_is_listed_with_its_fault_and_opens_a_page_that_says_it(home, client):
    view = SavedView(table="organizations", name="Old", state={"columns": ["custom.gone"]})
    save_view(home / "views", "support", view)
    assert "opens no page: columns: Unknown column: custom.gone" in clientele(home, "list")
    answer = client.get(links(client)["Old"])
    assert answer.status_code == 200
    assert "This link does not fit this table" in answer.text


def test_a_chatbots_views_are_for_those_who_see_it_and_addresses_for_those_who_see_addresses(home):
    for chatbot, name, searched in (
        ("support", "Of support", "a"),
        ("support", "With an address", "p1@example.com"),
        ("kolkata", "Kolkata view", "b"),
        (AWKWARD, "Awkward", "c"),
    ):
        save_view(home / "views", chatbot, SavedView(table="users", name=name, state={"search": [searched]}))
    users = "/platform/support/users"
    both = client_of(home / "published", "support", views=home / "views")
    assert list(links(both, users)) == ["Of support", "With an address"]
    assert both.get("/platform/kolkata/users").status_code == 404
    unseeing = client_of(home / "published", "support", rights=(), views=home / "views")
    assert list(links(unseeing, users)) == ["Of support"]
    assert "p1@example.com" not in unseeing.get(users).text
    other = client_of(home / "published", AWKWARD, views=home / "views")
    assert list(links(other, "/platform/eu%2Fneu%20%C3%A9/users")) == ["Awkward"]
    assert sorted(path.name for path in (home / "views").glob("*.json")) == [
        "eu%2Fneu%20%C3%A9.json",
        "kolkata.json",
        "support.json",
    ]


def test_views_saved_at_once_are_all_kept(tmp_path):
    def save(number: int) -> None:
        save_view(tmp_path, "support", SavedView(table="users", name=f"View {number}", state={}))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {view.name for view in read_views(tmp_path, "support")} == {f"View {number}" for number in range(12)}


def test_a_view_opens_in_place_and_closes_its_panel(home):
    views = home / "views"
    save_view(views, "support", SavedView(table="organizations", name="By MRR", state={"sort": ["-mrr"]}))
    with (
        serving(home / "published", lambda: NOW, views=views) as address,
        launched() as browser,
        visiting(browser, address) as page,
    ):
        page.goto(f"{address}{PAGE}?range=all_time")
        page.locator("#views-button").press("Enter")
        page.get_by_role("navigation", name="Saved views").get_by_role("link", name="By MRR").press("Enter")
        eventually(lambda: heading(page, "mrr").get_attribute("aria-sort"), "descending")
        assert page.evaluate("location.search") == "?sort=-mrr"
        assert page.locator(":popover-open").count() == 0
