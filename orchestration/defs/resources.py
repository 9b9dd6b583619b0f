"""What assets are handed: the settings and the dbt command line. Resources hold no connection."""

import sys
from pathlib import Path

from dagster_dbt import DbtCliResource

from orchestration.settings import DBT_PROJECT, Settings


def resources(settings: Settings) -> dict[str, object]:
    """Resources by the names that assets ask for."""
    return {
        "settings": settings,
        "dbt": DbtCliResource(
            project_dir=str(DBT_PROJECT),
            profiles_dir=str(DBT_PROJECT),
            dbt_executable=str(Path(sys.executable).with_name("dbt")),
        ),
    }
