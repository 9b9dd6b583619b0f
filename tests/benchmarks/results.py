"""One measured thing beside what it is held against. Prints and keeps nothing."""

from dataclasses import dataclass
from typing import ClassVar

from tests.benchmarks.costs import Cost


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
