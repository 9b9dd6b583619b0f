"""The links that readers follow to the current snapshot: pointing them, and making them whole again."""

import json
import os
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

FILE = "clientele.duckdb"


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target` in one step: a reader sees the old or the new, never neither."""
    if link.is_symlink() and Path(os.readlink(link)) == target:
        return
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)


def point_at(published: Path, snapshot_id: str) -> None:
    """Show a snapshot to readers: one swap moves the DuckDB file and the Parquet files."""
    point(published / "current", Path("snapshots") / snapshot_id)
    point(published / "current.duckdb", Path("current") / FILE)


def heal_pointer(published: Path) -> list[str]:
    """Make the links lead to a whole snapshot, where they do not; a sentence for each thing that was mended.

    A snapshot that is damaged is deleted: the next publication makes it anew. Call it while holding the home's lock.
    """
    said = []
    current, file = published / "current", published / "current.duckdb"
    if current.is_dir() and not current.is_symlink():
        said.append(_adopt(published, current))
    if os.path.lexists(file) and not file.is_symlink():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
        said.append("published/current.duckdb was a copy and is a link again.")
    if os.path.lexists(current) and not current.is_symlink():
        current.unlink()
    folders = sorted((published / "snapshots").glob("[!.]*"), reverse=True)
    if not folders and not os.path.lexists(current):
        return said
    if (fault := fault_of(current)) is None:
        point(file, Path("current") / FILE)
        return said
    damaged = current.resolve()
    if damaged in folders:
        shutil.rmtree(damaged, ignore_errors=True)
    whole = next((folder for folder in folders if folder != damaged and fault_of(folder) is None), None)
    if whole is None:
        for link in (current, file):
            link.unlink(missing_ok=True)
        said.append(f"The published snapshot could not be read ({fault}); it is published anew.")
    else:
        point_at(published, whole.name)
        said.append(
            f"The published snapshot could not be read ({fault}); readers see {whole.name} until the next publication."
        )
    return said


def fault_of(folder: Path, *, thorough: bool = False) -> str | None:
    """What is wrong with a snapshot; `thorough` reads all of it."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        rows = {name: table["rows"] for name, table in manifest["tables"].items() if "rows" in table}
        with duckdb.connect(str(folder.resolve() / FILE), read_only=True) as connection:
            (stored,) = connection.execute("select snapshot_id from snapshot_info").fetchall()[0]
            for table in rows if thorough else ():
                connection.execute(f"select hash(columns(*)) from {table}").fetchall()
        if stored != manifest["snapshot_id"] or stored != folder.resolve().name:
            return "its files are not of one snapshot"
        for table, count in rows.items():
            path = folder / f"{table}.parquet"
            found = pq.read_table(path).num_rows if thorough else pq.read_metadata(path).num_rows
            if found != count:
                return f"{path.name} has {found} rows instead of {count}"
    except FileNotFoundError as error:
        return f"{Path(error.filename or folder).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, IndexError, duckdb.Error, pa.ArrowException) as error:
        return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return None


def _adopt(published: Path, current: Path) -> str:
    """A home that was copied with its links followed holds the snapshot in place of the link to it."""
    try:
        snapshot_id = str(json.loads((current / "manifest.json").read_text(encoding="utf-8"))["snapshot_id"])
    except (OSError, ValueError, KeyError):
        snapshot_id = ""
    snapshots = published / "snapshots"
    snapshots.mkdir(exist_ok=True)
    target = snapshots / snapshot_id
    if snapshot_id and not target.exists():
        os.replace(current, target)
    else:
        shutil.rmtree(current)
    if snapshot_id:
        point(current, Path("snapshots") / snapshot_id)
    return "published/current was a copy of the snapshot and is a link again."
