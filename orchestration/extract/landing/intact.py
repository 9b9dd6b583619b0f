"""Whether every file of raw and quarantine that the ledger committed is there, as it was committed. Changes no file."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import PipelineError
from orchestration.extract.landing.ledger import Ledger, ledger_path, look_of

NAMED = 5


@dataclass(frozen=True)
class RawFault:
    """A committed file that is missing or not as it was committed; `path` is below the home."""

    path: str
    segment_id: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"


@dataclass(frozen=True)
class Inspection:
    """What was found of the committed files: how many there are, their bytes, how many were read, and the faults."""

    files: int
    size: int
    read: int
    faults: tuple[RawFault, ...]


def inspect_raw(home: Path, *, read: Collection[str] | None = ()) -> Inspection:
    """Look whether all files are there with their sizes; those of the segments in `read` (None: of all) are also read.

    Call it while holding the home's lock.
    """
    if not ledger_path(home).exists():
        return Inspection(0, 0, 0, ())
    with closing(Ledger(home)) as ledger:
        ledger.settle_replacements()
        looks = ledger.looks()
    chosen = None if read is None else set(read)
    faults, files_read = [], 0
    for path, (segment_id, size, checksum) in looks.items():
        is_read = chosen is None or segment_id in chosen
        files_read += is_read
        if problem := _problem(home / path, size, checksum if is_read else None):
            faults.append(RawFault(path, segment_id, problem))
    return Inspection(len(looks), sum(size or 0 for _, size, _ in looks.values()), files_read, tuple(faults))


def require_intact(home: Path, *, read: Collection[str] | None = ()) -> Inspection:
    """`inspect_raw`; raises PipelineError with the names of the files that are missing or damaged."""
    found = inspect_raw(home, read=read)
    if found.faults:
        raise PipelineError(sentence(found.faults))
    return found


def sentence(faults: Collection[RawFault]) -> str:
    """What is wrong, and what to do."""
    named = ", ".join(str(one) for one in list(faults)[:NAMED]) + (", ..." if len(faults) > NAMED else "")
    return (
        f"Nothing is published, because {len(faults):,} of the accepted files are missing or damaged: {named}. Restore"
        " them from a backup, or run `clientele doctor --repair`, which reads their lines again from the inbox."
    )


def _problem(path: Path, size: int | None, checksum: str | None) -> str | None:
    """What is wrong with a file; its content is compared where a checksum is given."""
    try:
        found = path.stat().st_size
        if size is not None and found != size:
            return f"has {found:,} bytes instead of {size:,}"
        if checksum is not None and look_of(path)[1] != checksum:
            return "holds other bytes than were written"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None
