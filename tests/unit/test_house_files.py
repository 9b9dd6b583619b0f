"""The files that a stranger looks for first say what is so: settings, checks, services and versions."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from orchestration.commands.main import app
from orchestration.publish.postgres.publication import OLDEST_VERSION
from orchestration.settings import PROJECT, Settings


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def parsed(name: str) -> Any:
    return yaml.safe_load(read(name))


def test_every_setting_stands_in_the_example_with_its_default_and_in_the_readme() -> None:
    shown = dict(re.findall(r"^#(\w+)=(.*)$", read(".env.example"), re.MULTILINE))
    variables = {field.alias or f"CLIENTELE_{name.upper()}": field for name, field in Settings.model_fields.items()}
    assert shown.keys() == variables.keys()
    for variable, field in variables.items():
        assert shown[variable] == ("data" if variable == "CLIENTELE_HOME" else str(field.default))
        assert f"`{variable}`" in read("README.md")


def test_a_commit_is_checked_by_what_make_check_runs() -> None:
    (repository,) = parsed(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make check"]


def test_ci_runs_what_a_person_runs_on_every_supported_python() -> None:
    (job,) = parsed(".github/workflows/ci.yml")["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13"]
    supported = tomllib.loads(read("pyproject.toml"))["project"]["requires-python"]
    assert supported == f">={versions[0]},<3.{int(versions[-1].split('.')[1]) + 1}"
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test PYTHON=python${{ matrix.python }}"]


def test_the_services_are_commands_that_exist_and_share_one_data_home() -> None:
    compose = parsed("compose.yaml")
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    services = {name: service for name, service in compose["services"].items() if "build" in service}
    assert services.keys() == {"webserver", "daemon", "serve"}
    for service in services.values():
        assert set(service["command"]) <= commands
        assert service["volumes"] == ["home:/data"]
    image = read("Dockerfile")
    assert image.splitlines()[1] == "FROM python:3.11-slim"
    assert "--require-hashes -r requirements.lock" in image
    assert "CLIENTELE_HOME=/data" in image


def test_the_services_publish_to_the_postgresql_beside_them_unless_a_person_names_another() -> None:
    services = parsed("compose.yaml")["services"]
    postgres = services["postgres"]
    image, _, version = postgres["image"].partition(":")
    assert (image, int(version) >= OLDEST_VERSION) == ("postgres", True)
    assert "listen_addresses=127.0.0.1" in postgres["command"]
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    named = postgres["environment"]
    url = f"postgresql://{named['POSTGRES_USER']}:{named['POSTGRES_PASSWORD']}@127.0.0.1:5432/{named['POSTGRES_DB']}"
    for name in ("webserver", "daemon"):
        assert services[name]["environment"] == {"CLIENTELE_POSTGRES_URL": f"${{CLIENTELE_POSTGRES_URL-{url}}}"}
        assert services[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_both_packages_say_that_they_are_typed() -> None:
    for package in ("orchestration", "serving"):
        assert (Path(PROJECT) / package / "py.typed").exists()
