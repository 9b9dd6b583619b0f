"""The whole home, searched byte by byte for the texts that name someone, and cleaned where nobody else's data is lost.

The sweep takes out what is read and has a key. Here comes what nobody reads: half lines, fragments in broken lines,
files of the inbox that are hidden, left out or refused. What cannot be cleaned is named.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.erasure.archives import Cleaning, Uncleanable
from orchestration.erasure.inbox import (
    IncompleteFile,
    blank_pieces,
    files_read,
    incomplete,
    pieces_of,
)
from orchestration.erasure.layers import Unsearched, blocks_of
from orchestration.erasure.names import ErasedNames
from orchestration.erasure.needles import Needles
from orchestration.erasure.rewriting import Rewriting
from orchestration.erasure.tombstones import read_tombstones
from orchestration.extract.inbox.streams import DamagedStream
from orchestration.extract.landing.ledger import FileState, committed_files
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.extract.scoring import score_file_of

_SETTINGS = (".csv", ".env")


@dataclass
class Scouring:
    """What was searched, and where the texts still are: `left` waits for a person, `others` is of other people."""

    files: int = 0
    size: int = 0
    blanked: int = 0
    left: list[str] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)
    uncleanable: dict[Path, str] = field(default_factory=dict)  # archives, and why


def scour(
    home: Path, warehouse: Path, published: Path, needles: Needles, looking_at: Callable[[str], None] | None = None
) -> Scouring:
    """Clean the inbox and the quarantine, then search everything. Call it while holding the home's lock."""
    names, tell = ErasedNames(read_tombstones(home), needles), looking_at or (lambda _: None)
    found = Scouring()
    tell("quarantine")
    Rewriting(home, read_tombstones(home), names, {}).run_quarantine()
    reading = files_read(home)
    with_others: set[Path] = set()
    for path in every_file(home / "inbox"):
        tell(_shown(home, path))
        _clean(home, path, reading.get(path.resolve()), names, needles, found, with_others)
    search(home, needles, found, _of_others(home, warehouse, published) | with_others, tell)
    return found


def search(
    home: Path, needles: Needles, found: Scouring, of_others: set[Path], tell: Callable[[str], None] = lambda _: None
) -> None:
    """Look into every file of the home; hits in those that others' records are in are not to be cleaned away."""
    named = " ".join(found.left)
    for path in every_file(home):
        shown = _shown(home, path)
        tell(shown)
        found.files += 1
        if needles.are_in(os.fsencode(path.relative_to(home)) if path.is_relative_to(home) else b""):
            found.left.append(f"The name of the file {shown} names them. Rename it.")
        try:
            found.size += path.stat().st_size
            is_hit = any(needles.are_in(one.data, in_words=one.packed) for one in blocks_of(path, needles.overlap))
        except (Unsearched, OSError) as fault:
            found.unsearched.append(f"{shown} could not be searched to its end: {fault}.")
            is_hit = False
        if not is_hit or f" {shown} " in named:
            continue
        if path.resolve() in of_others:
            found.others.append(path)
        else:
            found.left.append(_advice(home, path, shown, needles, found.uncleanable.get(path)))


def every_file(folder: Path) -> Iterator[Path]:
    """Every file below a folder once, hidden ones too. Links are followed last, and never to the folders around it."""
    met = {_identity(one.stat()) for one in folder.absolute().parents}
    waiting, links = [folder], list[Path]()
    while waiting or links:
        path = waiting.pop() if waiting else links.pop()
        try:
            status = path.stat()
            if _identity(status) in met:
                continue
            met.add(_identity(status))
            if stat.S_ISREG(status.st_mode):
                yield path
            if stat.S_ISDIR(status.st_mode):
                for entry in sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True):
                    (links if entry.is_symlink() else waiting).append(Path(entry.path))
        except OSError:
            if path.is_file():
                yield path


def _clean(
    home: Path,
    path: Path,
    state: FileState | None,
    names: ErasedNames,
    needles: Needles,
    found: Scouring,
    with_others: set[Path],
) -> None:
    """Blank the pieces of a file that are theirs. A record that came since the refresh is left to the next one."""
    spans, is_late = [], False
    try:
        what, pieces = pieces_of(path, state) or (None, iter(()))
        if what is None and state is None:
            _clean_archive(path, names, needles, found, with_others)
        for piece in pieces:
            if names.are_in(piece.data):
                if state and piece.offset >= state.cursor.position and names.is_record(piece.data):
                    is_late = True
                else:
                    spans.append((piece.offset, piece.offset + piece.length))
            elif needles.are_in(piece.data):
                with_others.add(path.resolve())
        if what is not None and spans and (fault := blank_pieces(home, path.resolve(), state, what, spans)):
            found.left.append(fault)
        else:
            found.blanked += len(spans)
        if is_late:
            shown = _shown(home, path)
            found.left.append(f"The file {shown} has new lines of someone erased. Run `clientele refresh`.")
    except (IncompleteFile, DamagedStream):
        if spans:
            found.left.append(incomplete(path.relative_to(home / "inbox").as_posix()))
    except OSError:
        return  # named by the search


def _clean_archive(path: Path, names: ErasedNames, needles: Needles, found: Scouring, with_others: set[Path]) -> None:
    def is_theirs(line: bytes) -> bool:
        if names.are_in(line):
            return True
        if needles.are_in(line):
            with_others.add(path.resolve())
        return False

    cleaning = Cleaning(path.resolve(), is_theirs)
    try:
        cleaning.run()
    except Uncleanable as fault:
        found.uncleanable[path] = str(fault)
    found.blanked += cleaning.blanked


def _of_others(home: Path, warehouse: Path, published: Path) -> set[Path]:
    """Where records of others are kept, from which the sweep has taken theirs."""
    tables = [home / file.path for table in (*RAW_TABLES, "quarantine") for file in committed_files(home, table)]
    scores = [score_file_of(home, path) for path in tables if path.parent.name == "messages"]
    snapshots = [path for path in published.rglob("*") if path.is_file()]
    return {path.resolve() for path in (*tables, *scores, warehouse, *snapshots)}


def _advice(home: Path, path: Path, shown: str, needles: Needles, why: str | None) -> str:
    if path.parent == home and (path.suffix in _SETTINGS or path.name in _SETTINGS):
        lines = path.read_bytes().split(b"\n")
        number = next((number for number, line in enumerate(lines, start=1) if needles.are_in(line)), 1)
        return f"{path}, line {number}: names someone erased. Delete the line."
    if shown.startswith("raw/") and ".sqlite" in path.name:
        return f"The file {shown} names someone erased, by the name of a file of the inbox: names of files are kept."
    if shown.startswith("dagster/"):
        return f"The file {shown} names someone erased. Stop Dagster, then delete the folder {path.parent}."
    because = f": {why}" if why else ""
    return f"The file {shown} names someone erased, and cannot be cleaned{because}. Delete it, or take them out of it."


def _shown(home: Path, path: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
