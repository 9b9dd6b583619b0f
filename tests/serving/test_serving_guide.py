"""What the guide to the API tells people to do works as it stands there."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from serving.http.limits import Limits
from serving.tables.parameters import LONGEST_QUERY, MOST_VALUES
from serving.tables.series import MOST_BUCKETS
from tests.serving.browser import serving
from tests.serving.published_fixture import NOW

GUIDE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
ADDRESSES = re.findall(rf"curl '{HERE}(.*?)'", GUIDE)


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    with serving(published, lambda: NOW) as served:
        yield served


@pytest.mark.parametrize("program", PROGRAMS, ids=["the receipt of a figure", "a series"])
def test_a_program_of_the_guide_runs(address, program) -> None:
    command = [sys.executable, "-c", program.replace(HERE, address)]
    run = subprocess.run(command, capture_output=True, text=True)
    # Threads of a reader's libraries abort now and then as its interpreter ends, behind the program (seen twice).
    if run.returncode == -signal.SIGABRT and run.stderr == "terminate called without an active exception\n":
        run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "sentiment" in run.stdout


def test_an_address_of_the_guide_answers(address) -> None:
    (relative,) = re.findall(r'RelativePath = "(.*?)"', GUIDE)
    (asked,) = re.findall(r"Query = \[(.*?)\]", GUIDE)
    query = "&".join(f"{name}={value}" for name, value in re.findall(r'(\w+) = "(.*?)"', asked))
    (sheet,) = re.findall(r'IMPORTDATA\("https://clientele.example.com(.*?)"', GUIDE)
    for path in (*ADDRESSES, f"/{relative}?{query}", sheet):
        with urlopen(address + path) as answer:
            assert answer.status == 200
            assert answer.read().startswith((b'{"rows":', b"organization_id,", b"user_id,"))
    assert len(ADDRESSES) == 3


def test_the_guide_has_the_limits_that_are(client) -> None:
    limits = Limits()
    for number in (LONGEST_QUERY, MOST_VALUES, MOST_BUCKETS, limits.export_rows, limits.exports_per_minute):
        assert re.search(rf"(?<![\d,]){number:,}(?![\d,])", GUIDE)


def test_the_guide_names_every_kind_of_route(client) -> None:
    for path in client.get("/openapi.json").json()["paths"]:
        if "{chatbot_id}/" in path:
            rest = path.split("{chatbot_id}/")[1].split(".")[0].replace("{entity_id}", "{id}")
            assert f"`{rest}`" in GUIDE
