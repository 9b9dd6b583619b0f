"""Published snapshot -> a folder or bucket (`CLIENTELE_EXPORT_URL`), from which external tables of other engines read.

`<url>/snapshots/<id>/<table>/<table>.parquet`, the manifest behind them, and `<url>/latest.json`, which names the
newest whole snapshot. Prefixes are dropped as snapshots are: the older ones, and behind an erasure all from before it.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import fs

from orchestration.errors import PipelineError

LATEST = "latest.json"
MANIFEST = "manifest.json"
PIECE = 2**20
RETRY_SECONDS = 60


class BucketFault(PipelineError):
    """The folder or bucket could not be read or written: a clause for people."""


@dataclass(frozen=True)
class Copy:
    """What was copied: the snapshot, files and bytes; nothing where it was there already."""

    snapshot_id: str
    files: int
    size: int


def is_current(url: str, published: Path) -> bool:
    """Whether the pointer there names the published snapshot and nothing older than is kept is left.

    Raises BucketFault where that cannot be asked.
    """
    folder = (published / "current").resolve()
    if not folder.exists():
        return True
    with _opened(url) as (files, root):
        return _latest(files, root) == folder.name and not _outdated(files, root, published)


def copy_snapshot(url: str, published: Path) -> Copy:
    """Copy the published snapshot, point to it, and drop what is kept no more. Raises BucketFault."""
    folder = (published / "current").resolve()
    count = size = 0
    with _opened(url) as (files, root):
        if _latest(files, root) != folder.name:
            target = f"{root}/snapshots/{folder.name}"
            for table in sorted(folder.glob("*.parquet")):
                size += _write(files, f"{target}/{table.stem}/{table.name}", table.open("rb"))
                count += 1
            size += _write(files, f"{target}/{MANIFEST}", (folder / MANIFEST).open("rb"))
            pointer = {"snapshot_id": folder.name, "prefix": f"snapshots/{folder.name}/"}
            size += _write(files, f"{root}/{LATEST}", BytesIO(json.dumps(pointer).encode() + b"\n"))
            count += 2
        for outdated in _outdated(files, root, published):
            _drop(files, outdated)
    return Copy(folder.name, count, size)


def without_secrets(text: str, url: str) -> str:
    """The text without the keys that stand in the URL."""
    secret = re.match(r"\w+://(?P<secret>[^/?]*)@", url)
    for one in (secret["secret"], *secret["secret"].split(":")) if secret else ():
        text = text.replace(one, "***") if one else text
    return text


@contextmanager
def _opened(url: str) -> Iterator[tuple[fs.FileSystem, str]]:
    """The file system of the URL, and the path of its root there; its faults as BucketFault."""
    try:
        files, root = fs.FileSystem.from_uri(_patient(url) if "://" in url else str(Path(url).expanduser().resolve()))
        yield files, root.rstrip("/")
    except (OSError, ValueError, pa.ArrowException) as error:
        said = without_secrets(" ".join(str(error).split())[:300], url)
        raise BucketFault(f"the folder or bucket of CLIENTELE_EXPORT_URL cannot be used ({said})") from None


def _patient(url: str) -> str:
    """The URL, with a time after which a bucket of Google's that does not answer is given up; else it is 15 minutes."""
    if not url.startswith(("gs://", "gcs://")) or "retry_limit_seconds=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}retry_limit_seconds={RETRY_SECONDS}"


def _latest(files: fs.FileSystem, root: str) -> str | None:
    """The snapshot that the pointer names."""
    if files.get_file_info(f"{root}/{LATEST}").type != fs.FileType.File:
        return None
    with files.open_input_stream(f"{root}/{LATEST}") as opened:
        return str(json.loads(opened.read())["snapshot_id"])


def _outdated(files: fs.FileSystem, root: str, published: Path) -> list[str]:
    """Prefixes of snapshots that are kept no more, and of copies that were never finished."""
    kept = {path.name for path in (published / "snapshots").iterdir()}
    snapshots = f"{root}/snapshots/"
    # A bucket has no folders: Arrow lists those of Google's only where somebody has made an object in place of one.
    found = files.get_file_info(fs.FileSelector(snapshots, recursive=True, allow_not_found=True))
    names = {one.path.removeprefix(snapshots).split("/")[0] for one in found if one.type == fs.FileType.File}
    return [snapshots + name for name in sorted(names - kept)]


def _drop(files: fs.FileSystem, prefix: str) -> None:
    """Delete everything below a prefix."""
    if files.type_name == "gcs":
        files.delete_dir_contents(prefix)  # `delete_dir` fails where no object stands for the folder itself
    else:
        files.delete_dir(prefix)


def _write(files: fs.FileSystem, path: str, content: BinaryIO) -> int:
    """Write a file whole; readers of a folder see it only then, as those of a bucket do anyway. Returns its size."""
    is_folder = isinstance(files, fs.LocalFileSystem)
    draft = f"{path}.part" if is_folder else path
    if is_folder:
        files.create_dir(path.rpartition("/")[0])
    with content, files.open_output_stream(draft) as written:
        shutil.copyfileobj(content, written, PIECE)
        size = written.tell()
    if is_folder:
        files.move(draft, path)
    return int(size)
