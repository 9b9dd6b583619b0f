"""What assets are handed: the settings and the dbt command line. Resources hold no connection."""

import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from dagster_dbt import DbtCliResource
from packaging.version import Version

from orchestration.settings import DBT_PROJECT, Settings


class InstalledDbt(DbtCliResource):
    """The dbt of this environment, for assets that use nothing but what it prints.

    Before each run the parent starts dbt only to ask for its version, and builds an adapter, which fetches row counts
    and column metadata where an asset asks for them. No asset here does, and both took longer than most models.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: object) -> None:  # type: ignore[override]
        return None


def resources(settings: Settings) -> dict[str, object]:
    """Resources by the names that assets ask for."""
    return {
        "settings": settings,
        "dbt": InstalledDbt(
            project_dir=str(DBT_PROJECT),
            profiles_dir=str(DBT_PROJECT),
            dbt_executable=str(Path(sys.executable).with_name("dbt")),
        ),
    }
