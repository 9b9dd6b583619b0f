"""The seal of the warehouse: whether its content is what the pipeline left in it. Reads no table.

Every change of a DuckDB file changes its first three blocks, which count the checkpoints and say where everything is.
Their hash and the sizes stand in `warehouse.seal` beside the file. While the pipeline itself writes, the seal names the
run instead: what a killed run leaves is the pipeline's own, and `warehouse.py` knows what of it is pending.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from orchestration.errors import is_damage

_HEADERS = 3 * 4096  # the file's own header, and the two of the database that take turns

MISSING = "it has no seal"
CHANGED = "something else than the pipeline changed it"


def broken_seal(warehouse: Path) -> str | None:
    """Why the content of an existing warehouse cannot be trusted; None where it can, or where there is no warehouse."""
    if not warehouse.exists():
        return None
    seal = _read(warehouse)
    if not seal:
        return MISSING
    return None if "open_by" in seal or seal == look(warehouse) else CHANGED


def opened_by(warehouse: Path) -> str | None:
    """The run that is writing the warehouse, or that died while it did."""
    run = _read(warehouse).get("open_by")
    return str(run) if run is not None else None


def is_rebuilding(warehouse: Path) -> bool:
    """Whether a rebuild from raw began and is not committed: only all of raw makes it whole."""
    return warehouse.exists() and bool(_read(warehouse).get("rebuilding"))


def open_seal(warehouse: Path, run_id: str, *, rebuilding: bool = False) -> None:
    """Note that a run is about to write. Call it while holding the home's lock."""
    _write(warehouse, {"open_by": run_id, "rebuilding": rebuilding})


def close_seal(warehouse: Path) -> None:
    """Note that what the warehouse holds now is what the pipeline committed."""
    _write(warehouse, look(warehouse))


def break_seal(warehouse: Path) -> None:
    """Note that the warehouse is not to be trusted: the next run builds it anew from raw."""
    seal_path(warehouse).unlink(missing_ok=True)


@contextmanager
def distrusted_if_damaged(warehouse: Path) -> Iterator[None]:
    """Break the seal where work on the warehouse meets damage, so that the next run builds it anew from raw."""
    try:
        yield
    except Exception as error:
        if is_damage(str(error)):
            break_seal(warehouse)
        raise


@contextmanager
def writing(warehouse: Path, run_id: str) -> Iterator[None]:
    """Write a sealed warehouse and seal it again; it stays open where the writing fails."""
    open_seal(warehouse, run_id)
    yield
    close_seal(warehouse)


def seal_path(warehouse: Path) -> Path:
    """Where the seal is."""
    return warehouse.with_suffix(".seal")


def wal_path(warehouse: Path) -> Path:
    """Where DuckDB keeps changes that are not yet in the file itself."""
    return warehouse.with_name(warehouse.name + ".wal")


def look(warehouse: Path) -> dict[str, object]:
    """What is seen of a DuckDB file from outside: sizes and a hash of what every change changes."""
    wal = wal_path(warehouse)
    digest = blake2b(digest_size=16)
    with warehouse.open("rb") as file:
        digest.update(file.read(_HEADERS))
    if wal.exists():
        digest.update(wal.read_bytes())
    size, wal_size = warehouse.stat().st_size, wal.stat().st_size if wal.exists() else 0
    return {"size": size, "wal_size": wal_size, "headers": digest.hexdigest()}


def _read(warehouse: Path) -> dict[str, object]:
    try:
        found = json.loads(seal_path(warehouse).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(warehouse: Path, seal: dict[str, object]) -> None:
    path = seal_path(warehouse)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(seal, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
