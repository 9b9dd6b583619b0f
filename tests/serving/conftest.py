"""What the tests of delivery share: a published directory, the application over it, and SQL on the same snapshot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from tests.serving.published_fixture import NOW, publish, read
from tests.serving.random_questions import EXCLUSIONS, spread_rows

pytest.register_assert_rewrite("browser")

BASE = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published directory that no test changes."""
    directory = tmp_path_factory.mktemp("published")
    publish(directory)
    return directory


@pytest.fixture(scope="session")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published directory of rows spread over three months, with accounts that are left out; no test changes it."""
    directory = tmp_path_factory.mktemp("spread")
    publish(directory, spread_rows(), exclusions=EXCLUSIONS)
    return directory


@pytest.fixture(scope="session")
def client(published: Path) -> TestClient:
    return TestClient(create_app(published, clock=lambda: NOW), BASE, raise_server_exceptions=True)


@pytest.fixture(scope="session")
def get(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Ask the API for a table of the chatbot `support`, over all time unless a range is given."""

    def ask(table: str, chatbot: str = "support", **parameters: Any) -> dict[str, Any]:
        if not parameters.keys() & {"range", "first_day", "last_day"}:
            parameters["range"] = "all_time"
        answer = client.get(f"/api/v1/chatbots/{chatbot}/{table}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture(scope="session")
def sql(published: Path) -> Callable[..., list[tuple]]:
    """Run SQL on the published file, as an analyst would."""

    def run(statement: str, *parameters: Any) -> list[tuple]:
        return read(published, statement, *parameters)

    return run
