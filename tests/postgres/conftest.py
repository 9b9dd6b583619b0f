"""What the tests of publishing to PostgreSQL share: a server, an empty database, and a data home that publishes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.conftest import memory, pipeline, project  # noqa: F401
from tests.support.pipeline import Pipeline, Project
from tests.support.postgres import Database, Server, running_server
from tests.support.publishing import Publisher
from tests.support.requests import Line, capture, said


def visit(number: int, day: int = 10, user: str = "ann") -> Line:
    """A conversation of one message."""
    return capture(f"c{number}", said("m1", f"2026-03-{day}T10:00:00Z"), user={"id": user}, organization={"id": "acme"})


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A cluster of the tests' own."""
    with running_server() as started:
        yield started


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database."""
    with server.database() as made:
        yield made


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:  # noqa: F811
    """A data home in which nothing has happened."""
    return Publisher(pipeline)


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory, project: Project) -> list[Path]:  # noqa: F811
    """What one home had published after its first refresh, a visit of ann's, and after its second, one of bob's.

    No test changes them.
    """
    places = tmp_path_factory.mktemp("states")
    first = Publisher(Pipeline(places / "first", project)).run(visit(1))
    second = first.copied(places / "second").run(visit(2, user="bob"))
    second.pipeline.close()
    return [first.folder, second.folder]
