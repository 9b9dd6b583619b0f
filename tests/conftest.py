"""The report of the random histories, also when the tests run in several processes. Fixtures belong to the folders."""

import os
from typing import Any

import pytest

from tests.support.commands import NOWHERE_ELSE
from tests.support.histories import report


def pytest_configure() -> None:
    """Keep what tests publish from the servers that a person has set up for this checkout."""
    os.environ.update(NOWHERE_ELSE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process of xdist: hand over what its histories held."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["histories"] = dict(report)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what the histories of a process held."""
    report.update(getattr(node, "workeroutput", {}).get("histories", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the random histories held, so that nobody has to believe that they were wild enough."""
    if report:
        terminalreporter.section("random histories")
        for what, count in report.items():
            terminalreporter.write_line(f"{count:>8,}  {what}")
