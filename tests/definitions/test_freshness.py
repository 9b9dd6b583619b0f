"""Freshness is judged by the data: a refresh that succeeds on an inbox nothing reaches any more is still stale."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.defs.publish.checks import data_is_recent
from orchestration.settings import Settings


@pytest.mark.parametrize(("age", "passed"), [(timedelta(hours=35), True), (timedelta(hours=37), False), (None, False)])
def test_data_that_ends_more_than_36_hours_ago_is_warned_of(
    tmp_path: Path, age: timedelta | None, passed: bool
) -> None:
    through = None if age is None else datetime.now(UTC).replace(tzinfo=None) - age
    settings = Settings(home=tmp_path)
    settings.published.mkdir()
    with duckdb.connect(str(settings.published / "current.duckdb")) as connection:
        connection.execute("create table snapshot_info as select cast(? as timestamp) as data_through", [through])
    assert data_is_recent(settings=settings).passed is passed
