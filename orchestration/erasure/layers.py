"""Every byte that a file holds, in blocks: as it lies on the disk, and behind compression, archives and columns.

Nothing is unpacked to the disk, and no file is in memory whole. What is searched for in them is in `needles.py`.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

BLOCK = 1 << 20
ROWS = 1 << 14
HEAD_BYTES = 512
DEEPEST = 5
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda file: zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True),
}
_CLOSED = {b"7z\xbc\xaf": "7z", b"Rar!": "rar", b"\x04\x22\x4d\x18": "lz4", b"LZIP": "lzip", b"\x1f\x9d": "compress"}
_FAULTS = (
    *(OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zstandard.ZstdError),
    *(zipfile.BadZipFile, tarfile.TarError, pa.ArrowException, duckdb.Error),
)


class Block(NamedTuple):
    """Some bytes of a file. In those that are `packed`, texts stand beside each other with nothing between."""

    data: bytes
    packed: bool = False


class Unsearched(Exception):
    """A part of a file that cannot be looked into; the text tells why."""


def blocks_of(path: Path, overlap: int) -> Iterator[Block]:
    """All blocks of a file; each begins with the end of the one before. Raises `Unsearched` behind the last."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            yield from _windows(file, overlap, packed=b"\0" in head and not _is_table(head))
            if head.startswith(b"PAR1"):
                with pq.ParquetFile(path) as parquet:
                    yield from _columns(parquet.iter_batches(ROWS))
            elif _is_table(head):
                yield from _tables(path)
            else:
                file.seek(0)
                yield from _inside(file, head, overlap, 0)
    except _FAULTS as error:
        raise Unsearched(f"it is damaged, locked or unreadable ({type(error).__name__})") from None


def _is_table(head: bytes) -> bool:
    return head.startswith(b"PAR1") or head[8:12] == b"DUCK"


def _windows(file: Any, overlap: int, *, packed: bool) -> Iterator[Block]:
    end = b""
    while data := file.read1(BLOCK):
        yield Block(end + data, packed)
        end = (end + data)[-overlap:]


def _inside(file: IO[bytes], head: bytes, overlap: int, depth: int) -> Iterator[Block]:
    """What a compressed file or an archive holds; nothing of other files."""
    if closed := next((name for mark, name in _CLOSED.items() if head.startswith(mark)), None):
        raise Unsearched(f"it is a {closed} archive")
    if depth and _is_table(head):
        raise Unsearched("it holds a database or a Parquet file")
    for member in _members(file, head):
        if depth == DEEPEST:
            raise Unsearched("archives are nested too deeply in it")
        content = io.BufferedReader(_Piecewise(member), BLOCK)
        beginning = content.peek(HEAD_BYTES)[:HEAD_BYTES]
        if _is_archive(beginning):
            yield from _inside(content, beginning, overlap, depth + 1)
        else:
            yield from _windows(content, overlap, packed=b"\0" in beginning)


class _Piecewise(io.RawIOBase):
    """Content as far as it can be decoded: of a file that is cut off, everything before the cut."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        piece = self._file.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _is_archive(head: bytes) -> bool:
    marks = (*_COMPRESSED, *_CLOSED, b"PK\3\4", b"PAR1")
    return head.startswith(marks) or head[257:262] == b"ustar" or _is_table(head)


def _members(file: IO[bytes], head: bytes) -> Iterator[IO[bytes]]:
    if opened := next((opened for mark, opened in _COMPRESSED.items() if head.startswith(mark)), None):
        yield opened(file)
    elif head.startswith(b"PK\3\4"):
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise Unsearched("it is encrypted")
                if not member.is_dir():
                    yield archive.open(member)
    elif head[257:262] == b"ustar":
        with tarfile.open(fileobj=file, mode="r|") as tape:
            for entry in tape:
                if opened_entry := tape.extractfile(entry) if entry.isfile() else None:
                    yield opened_entry


def _tables(path: Path) -> Iterator[Block]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database() order by all"
        ).fetchall()
        for schema, table in names:
            yield from _columns(connection.execute(f'from "{schema}"."{table}"').to_arrow_reader(ROWS))


def _columns(batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    """The values of each column that may hold text, one in a line."""
    for batch in batches:
        for column in batch.columns:
            if not (pa.types.is_primitive(column.type) or pa.types.is_null(column.type)):
                values = (value for value in column.to_pylist() if value is not None)
                lines = (one if isinstance(one, bytes) else str(one).encode("utf-8", "replace") for one in values)
                yield Block(b"\n".join(lines))
