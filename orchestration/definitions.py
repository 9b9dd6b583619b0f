"""The code location: loads everything in `defs/` and hands it its resources; nothing else."""

from pathlib import Path

import dagster as dg

from orchestration.defs.resources import resources
from orchestration.settings import Settings, load_settings


def build_defs(settings: Settings, console: dg.LoggerDefinition | None = None) -> dg.Definitions:
    """All definitions, with resources made from the given settings, and optionally another console logger."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(resources=resources(settings), loggers={"console": console} if console else None),
    )


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs(load_settings())
