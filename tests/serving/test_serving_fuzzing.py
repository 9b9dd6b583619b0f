"""Questions that nobody thought of: every route answers what its description says, and never fails.

A real server is asked over HTTP. `make fuzz` asks it for long, and otherwise each time.
"""

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving.http.app import create_app
from serving.http.limits import Limits
from tests.serving.browser import serving
from tests.serving.published_fixture import NOW

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
SHORT = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Random ids lead nowhere: most of these lead somewhere.
IDS = {
    "chatbot_id": ["support", "support", "kolkata", "quiet", "eu/neu é", "nobody", "../support", "%2e%2e"],
    "entity_id": ["00123", "cmd", "mover", "o1", "u1-0", "id:totals", "id:..", "nobody", "%", "\x00"],
    "organization_id": ["00123", "o1", "o2", "", "nobody", "\U0001f600"],
    "user_id": ["mover", "u1-0", "", "nobody"],
}


def questions() -> Iterator[tuple[str, GenerationMode]]:
    """Yield every route that is described, with good parameters and, where it takes any, with bad ones."""
    for path, methods in sorted(create_app(Path("/nowhere")).openapi()["paths"].items()):
        yield path, GenerationMode.POSITIVE
        if any(one["in"] == "query" for one in methods["get"].get("parameters", [])):
            yield path, GenerationMode.NEGATIVE


@pytest.fixture(scope="module")
def server(spread: Path) -> Iterator[str]:
    with serving(spread, lambda: NOW, limits=Limits(exports_per_minute=10**6)) as address:
        yield address


@pytest.fixture(scope="module")
def described(server: str) -> dict[GenerationMode, Any]:
    """Return the server's description for good questions, whose ids are known, and for bad ones, with any id."""
    description = requests.get(f"{server}/openapi.json", timeout=60).json()
    load_all_checks()
    return {
        mode: schemathesis.openapi.from_dict(with_ids(description, places))
        for mode, places in {GenerationMode.POSITIVE: ("path", "query"), GenerationMode.NEGATIVE: ("path",)}.items()
    }


def with_ids(description: dict[str, Any], places: tuple[str, ...]) -> dict[str, Any]:
    description = copy.deepcopy(description)
    for methods in description["paths"].values():
        for parameter in methods["get"].get("parameters", []):
            if parameter["name"] in IDS and parameter["in"] in places:
                schema = parameter["schema"]
                schema.get("items", schema)["enum"] = IDS[parameter["name"]]
    return description


@pytest.mark.parametrize(("path", "mode"), list(questions()))
def test_every_answer_to_a_random_question_is_as_described(server, described, path, mode) -> None:
    """What fits the description one by one may still not go together: then it is refused, as described."""

    @SHORT
    @given(case=described[mode][path]["GET"].as_strategy(generation_mode=mode))
    def asked(case: Case) -> None:
        case.call_and_validate(base_url=server, excluded_checks=[positive_data_acceptance])

    asked()
