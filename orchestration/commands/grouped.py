"""Commands with commands of their own, each in a module that is loaded when it is asked for.

What the others need (the pages, the search for traces) would cost every start of `clientele` half a second.
"""

from importlib import import_module
from typing import Any

from typer.core import TyperGroup
from typer.main import get_group

GROUPS = ("erase", "identity", "quarantine", "tokens", "views")


class LoadedWhenAsked(TyperGroup):
    """The group of all commands: those of `main.py`, and `app` of the module that each of GROUPS names."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, as `--help` lists them: those of `main.py` first."""
        return [*super().list_commands(ctx), *GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None where there is none."""
        if cmd_name in GROUPS:
            group = get_group(import_module(f"orchestration.commands.{cmd_name}").app)
            group.name = cmd_name
            return group
        return super().get_command(ctx, cmd_name)
