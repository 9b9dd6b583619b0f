"""The real server over a published directory, asked over HTTP by one reader or many. Prints and keeps nothing."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import ClassVar

import httpx

from tests.benchmarks.costs import tool
from tests.support.commands import NOWHERE_ELSE


@dataclass(frozen=True)
class Reading:
    """Seconds of each request, the most memory that the server held meanwhile, and the seconds of the floor."""

    HEAD: ClassVar = ("measured", "p50", "p95", "server's memory", "against", "its p50", "ratio")

    measured: str
    seconds: Sequence[float]
    memory: int
    against: str
    floor: float

    @property
    def ratio(self) -> float:
        return quantile(self.seconds, 0.5) / self.floor

    def cells(self) -> list[str]:
        """What a table shows, under `HEAD`."""
        p50, p95, floor = (
            f"{one * 1000:,.0f} ms" for one in (quantile(self.seconds, 0.5), quantile(self.seconds, 0.95), self.floor)
        )
        return [self.measured, p50, p95, f"{self.memory / 1e6:,.0f} MB", self.against, floor, f"{self.ratio:.2f}"]


def quantile(seconds: Sequence[float], share: float) -> float:
    """The least value that so large a share of the values does not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Server:
    """A server that runs: asks it, and knows its memory."""

    def __init__(self, address: str, process: int) -> None:
        self.address = address
        self._status, self._forget = Path(f"/proc/{process}/status"), Path(f"/proc/{process}/clear_refs")

    def ask(self, questions: Sequence[str], readers: int = 1) -> list[float]:
        """Ask each question, as many at once as there are readers; returns the seconds to each whole answer."""
        self._forget.write_text("5")  # begins the peak of its memory anew
        with httpx.Client(base_url=self.address, timeout=600) as client, ThreadPoolExecutor(readers) as at_once:
            return list(at_once.map(lambda question: _seconds(client, question), questions))

    @property
    def memory(self) -> int:
        """The most bytes that it held since the last questions began."""
        line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """Serve the published directory of a data home until the end of the block."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [tool("clientele"), "serve", "--port", str(port)]
    environment = {**os.environ, **NOWHERE_ELSE, "CLIENTELE_HOME": str(home)}
    with subprocess.Popen(command, env=environment) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            while process.poll() is None:
                try:
                    httpx.get(f"{address}/health").raise_for_status()
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield Server(address, process.pid)
        finally:
            process.terminate()


def _seconds(client: httpx.Client, question: str) -> float:
    start = time.perf_counter()
    with client.stream("GET", question) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            pass
    return time.perf_counter() - start
