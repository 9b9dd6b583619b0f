"""The schedule and the sensor ask for a run when there is something to do, over the arrival days that wait."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.defs.automation import daily_refresh, new_input
from orchestration.defs.partitions import FIRST_ARRIVAL, LAST_ARRIVAL
from orchestration.errors import PipelineError
from orchestration.extract.landing.land import land
from orchestration.settings import Settings
from tests.support.requests import capture, deliver, said

LINE = capture("c1", said("m1", "2026-11-01T10:00:00Z"), received_at="2026-11-02T00:10:00Z")
RANGE = {FIRST_ARRIVAL: "2026-11-02", LAST_ARRIVAL: "2026-11-02"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def tick_of_schedule(settings: Settings) -> Any:
    context = dg.build_schedule_context(
        resources={"settings": settings}, scheduled_execution_time=datetime(2026, 11, 3, 5, tzinfo=UTC)
    )
    return daily_refresh.evaluate_tick(context)


def tick_of_sensor(settings: Settings) -> Any:
    return new_input.evaluate_tick(dg.build_sensor_context(resources={"settings": settings}))


@pytest.mark.parametrize("tick", [tick_of_schedule, tick_of_sensor])
def test_new_input_asks_for_a_run_over_its_arrival_days(settings: Settings, tick: Callable[[Settings], Any]) -> None:
    deliver(settings.home, LINE)
    (request,) = tick(settings).run_requests
    assert RANGE.items() <= request.tags.items()


@pytest.mark.parametrize("tick", [tick_of_schedule, tick_of_sensor])
def test_without_new_input_nothing_runs_and_the_tick_says_why(
    settings: Settings, tick: Callable[[Settings], Any]
) -> None:
    ticked = tick(settings)
    assert ticked.run_requests == []
    assert ticked.skip_message


def test_what_was_landed_by_a_run_that_died_is_asked_for_again(settings: Settings) -> None:
    deliver(settings.home, LINE)
    land(settings.home, "died")
    (request,) = tick_of_schedule(settings).run_requests
    assert RANGE.items() <= request.tags.items()


def test_lines_without_a_readable_arrival_day_are_reason_enough_for_a_run(settings: Settings) -> None:
    deliver(settings.home, b"{broken")
    (request,) = tick_of_schedule(settings).run_requests
    today = datetime.now(UTC).date().isoformat()
    assert request.tags[FIRST_ARRIVAL] == today
    land(settings.home, "read")
    assert tick_of_schedule(settings).run_requests == []


def test_a_fault_in_the_settings_files_fails_the_tick_and_names_the_line(settings: Settings) -> None:
    deliver(settings.home, LINE)
    (settings.home / "chatbots.csv").write_text("chatbot_id,time_zone\nsupport,Mars/Base\n", encoding="utf-8")
    with pytest.raises(Exception, match="daily_refresh") as failure:
        tick_of_schedule(settings)
    assert isinstance(failure.value.__cause__, PipelineError)
    assert "chatbots.csv, line 2: time_zone 'Mars/Base' is not known" in str(failure.value.__cause__)
