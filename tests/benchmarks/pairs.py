"""Paired timing: the measured call and its floor in turn, so that a drift of the machine's speed meets both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Comparison:
    """Seconds of the measured call (median, 95th percentile) and of what it is held against (median)."""

    HEAD: ClassVar = ("measured", "median", "p95", "against", "its median", "ratio")

    measured: str
    median: float
    p95: float
    against: str
    floor: float

    @property
    def ratio(self) -> float:
        return self.median / self.floor

    def cells(self) -> list[str]:
        """What a table shows, under `HEAD`."""
        times = [f"{seconds * 1000:,.0f} ms" for seconds in (self.median, self.p95, self.floor)]
        return [self.measured, *times[:2], self.against, times[2], f"{self.ratio:.2f}"]


def compare(
    measured: str, call: Callable[[], object], against: str, floor: Callable[[], object], *, rounds: int
) -> Comparison:
    """Time both in turn, after one call of each that is not counted."""
    call()
    floor()
    calls, floors = [], []
    for _ in range(rounds):
        calls.append(_seconds(call))
        floors.append(_seconds(floor))
    ordered = sorted(calls)
    return Comparison(
        measured,
        statistics.median(calls),
        ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))],
        against,
        statistics.median(floors),
    )


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
