"""Publications that carry the marts on, one behind each run of a history, each held against the marts themselves."""

from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.publish.carrying import ORDERS, carry_marts
from orchestration.publish.leaving_out import write_marts
from orchestration.transform.touched import mark_published, touched_since
from tests.support.pipeline import Pipeline


class Publications:
    """Of one data home; what was published lives as long as its warehouse stays open."""

    def __init__(self) -> None:
        self.build: str | None = None
        self.had_exclusions = False
        self.carried = 0

    def publish(self, pipeline: Pipeline) -> None:
        """Publish what the pipeline committed; what was carried on equals the marts, row by row."""
        connection = pipeline.connection()
        exclusions = read_exclusions(pipeline.home / "exclude.csv", read_identity(pipeline.home / "identity.csv"))
        is_open = connection.execute("select 1 from duckdb_databases() where database_name = 'carried'").fetchone()
        connection.execute("drop table if exists temp.touched")
        only_touched = touched_since(connection, self.build if is_open else None)
        if only_touched and not exclusions and not self.had_exclusions:
            connection.execute("use carried")
            assert carry_marts(connection, "warehouse.marts")
            connection.execute("use warehouse")
            self.carried += 1
            for table in ORDERS:
                ours, theirs = f"from carried.{table}", f"from warehouse.marts.{table}"
                differing = connection.execute(
                    f"({ours} except all {theirs}) union all ({theirs} except all {ours}) limit 3"
                ).fetchall()
                assert differing == [], f"{table} was not carried on as it is"
        else:
            connection.execute("detach database if exists carried; attach ':memory:' as carried; use carried")
            write_marts(connection, "warehouse.marts", exclusions)
            connection.execute("use warehouse")
        self.had_exclusions = bool(exclusions)
        ((self.build,),) = connection.execute("select build_id from state.build").fetchall()
        mark_published(pipeline.warehouse, self.build)
