"""What a refresh imports, imported: the server that `commands.py` forks from loads this module once. Nothing else.

What reads the data home when it is loaded, our definitions, is left to the command: the partitions begin with its data.
Dagster comes before dbt, as there.
"""

import gc

import adbc_driver_postgresql.dbapi
import alembic.command
import dagster
import dagster._core.execution.execute_in_process
import dagster._core.storage.sqlite_storage
import dagster.components.core.snapshot
import dagster_dbt
import dbt.adapters.duckdb.connections
import dbt.cli.main
import pandas
import tabulate

import orchestration.commands.main
import orchestration.defs.reporting
import orchestration.erasure.absence
import orchestration.publish.bucket
import orchestration.publish.postgres.publication
import orchestration.publish.snapshot
import orchestration.refresh.run
import orchestration.transform.by_hand

gc.freeze()  # what stays is not looked through in every fork
