"""What the tests of the pipeline share: the compiled models, and a data home of their own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.pipeline import Pipeline, Project, compile_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The models as SQL, compiled once."""
    return compile_project(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def memory() -> Iterator[Path]:
    """An empty folder, in memory where the machine has such a place: much of a tiny run is waiting for the disk."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def pipeline(memory: Path, project: Project) -> Iterator[Pipeline]:
    """The fast pipeline in an empty data home."""
    made = Pipeline(memory / "home", project)
    yield made
    made.close()
