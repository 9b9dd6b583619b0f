from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty data home."""
    (tmp_path / "inbox").mkdir()
    return tmp_path
