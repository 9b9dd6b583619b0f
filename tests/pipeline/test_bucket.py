"""Published snapshots in a folder and in buckets of two kinds of server, as external tables of other engines read."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest
from gcp_storage_emulator.server import create_server
from moto.server import ThreadedMotoServer
from pyarrow import fs

from orchestration.publish.bucket import LATEST, BucketFault, copy_snapshot, is_current
from orchestration.publish.snapshot import TABLES
from tests.support.pipeline import Pipeline, Project
from tests.support.publishing import Publisher
from tests.support.requests import capture, said

KEY, SECRET = "the-key", "s3cret-of-the-key"


def visit(number: int) -> dict:
    return capture(f"c{number}", said("m1", "2026-03-10T10:00:00Z"), user={"id": "ann"})


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of an empty bucket, without a prefix."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"s3://{KEY}:{SECRET}@bucket{{}}?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
    files, _ = fs.FileSystem.from_uri(url.format("") + "&allow_bucket_creation=true")
    files.create_dir("bucket")
    yield url
    server.stop()


@pytest.fixture(scope="module")
def google() -> Iterator[str]:
    """The URL of an empty bucket, without a prefix."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    yield f"gs://anonymous@bucket{{}}?scheme=http&endpoint_override=127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def urls(s3: str, google: str, tmp_path: Path) -> list[str]:
    """Where snapshots are copied to: a folder, and buckets of two kinds."""
    return [str(tmp_path / "exports"), s3.format(f"/{tmp_path.name}"), google.format(f"/{tmp_path.name}")]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Publisher:
    """A home that has published once, and that no test changes."""
    return Publisher(Pipeline(tmp_path_factory.mktemp("published") / "home", project)).run(visit(1))


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    return Publisher(pipeline)


def opened(url: str) -> tuple[fs.FileSystem, str]:
    return fs.FileSystem.from_uri(url)


def latest(url: str) -> dict[str, str]:
    files, root = opened(url)
    with files.open_input_stream(f"{root}/{LATEST}") as pointer:
        return json.loads(pointer.read())


def snapshots(url: str) -> set[str]:
    files, root = opened(url)
    found = files.get_file_info(fs.FileSelector(f"{root}/snapshots", recursive=True))
    files_there = (one.path for one in found if one.type == fs.FileType.File)
    return {path.removeprefix(f"{root}/snapshots/").split("/")[0] for path in files_there}


def test_every_table_can_be_read_where_the_pointer_leads(urls: list[str], published: Publisher) -> None:
    for url in urls:
        assert not is_current(url, published.folder)
        done = copy_snapshot(url, published.folder)
        assert is_current(url, published.folder)
        assert done.files == len(TABLES) + 2
        pointer = latest(url)
        assert pointer["snapshot_id"] == published.manifest["snapshot_id"]
        files, root = opened(url)
        for table in TABLES:
            copied = ds.dataset(f"{root}/{pointer['prefix']}{table}", filesystem=files).to_table()
            path = str(published.folder / "current" / f"{table}.parquet")
            with duckdb.connect() as connection:
                ((rows,),) = connection.execute("select count(*) from read_parquet(?)", [path]).fetchall()
            assert copied.num_rows == rows == published.manifest["tables"][table]["rows"]
        with files.open_input_stream(f"{root}/{pointer['prefix']}manifest.json") as manifest:
            assert json.loads(manifest.read()) == published.manifest
        assert copy_snapshot(url, published.folder).files == 0


def test_prefixes_go_when_snapshots_go(urls: list[str], publisher: Publisher) -> None:
    for number in range(5):  # three are kept
        publisher.run(visit(number))
        for url in urls:
            copy_snapshot(url, publisher.folder)
    kept = {path.name for path in (publisher.folder / "snapshots").iterdir()}
    assert [snapshots(url) for url in urls] == [kept] * 3
    assert len(kept) == 3
    # Behind an erasure only the newest stays.
    for old in sorted(kept)[:-1]:
        shutil.rmtree(publisher.folder / "snapshots" / old)
    for url in urls:
        assert not is_current(url, publisher.folder)
        copy_snapshot(url, publisher.folder)
        assert snapshots(url) == {publisher.manifest["snapshot_id"]}
        assert is_current(url, publisher.folder)


def test_a_copy_that_broke_off_is_not_pointed_to_and_is_made_whole_or_dropped(
    urls: list[str], publisher: Publisher
) -> None:
    publisher.run(visit(1))
    for url in urls:
        copy_snapshot(url, publisher.folder)
        files, root = opened(url)
        half = f"{root}/snapshots/20200101T000000.000000Z/fct_user_days"
        files.create_dir(half)
        with files.open_output_stream(f"{half}/fct_user_days.parquet") as written:
            written.write(b"half")
        assert latest(url)["snapshot_id"] == publisher.manifest["snapshot_id"]
    publisher.run(visit(2))
    for url in urls:
        copy_snapshot(url, publisher.folder)
        assert snapshots(url) == {path.name for path in (publisher.folder / "snapshots").iterdir()}


@pytest.mark.parametrize("what", ["wrong", "absent", "away", "google away", "file", "scheme"])
def test_a_fault_is_one_sentence_without_the_keys(what: str, s3: str, tmp_path: Path, published: Publisher) -> None:
    (tmp_path / "file").touch()
    places: dict[str, Callable[[], str]] = {
        "wrong": lambda: f"s3://{KEY}:{SECRET}@",
        "absent": lambda: s3.replace("@bucket", "@no-such-bucket").format("/x"),
        "away": lambda: f"s3://{KEY}:{SECRET}@bucket/x?scheme=http&endpoint_override=127.0.0.1:1&region=us-east-1",
        "google away": lambda: (
            "gs://anonymous@bucket/x?scheme=http&endpoint_override=127.0.0.1:1&retry_limit_seconds=1"
        ),
        "file": lambda: str(tmp_path / "file"),
        "scheme": lambda: f"ftp://{KEY}:{SECRET}@host/x",
    }
    with pytest.raises(BucketFault) as caught:
        copy_snapshot(places[what](), published.folder)
    sentence = str(caught.value)
    assert "CLIENTELE_EXPORT_URL cannot be used" in sentence
    assert "\n" not in sentence
    assert SECRET not in sentence
    assert KEY not in sentence
