"""The machine's clock was ahead and is set back: what is newer stays newer, for readers and for an erasure."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from orchestration.erasure.tombstones import request
from orchestration.home import clock
from tests.support.pipeline import Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import SUPPORT, capture, said


class Ahead(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Ahead":
        return cls(2031, 5, 1, tzinfo=tz)


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    """Of a home whose three snapshots come from the future."""
    publisher = Publisher(pipeline)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "datetime", Ahead)
        publisher.run(capture("c1", said("m1", "2026-03-01T10:00:00Z"), user={"id": "ann-7781"}))
        publisher.publish().publish()
    assert {name[:4] for name in snapshots(publisher)} == {"2031"}
    assert len(snapshots(publisher)) == 3
    return publisher


def snapshots(publisher: Publisher) -> list[str]:
    return sorted(path.name for path in (publisher.folder / "snapshots").iterdir())


def test_what_is_published_afterwards_is_the_newest_and_is_kept(publisher: Publisher) -> None:
    publisher.run(capture("c2", said("m1", "2026-03-02T10:00:00Z"), user={"id": "dev"}))
    assert len(publisher.query("from fct_conversation_days")) == 2
    assert publisher.manifest["snapshot_id"] == snapshots(publisher)[-1]


def test_an_erasure_reaches_the_snapshots_that_were_made_before_it(publisher: Publisher) -> None:
    request(publisher.home, SUPPORT, "user", ["ann-7781"], keep_counts=False)
    publisher.run(capture("c2", said("m1", "2026-03-02T10:00:00Z"), user={"id": "dev"}))
    assert [row["user_id"] for row in publisher.query("from dim_users")] == ["dev"]
    assert len(snapshots(publisher)) == 1


def test_a_folder_of_another_name_tells_no_time(tmp_path: Path) -> None:
    (tmp_path / "99990101").mkdir()
    assert clock.time_behind(tmp_path) <= datetime.now(UTC)
