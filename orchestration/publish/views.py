"""The views of a snapshot, for tools that call no function: both tables by period, and by calendar month.

Each is a join of days with the table macro itself, so what a row means is said in `table_macros.sql` alone. Which days
a period has is the business of `periods.sql`.
"""

from pathlib import Path

import duckdb

PERIODS_SQL = Path(__file__).with_name("periods.sql")
TABLES = ("organizations", "users")
# The periods that have a view for each of the two tables.
VIEWED = ("today", "this_week", "this_month", "last_month", "last_30_days", "this_year", "all_time")
MONTHS = {"organizations": "organization_months", "users": "user_months"}

# Filtered before the join: behind it, DuckDB 1.4 takes thirty times as long.
_PERIOD = """
create view {table}_{period} as
select asked.chatbot_id, shown.*
from
    (select chatbot_id, first_day, last_day from periods where period = '{period}') as asked,
    lateral (select * from {table}(asked.chatbot_id, asked.first_day, asked.last_day)) as shown
"""
_MONTH = """
create view {view} as
select asked.chatbot_id, asked.first_day as month, shown.*
from
    (
        select distinct
            days.chatbot_id,
            make_date(year(days.activity_date), month(days.activity_date), 1) as first_day,
            last_day(days.activity_date) as last_day
        from fct_conversation_days as days
    ) as asked,
    lateral (select * from {table}(asked.chatbot_id, asked.first_day, asked.last_day)) as shown
"""


def views() -> dict[str, str]:
    """SQL that creates each view, by its name; `periods.sql` comes before them."""
    made = {f"{table}_{period}": _PERIOD.format(table=table, period=period) for table in TABLES for period in VIEWED}
    return made | {view: _MONTH.format(view=view, table=table) for table, view in MONTHS.items()}


def write_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views in the database in use, which holds the marts, `zone_offsets` and the table macros."""
    connection.execute(PERIODS_SQL.read_text(encoding="utf-8"))
    for sql in views().values():
        connection.execute(sql)
