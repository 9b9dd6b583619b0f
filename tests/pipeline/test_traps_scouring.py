"""Trap 68: after an erasure no byte of the home spells the id, e-mail or name, also where no run reads.

What runs read is proven in `test_traps_erasure.py`.
"""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import zstandard

from orchestration.erasure.absence import traces
from orchestration.erasure.needles import Needles, needles_of
from orchestration.erasure.scouring import Scouring, every_file, scour
from orchestration.erasure.tombstones import request
from orchestration.extract.landing.ledger import receipts
from serving.saved_views import SavedView, remove_view, save_view
from tests.support.pipeline import Pipeline, Project
from tests.support.publishing import Publisher
from tests.support.requests import SUPPORT, Line, capture, deliver, encode, said

ID, EMAIL, NAME = "usr-7781", "Zoë.Archer@acme.example", "Zoë Archer"
ZOE: Line = {"id": ID, "name": NAME, "email": EMAIL}
BOB: Line = {"id": "usr-9912", "name": "Bob Bowman", "email": "bob@acme.example"}
THEIRS = capture("c-zoe", said("m1", "2026-03-01T10:00:00Z"), user=ZOE)
OTHERS = capture("c-bob", said("m1", "2026-03-02T10:00:00Z"), user=BOB)
# Cut off in the midst of the e-mail, and in the midst of the record.
FRAGMENT = f'serves {ID}","email":"{EMAIL[:14]}'.encode()
BROKEN = json.dumps(THEIRS, ensure_ascii=False).encode()[:-30]
ZSTD = zstandard.ZstdCompressor()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Publisher:
    return Publisher(Pipeline(tmp_path_factory.mktemp("prepared") / "home", project)).run(THEIRS, OTHERS)


@pytest.fixture
def publisher(prepared: Publisher, memory: Path) -> Iterator[Publisher]:
    copy = prepared.copied(memory / "home")
    yield copy
    copy.pipeline.close()


def put(publisher: Publisher, name: str, content: bytes) -> Path:
    path = publisher.home / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def erase(publisher: Publisher) -> Scouring:
    """What the command does, without its process."""
    needles = needles_of(publisher.home, SUPPORT, "user", [ID])
    request(publisher.home, SUPPORT, "user", [ID], keep_counts=False)
    publisher.pipeline.refresh()
    publisher.publish()
    return scour(publisher.home, publisher.pipeline.warehouse, publisher.folder, needles)


def assert_no_byte_is_left(publisher: Publisher) -> None:
    publisher.pipeline.close()
    assert traces(publisher.home, publisher.pipeline.warehouse, publisher.folder) == []
    contents = [(path, data) for path in publisher.home.rglob("*") if path.is_file() for data in decoded(path)]
    assert len(contents) > 40  # it does look
    spelled = [one.encode(code) for one in (ID, EMAIL, NAME) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    spelled += [json.dumps(one)[1:-1].encode() for one in (EMAIL, NAME)]
    assert [(path, one) for path, data in contents for one in spelled if one.lower() in data.lower()] == []


def decoded(path: Path) -> Iterator[bytes]:
    """A file as it is, and what it holds."""
    data = path.read_bytes()
    yield from unpacked(data)
    if path.suffix == ".parquet":
        yield str(duckdb.sql(f"from read_parquet('{path}')").fetchall()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield str(connection.sql(f'from "{schema}"."{table}"').fetchall()).encode()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Bytes as they are, and those that are compressed in them."""
    yield data
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith(b"BZh"):
        yield bz2.decompress(data)
    elif data.startswith(b"\xfd7zXZ"):
        yield lzma.decompress(data)
    elif data.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


def test_trap_68_a_half_line_that_is_still_being_written_is_blanked(publisher: Publisher) -> None:
    path = put(publisher, "growing.jsonl", encode(OTHERS) + BROKEN)
    found = erase(publisher)
    assert (found.blanked, found.left) == (1, [])
    assert path.read_bytes() == encode(OTHERS) + b" " * len(BROKEN)
    assert_no_byte_is_left(publisher)
    deliver(publisher.home, b"}", OTHERS | {"received_at": "2026-03-05T00:00:00Z"}, file="growing.jsonl")
    publisher.run()
    last = [one for one in receipts(publisher.home) if one.source_file == "growing.jsonl"][-1]
    assert (last.accepted, last.quarantined, last.problem) == (1, 1, None)


def test_trap_68_a_broken_line_with_fragments_goes_from_quarantine_and_files(publisher: Publisher) -> None:
    paths = []
    for number, broken in enumerate((FRAGMENT, BROKEN, BROKEN.replace(NAME.encode(), b"Zo\\u00eB Archer"))):
        content = encode(OTHERS, broken, OTHERS) + broken
        for name, compressed in (("", content), (".gz", gzip.compress(content)), (".zst", ZSTD.compress(content))):
            paths.append(put(publisher, f"broken-{number}{name}", compressed))
    found = erase(publisher)
    assert (found.blanked, found.left) == (12, [])  # the others hold the id as a whole, so the sweep saw them
    assert_no_byte_is_left(publisher)
    for path in paths:
        assert [*decoded(path)][-1].split(b"\n")[0::2] == [encode(OTHERS)[:-1]] * 2
    publisher.run(OTHERS)
    assert {receipt.problem for receipt in receipts(publisher.home)} == {None}


def test_trap_68_files_that_are_not_read_are_cleaned(publisher: Publisher) -> None:
    log, put_away = encode(OTHERS, THEIRS, BROKEN), []
    put(publisher, ".ignore", b"ignored*\n")
    for number, content in enumerate(
        (
            log,
            gzip.compress(log),
            ZSTD.compress(log),
            encode(OTHERS, THEIRS).decode().encode("utf-16"),
            json.dumps([OTHERS, THEIRS]).encode(),
            f"id;name\nusr-9912;Bob\n{ID};{NAME}\nx;{EMAIL.upper()}\n".encode(),
            gzip.compress(f"id,mail\nusr-9912,b\nx,{EMAIL.replace('@', '%40')}\nusr-9912,c\n".encode()),
        )
    ):
        put_away += [put(publisher, f"{name}{number}", content) for name in (".hidden", "ignored", ".folder/log")]
    found = erase(publisher)
    assert found.left == []
    assert found.blanked > len(put_away)
    assert_no_byte_is_left(publisher)
    for path in put_away:
        assert b"usr-9912" in [*decoded(path)][-1].replace(b"\0", b"")


def test_trap_68_a_refused_file_and_a_rotated_one_that_nothing_follows_are_cleaned(publisher: Publisher) -> None:
    put(publisher, "log.jsonl", encode(OTHERS, THEIRS))  # its beginning is another than what was read
    put(publisher, "table.csv", f"a,b\n{ID},{NAME}\nc,d\n".encode())
    assert erase(publisher).left == []
    assert_no_byte_is_left(publisher)


def archives() -> dict[str, bytes]:
    log = encode(OTHERS, THEIRS)
    zipped, taped = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("old.jsonl.gz", gzip.compress(log))
    with tarfile.open(fileobj=taped, mode="w:gz") as tape:
        entry = tarfile.TarInfo("old.jsonl")
        entry.size = len(log)
        tape.addfile(entry, io.BytesIO(log))
    return {
        "old.zip": zipped.getvalue(),
        "old.tgz": taped.getvalue(),
        "old.bz2": bz2.compress(log),
        "old.xz": lzma.compress(log),
    }


def test_trap_68_archives_are_written_anew(publisher: Publisher) -> None:
    """How, is in `tests/unit/test_archives.py`."""
    paths = [put(publisher, name, content) for name, content in archives().items()]
    found = erase(publisher)
    assert (found.left, found.unsearched, found.blanked) == ([], [], len(paths))
    assert_no_byte_is_left(publisher)
    assert all(b"usr-9912" in data for path in paths[2:] for data in [*decoded(path)][1:])


def test_trap_68_what_cannot_be_cleaned_is_named_with_the_reason_and_what_to_do(publisher: Publisher) -> None:
    log = encode(OTHERS, THEIRS)
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("old.jsonl", log)
    locked = bytearray(stored.getvalue())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # says in both headers that there is a password
        locked[locked.index(mark) + place] |= 1
    contents = {
        "locked.zip": (bytes(locked), ": it is encrypted."),
        "damaged.zip": (stored.getvalue().replace(b"usr-9912", b"usr-9913", 1), "(BadZipFile)."),
        "half.tgz": (archives()["old.tgz"][:-12], "it is damaged"),
        "old.bin": (log.decode().encode("utf-16-le"), "cannot be cleaned."),
        "half.gz": (gzip.compress(log)[:-12], "cannot be cleaned."),
    }
    paths = {name: put(publisher, name, content) for name, (content, _) in contents.items()}
    found = erase(publisher)
    for name, (content, why) in contents.items():
        said_of = " ".join({one for one in (*found.left, *found.unsearched) if f"inbox/{name} " in one})
        assert why in said_of
        assert "elete it" in said_of or said_of in found.unsearched
        assert paths[name].read_bytes() == content
        paths[name].unlink()
    assert_no_byte_is_left(publisher)


def test_trap_68_a_line_of_a_settings_file_and_a_file_of_ones_own_are_named(publisher: Publisher) -> None:
    (publisher.home / "chatbots.csv").write_text(f"chatbot_id,name\nsupport,Desk of {NAME}\n")
    table = publisher.home / "export" / "users.parquet"
    table.parent.mkdir()
    duckdb.sql(f"copy (select '{ID}' as id from range(1000)) to '{table}'")
    assert sorted(erase(publisher).left) == [
        f"{publisher.home / 'chatbots.csv'}, line 2: names someone erased. Delete the line.",
        "The file export/users.parquet names someone erased, and cannot be cleaned. Delete it, or take them out of it.",
    ]


def test_trap_68_records_of_others_that_hold_the_same_texts_stay(publisher: Publisher) -> None:
    same_id = capture("c-sales", said("m1", "2026-03-03T10:00:00Z"), user={"id": ID}, chatbot="sales")
    broken = json.dumps(same_id).encode().replace(b'"messages"', b'"texts"')
    publisher.run(same_id, broken)
    found = erase(publisher)
    assert (found.left, found.blanked) == ([], 0)
    assert {"log.jsonl", "users.parquet"} & {path.name for path in found.others} != set()
    assert [row["user_id"] for row in publisher.query("from users('sales', null, null)")] == [ID]


def test_trap_68_what_came_since_the_refresh_is_left_to_the_next_one(publisher: Publisher) -> None:
    needles = needles_of(publisher.home, SUPPORT, "user", [ID])
    request(publisher.home, SUPPORT, "user", [ID], keep_counts=False)
    publisher.pipeline.refresh()
    publisher.publish()
    deliver(publisher.home, THEIRS)
    found = scour(publisher.home, publisher.pipeline.warehouse, publisher.folder, needles)
    assert found.left == ["The file inbox/log.jsonl has new lines of someone erased. Run `clientele refresh`."]
    publisher.run()
    assert_no_byte_is_left(publisher)


def test_needles_are_whole_words_in_every_spelling_and_plain_ones_are_none() -> None:
    needles = Needles(SUPPORT, ["usr-7781", "email:zoë@acme.example", "Zoë Archer", "bob", "12345", "Grace"])
    assert needles.plain == {"bob", "12345", "Grace"}
    for spelled in (
        b"usr-7781",
        b'\\nusr-7781"',
        "ZOË@Acme.example".encode(),
        b"zo\\u00EB@acme.example",
        b"Zo\\u00eb Archer",
    ):
        assert needles.are_in(b"x " + spelled + b" y")
    assert needles.are_in("x Zoe\u0308 Archer y".encode("utf-16-be"))
    assert needles.are_in(b"?mail=zo%C3%AB%40acme.example&x")
    for other in (b"usr-77812", b"xusr-7781", b"bob", b"USR-7781", "Zoë Archerson".encode("utf-16-le")):
        assert not needles.are_in(b"x " + other + b" y")


def test_a_line_that_breaks_off_late_in_an_email_or_a_name_is_theirs_and_in_an_id_is_not() -> None:
    needles = Needles(SUPPORT, [ID, EMAIL, NAME])
    assert needles.break_off_in(b'{"email": "' + EMAIL[:-2].encode())
    assert needles.break_off_in(b'{"name": "' + NAME[:-1].encode())
    for others in (b'{"id": "usr-778', b'{"name": "Zo', b'{"email": "Zo'):
        assert not needles.break_off_in(others)


def test_every_file_is_met_once_and_links_lead_to_no_folder_around_the_home(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / ".hidden").mkdir(parents=True)
    outside.mkdir()
    for path in (home / ".hidden" / "a", outside / "b", tmp_path / "c"):
        path.write_bytes(b"")
    (home / "link").symlink_to(outside)
    (home / "again").symlink_to(home / ".hidden" / "a")
    (home / "up").symlink_to(tmp_path)
    assert sorted(every_file(home)) == [home / ".hidden" / "a", home / "link" / "b"]


def test_trap_68_a_saved_view_that_looks_for_someone_is_named(publisher: Publisher) -> None:
    """In an address the e-mail would be spelt Zo%C3%AB.Archer%40acme.example, which no search for it finds."""
    views = publisher.home / "views"
    save_view(views, SUPPORT, SavedView(table="users", name="One user", state={"search": [EMAIL]}))
    (said_of,) = erase(publisher).left
    assert said_of.startswith("The file views/support.json names someone erased, and cannot be cleaned.")
    remove_view(views, SUPPORT, "users", "One user")
    assert_no_byte_is_left(publisher)
