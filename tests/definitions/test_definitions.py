"""The Dagster definitions load, and say what the project promises. Nothing is run here."""

import tomllib
from pathlib import Path

import dagster as dg
import pytest

from orchestration.commands.main import CODE_LOCATION
from orchestration.definitions import build_defs
from orchestration.defs.extract.assets import every_line_has_one_outcome
from orchestration.defs.partitions import ARRIVAL_DAYS
from orchestration.defs.publish.assets import FRESHNESS
from orchestration.defs.settings.assets import settings_files
from orchestration.refresh.instance import LOCATION, prepare_instance
from orchestration.refresh.run import DELIVERIES
from orchestration.settings import DBT_PROJECT, PROJECT, Settings

SNAPSHOT = dg.AssetKey("snapshot")
MARTS = {
    "chatbots",
    "custom_fields",
    "dim_custom_values",
    "dim_organizations",
    "dim_users",
    "fct_conversation_days",
    "fct_organization_days",
    "fct_user_days",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    """Every asset that a run can make, by key."""
    not_made = ("default", "settings", "serving")
    return {spec.key: spec for spec in definitions.resolve_all_asset_specs() if spec.group_name not in not_made}


def checks_of(definitions: dg.Definitions, *key: str) -> dict[str, dg.AssetCheckSpec]:
    """The checks that the op of an asset makes, by name."""
    return {spec.name: spec for spec in definitions.resolve_assets_def(list(key)).check_specs}


def test_every_dbt_model_is_in_exactly_one_op(definitions: dg.Definitions) -> None:
    op = definitions.resolve_assets_def(["marts", "fct_conversation_days"])
    assert {key.path[-1] for key in op.keys} == {path.stem for path in DBT_PROJECT.glob("models/**/*.sql")}


def test_what_lands_is_partitioned_by_arrival_day_and_a_range_of_days_is_one_run(
    definitions: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    landed = set(definitions.resolve_assets_def(["raw", "requests"]).keys)
    for key in specs:
        expected = (ARRIVAL_DAYS, dg.BackfillPolicy.single_run()) if key in landed else (None, None)
        made_by = definitions.resolve_assets_def(key)
        assert (made_by.partitions_def, made_by.backfill_policy) == expected, key


def test_every_mart_flows_into_the_snapshot(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    marts = {dep.asset_key for dep in specs[SNAPSHOT].deps if dep.asset_key.path[0] == "marts"}
    assert marts == {dg.AssetKey(["marts", name]) for name in MARTS}


def test_staging_reads_the_raw_assets(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for model, table in {
        "requests": "requests",
        "messages": "messages",
        "analyses": "analyses",
        "custom_fields": "custom_fields",
        "scores": "scores",
    }.items():
        parents = {dep.asset_key for dep in specs[dg.AssetKey(["staging", f"stg_{model}"])].deps}
        assert dg.AssetKey(["raw", table]) in parents & set(specs)


def test_the_tests_of_the_models_are_blocking_checks(definitions: dg.Definitions) -> None:
    checks = checks_of(definitions, "marts", "fct_conversation_days")
    for test in DBT_PROJECT.glob("tests/*.sql"):
        assert test.stem in checks, f"{test.name} needs config meta.dagster.ref to be an asset check"


def test_receipts_that_do_not_add_up_block_what_follows() -> None:
    assert [spec.blocking for spec in every_line_has_one_outcome.check_specs] == [True]


def test_the_daily_schedule_is_on_and_runs_the_refresh_job(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("daily_refresh")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "refresh" == definitions.resolve_sensor_def("new_input").job_name


def test_no_policy_tries_again_what_a_person_stops(
    definitions: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    assert [key for key in specs if definitions.resolve_assets_def(key).op.retry_policy] == []


def test_whatever_opens_the_warehouse_shares_a_pool(
    definitions: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    assert {definitions.resolve_assets_def(key).op.pool for key in specs} == {"warehouse"}


def test_the_snapshot_says_when_it_is_too_old(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    assert specs[SNAPSHOT].freshness_policy == FRESHNESS


def test_every_asset_has_an_owner_a_description_and_its_columns_and_every_check_a_description(
    definitions: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    for spec in definitions.resolve_all_asset_specs():
        if spec.group_name != "default":
            assert spec.owners == ["team:clientele"], spec.key
            assert spec.description, spec.key
    without = {key for key, spec in specs.items() if "dagster/column_schema" not in spec.metadata}
    assert without == {SNAPSHOT, *map(dg.AssetKey, DELIVERIES)}
    for check in definitions.resolve_asset_graph().asset_check_keys:
        assert definitions.resolve_asset_graph().get(check).description, check


def test_the_files_that_people_write_are_observed_and_their_content_is_their_version(
    definitions: dg.Definitions, tmp_path: Path
) -> None:
    look = dg.define_asset_job("look", selection=dg.AssetSelection.assets(*settings_files.keys))
    made = dg.Definitions([settings_files], jobs=[look], resources={"settings": Settings(home=tmp_path)})
    job = made.resolve_job_def("look")

    def versions() -> dict[str, str | None]:
        with dg.DagsterInstance.ephemeral() as instance:
            job.execute_in_process(instance=instance)
            newest = {key: instance.fetch_observations(key, limit=1).records for key in settings_files.keys}
        return {key.path[-1]: one.asset_observation.data_version for key, (one,) in newest.items()}

    before = versions()
    assert set(before) == {"chatbots", "identity", "exclude", "labels"}
    (tmp_path / "exclude.csv").write_text("chatbot_id,kind,value,reason\n", encoding="utf-8")
    after = versions()
    assert {name for name in before if before[name] != after[name]} == {"exclude"}
    snapshot = next(spec for spec in definitions.resolve_all_asset_specs() if spec.key == SNAPSHOT)
    assert dg.AssetKey(["inputs", "exclude"]) in {dep.asset_key for dep in snapshot.deps}


def test_pages_api_and_exports_stand_behind_the_snapshot(definitions: dg.Definitions) -> None:
    behind = {spec.key.path[-1] for spec in definitions.resolve_all_asset_specs() if spec.group_name == "serving"}
    assert behind == {"organizations_page", "users_page", "api", "exports"}


def test_what_carries_the_snapshot_on_stands_behind_it_in_the_same_job(
    definitions: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    behind = {key.path[-1] for key, spec in specs.items() if SNAPSHOT in {dep.asset_key for dep in spec.deps}}
    assert behind == {*DELIVERIES}
    assert behind <= {key.path[-1] for key in definitions.resolve_job_def("refresh").asset_layer.selected_asset_keys}


def test_the_instance_shows_no_dialog_about_newsletters_and_runs_of_the_command_line_in_the_timeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert not instance.nux_enabled
    assert {".dagster/repository": f"__repository__@{CODE_LOCATION[-1]}"} == LOCATION
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    assert declared["code_location_name"] == CODE_LOCATION[-1]
