"""What the tests of publishing to PostgreSQL share: a server, an empty database, and a data home that publishes."""

from collections.abc import Iterator

import pytest

from tests.pipeline.conftest import memory, pipeline, project  # noqa: F401
from tests.support.pipeline import Pipeline
from tests.support.postgres import Database, Server, running_server
from tests.support.publishing import Publisher


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
