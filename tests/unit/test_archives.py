"""Archives written anew without the lines of someone: members, names, times and order stay."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from orchestration.erasure.archives import Cleaning, Uncleanable

LOG = b'{"id": "bob"}\n{"id": "zoe"}\n{"id": "bob"}\n'
CLEANED = b'{"id": "bob"}\n             \n{"id": "bob"}\n'
OTHERS = b'{"id": "bob"}\n'
YESTERDAY = (2026, 2, 28, 12, 30, 0)
ZSTD = zstandard.ZstdCompressor()


def zstd_content(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


COMPRESSIONS = {
    "plain": (bytes, bytes),
    "gzip": (gzip.compress, gzip.decompress),
    "bzip2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress),
    "zstd": (ZSTD.compress, zstd_content),
}
Code = Callable[[bytes], bytes]


def clean(folder: Path, content: bytes) -> tuple[int, bytes]:
    """How many lines were blanked, and what the archive is then."""
    path = folder / "archive"
    path.write_bytes(content)
    path.chmod(0o640)
    cleaning = Cleaning(path, lambda line: b"zoe" in line)
    cleaning.run()
    assert [one.name for one in folder.iterdir()] == ["archive"]
    assert path.stat().st_mode & 0o777 == 0o640
    return cleaning.blanked, path.read_bytes()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = b"of the old server"
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, YESTERDAY), content, method)
    return file.getvalue()


def taped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:") as tape:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), 1_772_000_000, 0o640
            tape.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("newest.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, next(iter(members))
        tape.addfile(link)
    return file.getvalue()


def in_zip(data: bytes) -> list[tuple[object, ...]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.comment == b"of the old server"
        return [
            (one.filename, one.date_time, one.compress_type, one.external_attr, archive.read(one))
            for one in archive.infolist()
        ]


def in_tar(data: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tape:
        opened = [(one, tape.extractfile(one) if one.isfile() else None) for one in tape]
        return [(one.name, one.mtime, one.mode, one.linkname, file.read() if file else b"") for one, file in opened]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_archive_keeps_names_times_methods_and_order(tmp_path: Path, method: int) -> None:
    members = {"b/old.jsonl": LOG, "empty/": b"", "a.csv": b"1;zoe\n2;x\n", "\u00f6.txt": b"nothing", "c": b""}
    blanked, content = clean(tmp_path, zipped(members, method))
    assert blanked == 2
    cleaned = members | {"b/old.jsonl": CLEANED, "a.csv": b"     \n2;x\n"}
    assert in_zip(content) == in_zip(zipped(cleaned, method))


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_tar_archive_keeps_names_times_modes_links_and_order(tmp_path: Path, name: str) -> None:
    pack, unpack = COMPRESSIONS[name]
    blanked, content = clean(tmp_path, pack(taped({"b/old.jsonl": LOG, "x" * 200: LOG, "a": OTHERS})))
    assert blanked == 2
    assert in_tar(unpack(content)) == in_tar(taped({"b/old.jsonl": CLEANED, "x" * 200: CLEANED, "a": OTHERS}))


@pytest.mark.parametrize("name", ["bzip2", "xz"])
def test_a_log_of_several_streams_is_one_stream_then(tmp_path: Path, name: str) -> None:
    pack, unpack = COMPRESSIONS[name]
    blanked, content = clean(tmp_path, pack(LOG) + pack(LOG))
    assert (blanked, unpack(content)) == (2, CLEANED * 2)


def test_archives_in_archives_are_cleaned(tmp_path: Path) -> None:
    inner = zipped({"old.jsonl.xz": lzma.compress(LOG), "other": OTHERS})
    blanked, content = clean(tmp_path, taped({"inner.zip": inner, "old.gz": gzip.compress(LOG)}))
    assert blanked == 2
    (_, *_, first), (_, *_, second), _ = in_tar(content)
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert gzip.decompress(second) == CLEANED
    (_, *_, third), (_, *_, fourth) = in_zip(first)
    assert isinstance(third, bytes)
    assert (lzma.decompress(third), fourth) == (CLEANED, OTHERS)


@pytest.mark.parametrize("content", [zipped({"a": OTHERS}), taped({"b": OTHERS}), bz2.compress(OTHERS), b"\0x\0y"])
def test_what_holds_nothing_of_theirs_stays_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    assert clean(tmp_path, content) == (0, content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped({"a": LOG}, zipfile.ZIP_STORED).replace(b"bob", b"bot", 1), "damaged"),
        (zipped({"a": LOG})[:-30], "damaged"),
        (taped({"a": LOG * 50})[:2048], "damaged"),
        (bz2.compress(LOG)[:-4], "damaged"),
        (lzma.compress(LOG)[:-4], "damaged"),
        (gzip.compress(taped({"a": LOG}))[:-9], "damaged"),
        (zipped({"a": LOG}).replace(b"PK\1\2\x14\x03\x14\0\0", b"PK\1\2\x14\x03\x14\0\1"), "encrypted"),
    ],
)
def test_what_cannot_be_written_anew_stays_as_it_was_and_says_why(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Uncleanable, match=why):
        clean(tmp_path, content)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("archive", content)]


def test_nothing_is_unpacked_beyond_the_deepest_level(tmp_path: Path) -> None:
    content = LOG
    for _ in range(7):
        content = bz2.compress(content)
    with pytest.raises(Uncleanable, match="too deeply"):
        clean(tmp_path, content)
