"""One measured thing beside what it is held against. Prints and keeps nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.benchmarks.costs import Cost
from tests.benchmarks.served import quantile


@dataclass(frozen=True)
class Result:
    """The cost of a command, and of its floor or peer on the same input; the ratio is of their CPU seconds."""

    HEAD: ClassVar = ("measured", "CPU", "wall", "largest process", "against", "its CPU", "ratio")

    measured: str
    cost: Cost
    against: str
    floor: Cost

    @property
    def ratio(self) -> float:
        return self.cost.cpu / self.floor.cpu

    def cells(self) -> list[str]:
        """What a table shows, under `HEAD`."""
        return [
            self.measured,
            f"{self.cost.cpu:,.1f} s",
            f"{self.cost.wall:,.1f} s",
            f"{self.cost.memory / 1e6:,.0f} MB",
            self.against,
            f"{self.floor.cpu:,.1f} s",
            f"{self.ratio:.2f}",
        ]


@dataclass(frozen=True)
class Painted:
    """Seconds until a page was painted, each with those that SQL took; the most milliseconds that it may take.

    The floor is the p50 of an empty page in the same browser; `loaded` is in bytes, None where nothing else is loaded.
    """

    HEAD: ClassVar = ("measured", "p50", "p95", "of it SQL", "may take", "loaded", "against", "its p50", "ratio")

    measured: str
    times: Sequence[tuple[float, float]]
    most: int
    floor: float
    loaded: int | None = None

    @property
    def ratio(self) -> float:
        return quantile([taken for taken, _ in self.times], 0.5) / self.floor

    def cells(self) -> list[str]:
        """What a table shows, under `HEAD`."""
        taken, sql = zip(*self.times, strict=True)
        return [
            self.measured,
            f"{quantile(taken, 0.5) * 1000:,.0f} ms",
            f"{quantile(taken, 0.95) * 1000:,.0f} ms",
            f"{quantile(sql, 0.5) * 1000:,.0f} to {max(sql) * 1000:,.0f} ms",
            f"{self.most:,} ms",
            "" if self.loaded is None else f"{self.loaded / 1000:,.0f} kB",
            "an empty page",
            f"{self.floor * 1000:,.0f} ms",
            f"{self.ratio:.2f}",
        ]
