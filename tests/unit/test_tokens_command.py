"""`clientele tokens` as a person uses it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.errors import PipelineError
from serving.access.tokens import AccessFile, BadAccessFile
from tests.serving.published_fixture import publish


@pytest.fixture
def clientele(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path))

    def run(*arguments: str, with_errors: bool = False):
        done = CliRunner().invoke(app, ["tokens", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output if with_errors else done.stdout

    return run


def test_a_token_is_made_listed_without_itself_and_revoked(clientele, tmp_path: Path) -> None:
    said = clientele("create", "BI server", "--chatbot", "support", "--export", "--days", "30")
    token = said.split()[-1]
    assert token.startswith("clientele_")
    assert "reads support, until" in said
    assert "downloads files" in said
    listed = clientele("list")
    assert "BI server" in listed
    assert token.split("_", 2)[2] not in listed
    (entry,) = AccessFile.read(tmp_path / "access.json").readers
    assert "is revoked" in clientele("revoke", entry.id)
    assert "revoked" in clientele("list")


def test_a_user_of_the_proxy_is_admitted_to_every_chatbot_for_ever(clientele, tmp_path: Path) -> None:
    clientele("admit", "ann@ourselves.example", "--all-chatbots", "--no-expiry")
    (entry,) = AccessFile.read(tmp_path / "access.json").readers
    assert (entry.name, entry.chatbots, entry.sha256, entry.expires_at) == ("ann@ourselves.example", None, None, None)


@pytest.mark.parametrize("which", [[], ["--chatbot", "support", "--all-chatbots"]])
def test_it_must_be_said_which_chatbots(clientele, which: list[str]) -> None:
    with pytest.raises(PipelineError, match="Say which chatbots"):
        clientele("create", "ann", *which)


def test_a_token_is_for_somebody(clientele) -> None:
    with pytest.raises(PipelineError, match="Say whom or what the token is for"):
        clientele("create", " ", "--all-chatbots")


def test_a_chatbot_of_which_nothing_is_published_is_named_beside_the_token(clientele, tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    publish(published)
    said = clientele("create", "ann", "--chatbot", "support", "--chatbot", "suport", with_errors=True)
    assert "Nothing of suport is published so far. There are: support, kolkata, eu/neu é, quiet." in said
    assert "published so far" not in clientele("create", "bob", "--chatbot", "support", with_errors=True)


def test_an_id_that_is_not_there_is_said(clientele) -> None:
    with pytest.raises(PipelineError, match="No open token or admission has the id 'x'"):
        clientele("revoke", "x")


def test_a_damaged_access_file_is_one_sentence_and_stays_as_it_is(clientele, tmp_path: Path) -> None:
    (tmp_path / "access.json").write_text("{", encoding="utf-8")
    with pytest.raises(PipelineError, match="cannot be read") as said:
        clientele("create", "ann", "--all-chatbots")
    assert not isinstance(said.value, BadAccessFile)
    assert (tmp_path / "access.json").read_text(encoding="utf-8") == "{"
