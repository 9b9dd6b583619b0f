"""What a refresh needs before it looks at a data home: the server that `commands.py` forks from loads this once.

That is what it imports, and what dbt and Dagster make on first use, whatever the home: their classes' readers and
writers, dbt's grammar, and the migrations of Dagster's databases. What reads the data home when it is loaded, our
definitions, is left to the command: the partitions begin with its data. Dagster comes before dbt, as there.
`tests/end_to_end` and whoever takes `command_line` begin from nothing.
"""

import gc
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import adbc_driver_postgresql.dbapi
import alembic.command
import babel.dates
import daff
import dagster
import dagster._core.execution.execute_in_process
import dagster._core.storage.sqlite_storage
import dagster.components.core.snapshot
import dagster_dbt
import dbt.adapters.duckdb.connections
import dbt.cli.main
import dbt.task.build
import fsspec.implementations.local
import pandas
import rich.live
import rich.status
import sqlparse
import tabulate
import tomlkit
import upath.implementations.local

import orchestration.commands.main
import orchestration.defs.reporting
import orchestration.erasure.absence
import orchestration.erasure.sweep
import orchestration.extract.landing.inventory
import orchestration.publish.bucket
import orchestration.publish.postgres.publication
import orchestration.publish.snapshot
import orchestration.refresh.run
import orchestration.transform.by_hand
from orchestration.settings import DBT_PROJECT
from orchestration.transform.dbt_manifest import ensure_manifest


def rehearse() -> None:
    """Have dbt list its models, and Dagster make the databases of an instance, in folders that are thrown away."""
    before, folder_before = dict(os.environ), Path.cwd()
    parsed = ensure_manifest(DBT_PROJECT).with_name("partial_parse.msgpack")
    with TemporaryDirectory() as folder:
        if parsed.exists():
            shutil.copy(parsed, folder)
        os.environ["CLIENTELE_HOME"] = folder
        places = {"project": DBT_PROJECT, "profiles": DBT_PROJECT}
        words = [word for name, place in places.items() for word in (f"--{name}-dir", str(place))]
        written = ["--target-path", folder, "--log-path", folder, "--no-write-json"]
        listed = dbt.cli.main.dbtRunner().invoke(["list", "--quiet", "--log-level", "none", *words, *written])
        assert listed.success, listed.exception
        with dagster.DagsterInstance.local_temp(folder) as instance:
            instance.get_runs()
    os.environ.clear()
    os.environ.update(before)
    os.chdir(folder_before)


rehearse()
gc.collect()
gc.freeze()  # what stays is not looked through in every fork
