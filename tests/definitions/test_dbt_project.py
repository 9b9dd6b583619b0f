"""The dbt project: its unit tests pass, everything is described, and YAML stands where dbt reads it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestration.settings import DBT_PROJECT
from orchestration.transform.dbt_manifest import ensure_manifest


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads(ensure_manifest(DBT_PROJECT).read_text(encoding="utf-8"))


def test_the_unit_tests_of_the_models_pass(tmp_path: Path) -> None:
    def dbt(*arguments: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), *arguments, "--target-path", tmp_path / "target"],
            cwd=DBT_PROJECT,
            env={**os.environ, "CLIENTELE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    dbt("run", "--empty")
    assert "PASS=7 WARN=0 ERROR=0 SKIP=0" in dbt("test", "--select", "test_type:unit")
    dbt("docs", "generate")
    assert (tmp_path / "target" / "catalog.json").exists()


def test_every_model_and_column_is_described_and_says_its_grain(manifest: dict) -> None:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            assert node["description"].startswith("One row per"), node["name"]
            for column in node["columns"].values():
                assert column["description"], (node["name"], column["name"])


def test_every_model_with_rows_has_a_grain_that_the_test_of_its_layer_demands(manifest: dict) -> None:
    tested = {
        parent.split(".")[-1]
        for name in ("staged", "touched", "mart")
        for parent in manifest["nodes"][f"test.clientele.{name}_rows_have_a_grain"]["depends_on"]["nodes"]
    }
    with_grain = {
        node["name"]: set(node["config"]["meta"]["grain"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "grain" in node["config"]["meta"]
    }
    assert tested == with_grain.keys()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] != "view":
            assert with_grain[node["name"]] <= node["columns"].keys(), node["name"]


def test_every_mart_has_an_enforced_contract_with_all_its_columns(manifest: dict) -> None:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            assert node["contract"]["enforced"], node["name"]


def test_every_mart_has_an_exposure(manifest: dict) -> None:
    exposed = {parent.split(".")[-1] for one in manifest["exposures"].values() for parent in one["depends_on"]["nodes"]}
    marts = {path.stem for path in DBT_PROJECT.glob("models/marts/*.sql")}
    assert marts <= exposed


def test_models_say_nothing_under_a_misplaced_key() -> None:
    # dbt does not validate YAML on DuckDB: it is silently not read.
    for path in DBT_PROJECT.glob("models/**/*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            assert set(model) <= {"name", "description", "config", "columns", "time_spine"}, path
            assert set(model.get("config", {})) <= {"meta", "contract", "materialized"}, path
            assert set(model.get("config", {}).get("meta", {})) <= {"grain", "grain_within"}, path


def test_models_have_one_yaml_file_beside_each() -> None:
    models = {path.with_suffix("") for path in DBT_PROJECT.glob("models/**/*.sql")}
    described = {path.with_suffix("") for path in DBT_PROJECT.glob("models/**/*.yml")}
    assert models <= described
