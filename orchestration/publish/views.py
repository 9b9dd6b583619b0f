"""The views of a snapshot, for tools that call no function: both tables by period and by month, and who was at risk.

Each is a join of days with the table macro itself, so what a row means is said in `table_macros.sql` alone, and in
`organization_risk.sql`. Which days a period has is the business of `periods.sql`.
"""

from pathlib import Path

import duckdb

PERIODS_SQL = Path(__file__).with_name("periods.sql")
RISK_SQL = Path(__file__).with_name("organization_risk.sql")
TABLES = ("organizations", "users")
# The periods that have a view for each of the two tables.
VIEWED = ("today", "this_week", "this_month", "last_month", "last_30_days", "this_year", "all_time")
MONTHS = {"organizations": "organization_months", "users": "user_months"}
RISK_DAYS = "organization_risk_days"

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
_RISK_DAYS = f"""
create view {RISK_DAYS} as
select asked.chatbot_id, shown.*
from
    (select chatbot_id from chatbots) as asked,
    lateral (select * from organization_risk(asked.chatbot_id, null, null)) as shown
"""


def views() -> dict[str, str]:
    """SQL that creates each view, by its name; the macros of the SQL files come before them."""
    made = {f"{table}_{period}": _PERIOD.format(table=table, period=period) for table in TABLES for period in VIEWED}
    months = {view: _MONTH.format(view=view, table=table) for table, view in MONTHS.items()}
    return made | months | {RISK_DAYS: _RISK_DAYS}


def write_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views in the database in use, which holds its tables and the macros of both tables."""
    for macros in (PERIODS_SQL, RISK_SQL):
        connection.execute(macros.read_text(encoding="utf-8"))
    for sql in views().values():
        connection.execute(sql)
