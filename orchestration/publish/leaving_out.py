"""The marts as a snapshot holds them: without the conversations that `exclude.csv` leaves out, which stand beside them.

What is left out is the business of `leaving_out.sql`. It is done here and not in the models, because it depends on the
e-mails that users have now, and is undone without a rebuild when a line of the file is deleted.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.identity.exclusions import COLUMNS, Exclusion

LEAVING_OUT = Path(__file__).with_name("leaving_out.sql")
# The tables made, with the marts' names for what is shown unasked.
MARTS = (
    "fct_conversation_days",
    "fct_user_days",
    "fct_organization_days",
    "dim_users",
    "dim_organizations",
    "dim_custom_values",
    "custom_fields",
    "chatbots",
)
# What is left out, by the table whose columns it has.
LEFT_OUT = {
    "excluded_conversation_days": "fct_conversation_days",
    "excluded_users": "dim_users",
    "excluded_organizations": "dim_organizations",
    "excluded_custom_values": "dim_custom_values",
    "exclusions": "exclusions",
}


def write_marts(connection: duckdb.DuckDBPyConnection, marts: str, exclusions: Sequence[Exclusion]) -> None:
    """Make the tables in the database in use, from the marts of another one: `marts` is its schema as SQL.

    The connection knows the function `normalised`.
    """
    rules = [[getattr(one, name) for one in exclusions] for name in COLUMNS]
    table = pa.Table.from_arrays([pa.array(values, pa.string()) for values in rules], names=list(COLUMNS))
    connection.register("given_rules", table)
    connection.execute("create or replace temp table rules as select * from given_rules")
    connection.unregister("given_rules")
    connection.execute(LEAVING_OUT.read_text(encoding="utf-8").replace(" marts.", f" {marts}."))
