"""Writes what people call a chatbot's own fields beside them. The file is read in `home/labels.py`.

It is done here and not in the models, because a label changes no number: another one publishes, and rebuilds nothing.
"""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from orchestration.home.labels import COLUMNS, Label


def write_labels(connection: duckdb.DuckDBPyConnection, labels: Sequence[Label]) -> None:
    """Give `custom_fields` of the database in use the column `label`, null where a field has none."""
    columns = [pa.array([getattr(one, name) for one in labels], pa.string()) for name in COLUMNS]
    connection.register("given_labels", pa.Table.from_arrays(columns, names=list(COLUMNS)))
    connection.execute("alter table custom_fields add column label varchar")
    connection.execute(
        "update custom_fields set label = given_labels.label from given_labels"
        " where custom_fields.chatbot_id = given_labels.chatbot_id and custom_fields.field = given_labels.field"
    )
    connection.unregister("given_labels")
