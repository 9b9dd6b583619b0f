"""The libraries of a refresh, imported: the server that `commands.py` forks from loads this module once. Nothing else.

What is ours is left to the command: the partitions begin with the data of its home. Dagster comes first, as there.
"""

import dagster
import dagster_dbt
import dbt.adapters.duckdb.connections
import dbt.cli.main

import orchestration.refresh.run
