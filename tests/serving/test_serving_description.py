"""The API's description tells every answer of every route, with examples that are as it says."""

import jsonschema
import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.tables.exports import FORMATS
from tests.serving.conftest import BASE
from tests.serving.published_fixture import NOW

CHATBOT = "/api/v1/chatbots/{chatbot_id}"


@pytest.fixture(scope="module")
def paths(client: TestClient) -> dict:
    return client.get("/openapi.json").json()["paths"]


def test_every_route_of_a_chatbot_tells_each_of_its_answers(paths) -> None:
    routes = {path: methods["get"] for path, methods in paths.items() if path.startswith(CHATBOT)}
    assert len(routes) == 12 + 2 + 2 + 2 + 1
    for path, route in routes.items():
        is_file = path.endswith(tuple(f".{one.suffix}" for one in FORMATS))
        of_files = {"403", "429"} if is_file else set()
        assert set(route["responses"]) == {"200", "304", "401", "404", "422", "503"} | of_files
        assert all(answer["description"] for answer in route["responses"].values())
        assert "ETag" in route["responses"]["200"]["headers"]
        assert all(one.get("description") for one in route["parameters"])


def test_the_receipts_parameters_are_those_of_both_tables(paths) -> None:
    def named(table: str) -> set[str]:
        return {one["name"] for one in paths[f"{CHATBOT}/{table}"]["get"]["parameters"]}

    assert named("conversations") == named("organizations") | named("users") | {"of", "device", "country"}
    texts = {one["name"]: one["description"] for one in paths[f"{CHATBOT}/conversations"]["get"]["parameters"]}
    assert [name for name, text in texts.items() if text.endswith(" With `of=organizations` alone.")] == [
        "organization_id_not",
        "users_min",
        "users_max",
    ]


def test_examples_are_as_the_description_says(paths) -> None:
    checked = 0
    for methods in paths.values():
        for parameter in methods["get"].get("parameters", []):
            if "example" in parameter:
                jsonschema.validate(parameter["example"], parameter["schema"])
                checked += 1
        for answer in methods["get"]["responses"].values():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    jsonschema.validate(content["example"], content["schema"])
                    checked += 1
    assert checked > 150


def test_an_example_of_rows_has_every_field(paths) -> None:
    for table in ("organizations", "users", "conversations"):
        content = paths[f"{CHATBOT}/{table}"]["get"]["responses"]["200"]["content"]["application/json"]
        assert set(content["example"]["rows"][0]) == set(content["schema"]["properties"]["rows"]["items"]["properties"])
        assert set(content["example"]) == set(content["schema"]["required"])


def test_nothing_published_is_said_as_described(tmp_path) -> None:
    client = TestClient(create_app(tmp_path, clock=lambda: NOW), BASE)
    for path in ("organizations", "users.csv", "conversations", "organizations/o", "users/totals", "quality"):
        answer = client.get(f"/api/v1/chatbots/support/{path}")
        assert (answer.status_code, list(answer.json())) == (503, ["detail"])
