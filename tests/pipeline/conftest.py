"""What the tests of the pipeline share: the compiled models, and a data home of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline, Project, compile_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The models as SQL, compiled once."""
    return compile_project(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def pipeline(tmp_path: Path, project: Project) -> Iterator[Pipeline]:
    """The fast pipeline in an empty data home."""
    made = Pipeline(tmp_path / "home", project)
    yield made
    made.close()
