"""The inbox as it is now: every file is read, waiting or refused, and why. The one answer for all who report it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from orchestration.extract.inbox.files import InboxFile
from orchestration.extract.inbox.folders import look_into
from orchestration.extract.landing.ledger import FileState, states
from orchestration.extract.landing.rotation import is_due
from orchestration.extract.landing.schemas import INPUT_FILES

Outcome = Literal["read", "waiting", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("read", "waiting", "refused")
EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file. A refused one waits for a person, a waiting one only for more bytes or the next run."""

    source_file: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every file that was found, in the order of its path, and how many `inbox/.ignore` leaves out."""

    files: list[FileReport]
    left_out: int

    def of(self, outcome: Outcome) -> list[FileReport]:
        """The files with this outcome."""
        return [file for file in self.files if file.outcome == outcome]

    @property
    def summary(self) -> str:
        """The files counted: those that were found are those that were read, wait or were refused."""
        counts = ", ".join(f"{len(self.of(outcome)):,} {outcome}" for outcome in OUTCOMES)
        left_out = f"; {self.left_out:,} left out by inbox/.ignore" if self.left_out else ""
        return f"{len(self.files):,} files found: {counts}{left_out}"

    def unread(self) -> list[str]:
        """A line for each file that is not read, the refused ones first; for the rest of many, their number."""
        files = [*self.of("refused"), *self.of("waiting")]
        lines = [f"{file.outcome}: {file.reason}" for file in files[:EXAMPLES]]
        more = len(files) - len(lines)
        return [*lines, f"and {more:,} more files that are not read"] if more else lines


def take_inventory(home: Path) -> Inventory:
    """Look at the inbox and the ledger; nothing is changed."""
    inbox, known = look_into(home), states(home)
    return Inventory([_report(file, known.get(file.source_file)) for file in inbox.files], inbox.left_out)


def inventory_table(home: Path) -> pa.Table:
    """Every file with its outcome, as a table."""
    return pa.Table.from_pylist([asdict(file) for file in take_inventory(home).files], schema=INPUT_FILES)


def _report(file: InboxFile, state: FileState | None) -> FileReport:
    name = file.source_file
    if file.problem:
        return FileReport(name, "refused", file.problem)
    if file.same_as is not None:
        return FileReport(name, "read", f"inbox/{name} is the same file or folder as inbox/{file.same_as}.")
    if state is None:
        return FileReport(name, "waiting", f"inbox/{name} is new: the next refresh reads it.")
    if state.problem:
        return FileReport(name, "refused", state.problem)
    if is_due(file, state):
        return FileReport(name, "waiting", f"inbox/{name} changed since it was read: the next refresh looks at it.")
    if state.cursor.damaged and not state.waiting_bytes:
        fault = f"inbox/{name} is damaged behind line {state.cursor.line:,}, so its rest was not read."
        return FileReport(name, "refused", f"{fault} Re-create it and deliver it under a new name.")
    if state.waiting_bytes:
        rest = f"The last {state.waiting_bytes:,} bytes of inbox/{name} are not complete"
        return FileReport(name, "waiting", f"{rest}: they are read once they are.")
    if not state.size:
        return FileReport(name, "waiting", f"inbox/{name} is empty so far.")
    return FileReport(name, "read")
