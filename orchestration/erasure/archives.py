"""Archives in the inbox, which no run reads: written anew without what they hold of someone erased.

Zip, tar, and everything compressed with gzip, bzip2, xz or zstandard, also one in the other. Members keep their names,
times and order. What is unpacked for that lies in files without a name, which are gone when the process is. Which
lines are theirs is decided by the caller; text files are cleaned in `inbox.py`.
"""

import bz2
import copy
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import zstandard

from orchestration.erasure.inbox import IncompleteFile, blanked_copy, format_in, pieces_in
from orchestration.extract.inbox.streams import DamagedStream

HEAD_BYTES = 512
DEEPEST = 5
_ZIP = b"PK\3\4"
# (first bytes, reader of the content, writer of it)
_COMPRESSED: tuple[tuple[bytes, Callable[[IO[bytes]], Any], Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file), lambda file: gzip.GzipFile(fileobj=file, mode="wb")),
    (b"BZh", bz2.BZ2File, partial(bz2.BZ2File, mode="wb")),
    (b"\xfd7zXZ", lzma.LZMAFile, partial(lzma.LZMAFile, mode="wb")),
    (
        b"\x28\xb5\x2f\xfd",
        lambda file: zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False),
        lambda file: zstandard.ZstdCompressor().stream_writer(file, closefd=False),
    ),
)
_DAMAGE = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, tarfile.TarError),
    *(IncompleteFile, DamagedStream),
)


class Uncleanable(Exception):
    """An archive cannot be written anew; the text tells why."""


class Cleaning:
    """One archive. `is_theirs` judges a line, and is called for each one once."""

    def __init__(self, path: Path, is_theirs: Callable[[bytes], bool]) -> None:
        self._path, self._is_theirs = path, is_theirs
        self.blanked = 0

    def run(self) -> None:
        """Write the archive anew where something in it is theirs. Raises Uncleanable; the archive is then as it was."""
        try:
            with self._path.open("rb") as file:
                cleaned = self._cleaned(file, 0)
                if cleaned is not None:
                    with cleaned:
                        self._replace_by(cleaned)
        except _DAMAGE as fault:
            self.blanked = 0
            raise Uncleanable(f"it is damaged or cannot be read ({type(fault).__name__})") from None
        except (Uncleanable, NotImplementedError, RuntimeError) as fault:  # zipfile's words for passwords and methods
            self.blanked = 0
            raise Uncleanable(str(fault)) from None

    def _replace_by(self, cleaned: IO[bytes]) -> None:
        draft = self._path.with_name(f".{self._path.name}.erasing")
        with draft.open("wb") as written:
            shutil.copyfileobj(cleaned, written)
            written.flush()
            os.fsync(written.fileno())
        shutil.copymode(self._path, draft)
        os.replace(draft, self._path)

    def _cleaned(self, file: IO[bytes], depth: int) -> IO[bytes] | None:
        """What a file is to be, from its beginning; none where nothing in it is theirs."""
        if depth > DEEPEST:
            raise Uncleanable("archives are nested too deeply in it")
        head = file.read(HEAD_BYTES)
        file.seek(0)
        for mark, reader, writer in _COMPRESSED:
            if head.startswith(mark):
                return self._compressed(reader(file), writer, depth)
        if head.startswith(_ZIP):
            return self._zip(file, depth)
        if head[257:262] == b"ustar":
            return self._tar(file, depth)
        return self._text(file)

    def _compressed(self, packed: Any, writer: Callable[[IO[bytes]], Any], depth: int) -> IO[bytes] | None:
        with self._unpacked(packed) as content:
            cleaned = self._cleaned(content, depth + 1)
        if cleaned is None:
            return None
        draft = self._draft()
        with cleaned, writer(draft) as written:
            shutil.copyfileobj(cleaned, written)
        return _from_its_beginning(draft)

    def _zip(self, file: IO[bytes], depth: int) -> IO[bytes] | None:
        before, draft = self.blanked, self._draft()
        with zipfile.ZipFile(file) as archive, zipfile.ZipFile(draft, "w") as written:
            written.comment = archive.comment
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise Uncleanable("it is encrypted")
                with archive.open(member) as packed, self._unpacked(packed) as content:
                    cleaned = self._cleaned(content, depth + 1) or content
                    cleaned.seek(0)
                    is_large = max(member.file_size, os.fstat(cleaned.fileno()).st_size) >= zipfile.ZIP64_LIMIT
                    with written.open(copy.copy(member), "w", force_zip64=is_large) as target:
                        shutil.copyfileobj(cleaned, target)
        return _from_its_beginning(draft) if self.blanked > before else None

    def _tar(self, file: IO[bytes], depth: int) -> IO[bytes] | None:
        before, draft = self.blanked, self._draft()
        with (
            tarfile.open(fileobj=file, mode="r:") as tape,
            tarfile.open(fileobj=draft, mode="w:", pax_headers=tape.pax_headers) as written,
        ):
            for entry in tape:
                if entry.issparse():
                    raise Uncleanable("it holds sparse files")
                packed = tape.extractfile(entry) if entry.isfile() else None
                if packed is None:
                    written.addfile(entry)
                    continue
                with self._unpacked(packed) as content:
                    cleaned = self._cleaned(content, depth + 1) or content
                    cleaned.seek(0)
                    described = copy.copy(entry)
                    described.size = os.fstat(cleaned.fileno()).st_size
                    described.pax_headers = {key: one for key, one in entry.pax_headers.items() if key != "size"}
                    written.addfile(described, cleaned)
        return _from_its_beginning(draft) if self.blanked > before else None

    def _text(self, file: IO[bytes]) -> IO[bytes] | None:
        """Lines of text, or records of a log; nothing where it is neither, which the search judges."""
        descriptor, size = file.fileno(), os.fstat(file.fileno()).st_size
        what = format_in(descriptor, self._path.name, size)
        if what is None:
            return None
        pieces = pieces_in(descriptor, what, size)
        spans = [(one.offset, one.offset + one.length) for one in pieces if self._is_theirs(one.data)]
        if not spans:
            return None
        self.blanked += len(spans)
        draft = self._draft()
        blanked_copy(descriptor, what, spans, draft)
        return _from_its_beginning(draft)

    @contextmanager
    def _unpacked(self, packed: IO[bytes]) -> Iterator[IO[bytes]]:
        with self._draft() as content:
            shutil.copyfileobj(packed, content)
            yield _from_its_beginning(content)

    def _draft(self) -> IO[bytes]:
        return TemporaryFile(dir=self._path.parent)


def _from_its_beginning(file: IO[bytes]) -> IO[bytes]:
    file.flush()
    file.seek(0)
    return file
