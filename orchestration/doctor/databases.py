"""The two databases of raw that cannot be rebuilt, the ledger and the tombstones: a copy of each, and its restoring."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import PipelineError
from orchestration.extract.landing.ledger import ledger_path
from orchestration.home.sqlite_file import blames_the_file, looking_into
from orchestration.publish.raw_counts import forget_counts

# Each with a table that it always has.
DATABASES = {"ledger.sqlite": "segments", "erasures.sqlite": "erasures"}


def is_sound(path: Path, table: str | None = None, *, thorough: bool = True) -> bool:
    """Whether an SQLite file can be read (`thorough`: in all its pages), and has the table.

    Raises sqlite3.DatabaseError where that cannot be told: on a full disk, without permission.
    """
    try:
        if not path.is_file() or path.stat().st_size == 0:
            return False
        with looking_into(path) as connection:
            tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
            whole = not thorough or connection.execute("pragma quick_check(1)").fetchone() == ("ok",)
        return whole and (table is None or table in tables)
    except OSError:
        return False
    except sqlite3.DatabaseError as error:
        if blames_the_file(path, error):
            return False
        raise


def keep_copies(home: Path) -> None:
    """Bring the copies up to date. Call it behind a landing, while holding the home's lock."""
    for name in DATABASES:
        path, copy = home / "raw" / name, copy_of(home / "raw" / name)
        if not path.exists() or (copy.exists() and copy.stat().st_mtime_ns >= path.stat().st_mtime_ns):
            continue
        draft = copy.with_name(f".{copy.name}")
        draft.unlink(missing_ok=True)
        with closing(sqlite3.connect(path, timeout=60)) as one, closing(sqlite3.connect(draft)) as other:
            one.backup(other)
        os.replace(draft, copy)


def heal_databases(home: Path) -> list[str]:
    """Restore a database that is damaged or gone from its copy; a sentence for each that was restored.

    Raises PipelineError where that would lose something. Call it while holding the home's lock.
    """
    said = []
    for name, table in DATABASES.items():
        path = home / "raw" / name
        copy = copy_of(path)
        if is_sound(path, table) or not (path.exists() or copy.exists() or _has_raw_files(home, path)):
            continue
        what = "damaged" if path.exists() else "missing"
        if not is_sound(copy, table):
            raise PipelineError(_lost(home, path, what))
        if path == ledger_path(home) and (gone := _unknown_files(home, copy)):
            raise PipelineError(
                f"{path} is {what}, and its copy does not know {', '.join(gone[:3])}, whose lines are not in the inbox"
                " any more. Restore the file from a backup, or put those inbox files back, then run"
                " `clientele refresh`."
            )
        for one in (path, path.with_name(path.name + "-journal")):
            with suppress(FileNotFoundError):
                os.replace(one, one.with_name(one.name + ".damaged"))
        shutil.copyfile(copy, path)
        forget_counts(home)
        at = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        said.append(
            f"raw/{name} was {what} and is restored from its copy of {at:%Y-%m-%d %H:%M:%S} UTC; what came later is"
            " read again from the inbox."
        )
    return said


def copy_of(path: Path) -> Path:
    """Where the copy of a database is."""
    return path.with_name(f"{path.stem}.copy{path.suffix}")


def _has_raw_files(home: Path, path: Path) -> bool:
    """Whether raw holds files that only a ledger can explain."""
    return path == ledger_path(home) and next(_raw_files(home), None) is not None


def _raw_files(home: Path) -> Iterator[Path]:
    folders = [folder for folder in (home / "raw").glob("[!.]*") if folder.is_dir() and folder.name != "scores"]
    return (
        path
        for folder in [*folders, home / "quarantine"]
        for path in folder.rglob("*.parquet")
        if path.name != "schema.parquet" and not path.name.startswith(".")
    )


def _unknown_files(home: Path, copy: Path) -> list[str]:
    """Files of raw that the copy does not know and whose lines the inbox does not hold any more."""
    with closing(sqlite3.connect(copy)) as connection:
        known = {path for (path,) in connection.execute("select path from segment_files")}
    gone = []
    for path in _raw_files(home):
        name = path.relative_to(home).as_posix()
        if name not in known:
            with suppress(OSError, pa.ArrowInvalid):
                sources = pq.read_table(path, columns=["source_file"], partitioning=None)["source_file"].unique()
                if all((home / "inbox" / source).exists() for source in sources.to_pylist()):
                    continue
            gone.append(name)
    return sorted(gone)


def _lost(home: Path, path: Path, what: str) -> str:
    """What is lost with a database and its copy, and what to do."""
    if path == ledger_path(home):
        kept = " (but for erasures.sqlite, which says who is erased)" if _knows_erased(home) else ""
        return (
            f"{path} is {what}, and so is its copy: which lines were read, and which files of raw are whole, is lost."
            f" Restore it from a backup, or move all that is in {home / 'raw'}{kept} and in {home / 'quarantine'} aside"
            " and run `clientele refresh`, which reads everything that is in the inbox again."
        )
    return (
        f"{path} is {what}, and so is its copy: who is erased is lost. Restore it from a backup; if nobody was ever"
        " erased, delete it, then run `clientele refresh`."
    )


def _knows_erased(home: Path) -> bool:
    return (home / "raw" / "erasures.sqlite").exists()
