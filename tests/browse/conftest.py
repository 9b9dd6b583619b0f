"""A generated snapshot, the pages over it in a real browser, and SQL on the same file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from serving.saved_views import SavedView, save_view
from tests.benchmarks.large_snapshot import CHATBOT, Size, publish_large
from tests.browse.oracle import TODAY, Oracle
from tests.browse.walk import AT_LENGTH, USERS, Walk, slowest, walking
from tests.serving.browser import launched, serving

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 18, tzinfo=UTC)
SAVED = SavedView(table="users", name="Unhappy, and pro", state={"plan": ["pro"], "sort": ["sentiment"]})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published directory with a generated snapshot."""
    published = tmp_path_factory.mktemp("large")
    publish_large(published, TODAY, Size(USERS, USERS, USERS // 10))
    return published


@pytest.fixture(scope="session")
def oracle(large: Path) -> Oracle:
    return Oracle(large)


@pytest.fixture(scope="session")
def large_address(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    views = tmp_path_factory.mktemp("views")
    save_view(views, CHATBOT, SAVED)
    with serving(large, lambda: NOW, views=views) as address:
        yield address


@pytest.fixture
def walk(browser: Browser, large_address: str, oracle: Oracle, request: pytest.FixtureRequest) -> Iterator[Walk]:
    with walking(browser, large_address, oracle, request.node.name) as walk:
        yield walk


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The controls that readers wait for the longest."""
    if slowest and AT_LENGTH:
        terminalreporter.section(f"the slowest controls of {USERS:,} users")
        for seconds, what in sorted(slowest, reverse=True)[:25]:
            terminalreporter.write_line(f"{seconds * 1000:>8,.0f} ms  {what}")
