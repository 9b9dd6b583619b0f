"""The fast pipeline with real snapshots behind it: what a publication adds to the one before."""

import shutil
from pathlib import Path
from typing import Any

import duckdb

from orchestration.erasure.tombstones import read_tombstones
from orchestration.extract.landing.inventory import inventory_table
from orchestration.extract.landing.ledger import receipts_table
from orchestration.home.labels import read_labels
from orchestration.identity.exclusions import read_exclusions
from orchestration.identity.mapping import read_identity
from orchestration.publish.manifest import read_manifest
from orchestration.publish.raw_counts import count_raw
from orchestration.publish.snapshot import publish
from orchestration.settings import DBT_PROJECT
from orchestration.transform.dbt_manifest import ensure_manifest
from orchestration.transform.warehouse import processed_slices, read_build
from tests.support.pipeline import Pipeline, Row
from tests.support.requests import Line


class Publisher:
    """A data home whose runs are published."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.home = pipeline.home
        self.folder = pipeline.home / "published"
        self._manifest = ensure_manifest(DBT_PROJECT)

    def copied(self, home: Path) -> "Publisher":
        """The same data home in another place, to go on from what happened here."""
        self.pipeline.close()
        shutil.copytree(self.home, home, symlinks=True)
        pipeline = Pipeline(home, self.pipeline.project)
        pipeline.runs = self.pipeline.runs
        return Publisher(pipeline)

    def run(self, *lines: Line | bytes) -> "Publisher":
        """Deliver lines, refresh and publish."""
        self.pipeline.run(*lines)
        return self.publish()

    def publish(self) -> "Publisher":
        """Publish the last build, whether or not it is published already."""
        self.pipeline.close()
        build = read_build(self.pipeline.warehouse)
        assert build is not None
        erased = read_tombstones(self.home)
        publish(
            self.pipeline.warehouse,
            self.folder,
            receipts_table(self.home),
            inventory_table(self.home),
            build,
            self._manifest,
            expected=count_raw(self.home, processed_slices(self.pipeline.warehouse), str(erased.generation)),
            keep=3,
            erased=erased,
            exclusions=read_exclusions(self.home / "exclude.csv", read_identity(self.home / "identity.csv")),
            labels=read_labels(self.home / "labels.csv"),
        )
        return self

    @property
    def manifest(self) -> dict[str, Any]:
        """What the current snapshot says of itself."""
        return read_manifest(self.folder) or {}

    def query(self, sql: str, *values: Any) -> list[Row]:
        """Rows of the current snapshot."""
        return Snapshot(self.home).query(sql, list(values))


class Snapshot:
    """The current snapshot of a data home, opened anew for every query, as a consumer would."""

    def __init__(self, home: Path) -> None:
        self._link = home / "published" / "current.duckdb"

    def query(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Rows of a query, by column name."""
        with duckdb.connect(str(self._link.resolve()), read_only=True) as connection:
            cursor = connection.execute(sql, values or [])
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
