"""The schedule and the sensor ask for a run when there is something to do, over the arrival days that wait."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from orchestration.defs.automation import daily_refresh, new_input
from orchestration.defs.partitions import FIRST_ARRIVAL, LAST_ARRIVAL
from orchestration.doctor.databases import is_sound, keep_copies
from orchestration.errors import PipelineError
from orchestration.extract.landing.land import land
from orchestration.home.locking import REFRESHING
from orchestration.publish.bucket import copy_snapshot
from orchestration.settings import Settings
from tests.support.pipeline import refresh
from tests.support.requests import capture, deliver, said

LINE = capture("c1", said("m1", "2026-11-01T10:00:00Z"), received_at="2026-11-02T00:10:00Z")
RANGE = {FIRST_ARRIVAL: "2026-11-02", LAST_ARRIVAL: "2026-11-02"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which all that arrived is published."""
    home = tmp_path_factory.mktemp("published")
    deliver(home, LINE)
    assert refresh(home).returncode == 0
    return Settings(home=home)


def tick_of_schedule(settings: Settings) -> Any:
    context = dg.build_schedule_context(
        resources={"settings": settings}, scheduled_execution_time=datetime(2026, 11, 3, 5, tzinfo=UTC)
    )
    return daily_refresh.evaluate_tick(context)


def tick_of_sensor(settings: Settings) -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        return new_input.evaluate_tick(dg.build_sensor_context(instance=instance, resources={"settings": settings}))


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


def test_where_a_read_api_is_set_the_schedule_asks_it_though_nothing_waits(settings: Settings) -> None:
    asking = settings.model_copy(update={"openbat_api_url": "https://api.example.com"})
    today = datetime.now(UTC).date().isoformat()
    (request,) = tick_of_schedule(asking).run_requests
    assert request.tags[FIRST_ARRIVAL] == request.tags[LAST_ARRIVAL] == today
    assert tick_of_sensor(asking).run_requests == []


def test_a_snapshot_that_is_nowhere_else_yet_is_carried_on_and_nothing_else_is_run(published: Settings) -> None:
    exports = published.home / "exports"
    behind = published.model_copy(update={"export_url": SecretStr(str(exports))})
    for tick in (tick_of_schedule, tick_of_sensor):
        (request,) = tick(behind).run_requests
        assert {key.path[-1] for key in request.asset_selection} == {"bucket", "postgres"}
    copy_snapshot(str(exports), published.published)
    assert tick_of_sensor(behind).run_requests == []


def test_a_server_that_is_away_is_one_run_of_the_sensor_and_one_of_each_schedule(published: Settings) -> None:
    away = published.model_copy(update={"postgres_url": SecretStr("postgresql://postgres:secret@127.0.0.1:1/x")})
    keys = [tick(away).run_requests[0].run_key for tick in (tick_of_sensor, tick_of_sensor, tick_of_schedule)]
    assert keys == [keys[0], keys[0], None]
    assert "cannot be reached" in keys[0]
    assert "secret" not in keys[0]


def test_a_fault_in_the_settings_files_fails_the_tick_and_names_the_line(settings: Settings) -> None:
    deliver(settings.home, LINE)
    (settings.home / "chatbots.csv").write_text("chatbot_id,time_zone\nsupport,Mars/Base\n", encoding="utf-8")
    with pytest.raises(Exception, match="daily_refresh") as failure:
        tick_of_schedule(settings)
    assert isinstance(failure.value.__cause__, PipelineError)
    assert "chatbots.csv, line 2: time_zone 'Mars/Base' is not known" in str(failure.value.__cause__)


def test_trap_70_days_that_a_backfill_of_raw_landed_are_processed_by_the_next_tick(settings: Settings) -> None:
    deliver(settings.home, LINE)
    land(settings.home, "backfill of raw")
    (request,) = tick_of_sensor(settings).run_requests
    assert RANGE.items() <= request.tags.items()


def test_ticks_that_overlap_ask_for_the_same_run_and_new_input_for_another(settings: Settings) -> None:
    deliver(settings.home, LINE)
    keys = [tick(settings).run_requests[0].run_key for tick in (tick_of_sensor, tick_of_sensor, tick_of_schedule)]
    assert keys[0] is not None
    assert keys == [keys[0], keys[0], None]  # the schedule tries again what failed
    deliver(settings.home, LINE | {"received_at": "2026-11-02T00:11:00Z"})
    assert tick_of_sensor(settings).run_requests[0].run_key not in keys


@pytest.mark.parametrize("tick", [tick_of_schedule, tick_of_sensor])
def test_a_tick_restores_a_damaged_ledger_before_it_asks_what_waits(
    settings: Settings, tick: Callable[[Settings], Any]
) -> None:
    deliver(settings.home, LINE)
    land(settings.home, "read")
    keep_copies(settings.home)
    ledger = settings.home / "raw" / "ledger.sqlite"
    ledger.write_bytes(b"junk" * 1000)
    (request,) = tick(settings).run_requests
    assert RANGE.items() <= request.tags.items()
    assert is_sound(ledger, "segments")


def test_the_sensor_waits_while_a_refresh_is_at_work(settings: Settings) -> None:
    deliver(settings.home, LINE)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"settings": settings})
        instance.create_run_for_job(dg.job(name="refresh")(lambda: None), status=dg.DagsterRunStatus.STARTED)
        assert new_input.evaluate_tick(context).run_requests == []
    holder = "import sys; from filelock import FileLock\nwith FileLock(sys.argv[1]): print(flush=True); input()"
    command = [sys.executable, "-c", holder, str(settings.home / REFRESHING)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert tick_of_sensor(settings).run_requests == []
        process.communicate(b"\n")
    assert len(tick_of_sensor(settings).run_requests) == 1


def test_the_sensor_and_the_schedule_are_on_by_default() -> None:
    assert new_input.default_status == dg.DefaultSensorStatus.RUNNING
    assert daily_refresh.default_status == dg.DefaultScheduleStatus.RUNNING
