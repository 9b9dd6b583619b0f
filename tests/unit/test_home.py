"""A data home that is not there yet, and one that cannot be one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.main import app
from orchestration.errors import PipelineError
from orchestration.settings import load_settings


def test_the_status_of_a_home_that_is_not_there_says_so_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path / "new" / "home"))
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.exception
    assert "nothing yet" in shown.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["what?", "a%41b"])
def test_a_home_where_dagster_would_write_beside_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path / name))
    with pytest.raises(PipelineError, match=r"CLIENTELE_HOME is .* name another one\."):
        load_settings()


@pytest.mark.parametrize("name", ["100 %", "50%off", 'it\'s #1; "ü"'])
def test_any_other_name_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path / name))
    assert load_settings().home == tmp_path / name
