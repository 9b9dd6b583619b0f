"""What sentences and pages tell people to type."""

import re
from pathlib import Path

import click
import typer

from orchestration.commands.main import app
from serving.pages.quality import CONFLICTS

ROOT = Path(__file__).parents[2]
PLACES = [
    *(path for folder in ("orchestration", "serving") for path in sorted((ROOT / folder).rglob("*.py"))),
    *sorted((ROOT / "serving").rglob("*.html")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "README.md",
]
NAMED = re.compile(r"(?:`|<code>|bin/)clientele ((?:[a-z]+)(?: [a-z]+)?)")


def test_every_command_that_anything_names_is_one() -> None:
    named = {command for path in PLACES for command in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert {"refresh", "identity suggest", "tokens create"} <= named
    assert [command for command in sorted(named) if not is_command(command.split())] == []


def test_of_ids_that_stand_for_many_people_the_advice_is_the_command_that_lists_them() -> None:
    assert "`clientele identity placeholders`" in CONFLICTS["shared_ids"][-1]


def is_command(words: list[str]) -> bool:
    """Whether these words are a command; of one that has no commands of its own, what follows is an argument."""
    found: click.Command | None = typer.main.get_command(app)
    for word in words:
        if not isinstance(found, click.Group):
            return True
        found = found.commands.get(word)
    return found is not None
