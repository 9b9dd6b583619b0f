"""Names come from customers and from people who type: on a terminal they are texts, and nothing else."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from tests.serving.published_fixture import Rows, publish

# What the library that draws tables takes for an end, a colour and a link; what a terminal takes for a command.
HOSTILE = "[/gone] [red]Acme[/red] [link=x]y\x1b[2J"
SHOWN = "[/gone] [red]Acme[/red] [link=x]y\\x1b[2J"


def said(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("CLIENTELE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "400")
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_tables_show_names_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows()
    rows.chatbots[0] = ("support", HOSTILE, *rows.chatbots[0][2:])
    rows.organization("support", "o", HOSTILE, plan=HOSTILE)
    rows.user("support", "u", HOSTILE)
    rows.conversation("support", "2026-11-20T10:00:00", "u", "o")
    published = tmp_path / "published"
    published.mkdir()
    publish(published, rows)
    shown = said(tmp_path, monkeypatch, "tables", "--rows", "5")
    assert "\x1b" not in shown
    assert shown.count("[/gone]") >= 5
    assert SHOWN.split()[0] in shown


def test_tokens_are_listed_with_the_names_that_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = said(tmp_path, monkeypatch, "tokens", "create", HOSTILE, "--chatbot", HOSTILE)
    listed = said(tmp_path, monkeypatch, "tokens", "list")
    assert SHOWN in made
    assert listed.count(SHOWN) == 2
