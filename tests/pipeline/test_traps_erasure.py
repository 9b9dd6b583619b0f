"""Trap 46 and what belongs to it: who is erased is gone from everywhere, stays away, and nobody else's numbers change.

Erasing through the command line stands in `test_erase_command.py`.
"""

import gzip
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import zstandard

from orchestration.erasure.absence import traces
from orchestration.erasure.sweep import sweep
from orchestration.erasure.tombstones import Kind, request
from orchestration.errors import PipelineError
from orchestration.extract.landing.ledger import receipts
from orchestration.publish.leaving_out import MARTS
from orchestration.refresh.plan import plan
from orchestration.settings import DBT_PROJECT
from tests.support.pipeline import Pipeline, Project, copy_inbox
from tests.support.publishing import Publisher
from tests.support.requests import SUPPORT, Line, analysis, capture, deliver, encode, said, write_identity

ANN: Line = {"id": "ann-7781", "name": "Ann Archer", "email": "ann@acme.example", "plan": "pro", "mrr": 40}
BOB: Line = {"id": "bob", "name": "Bob", "plan": "free"}
ACME: Line = {"id": "acme-55", "name": "Acme Archery", "plan": "enterprise", "industry": "Sport"}
ZOO: Line = {"id": "zoo", "name": "Zoo"}
SECRETS = ("ann-7781", "Ann Archer", "ann@acme.example", "Secret words", "archer-seat", "archer-phone")
FILES = ("log.jsonl", "more/log.jsonl.gz", "log.jsonl.zst")


def secret(message_id: str | None, sent_at: str) -> Line:
    return said(message_id, sent_at) | {"content": "Secret words"}


def at(day: int, hour: int = 10) -> str:
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


ANNS = (
    capture("c-ann", secret("m1", at(1)), user=ANN, organization=ACME, custom={"seat": "archer-seat"}),
    capture("c-ann", secret("m2", at(2)), organization=ACME, session={"device": "archer-phone", "country": "AQ"}),
    capture("c-ann-2", secret(None, at(4)), user={"id": "ann-7781"} | {"mrr": "Secret words"}, organization=ACME),
    analysis("c-ann", {"m1": [0.5], "m2": [-1]}, at(5)),
    b'{"received_at": "2026-03-05T00:00:00Z", "chatbot_id": "support", "user": {"id": "ann-7781"}}',
    b'{"user": {"id": "ann-7781"}, "content": "Secret words',
)
OTHERS = (
    capture("c-bob", said("m1", at(2)), user=BOB, organization=ACME),
    capture("c-zoo", said("m1", at(3)), user=BOB, organization=ZOO, custom={"seat": "b"}),
    analysis("c-bob", {"m1": [0.2]}, at(5)),
    b'{"user": {"id": "bob"}, "content": "broken',
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Publisher:
    pipeline = Pipeline(tmp_path_factory.mktemp("prepared") / "home", project)
    for number, line in enumerate([*ANNS[:3], *OTHERS[:2]]):
        deliver(pipeline.home, line, file=FILES[number % 3])
    pipeline.refresh()
    for number, line in enumerate([*ANNS[3:], *OTHERS[2:]]):
        deliver(pipeline.home, line, file=FILES[number % 3])
    pipeline.refresh()
    return Publisher(pipeline).publish()


@pytest.fixture
def publisher(prepared: Publisher, memory: Path) -> Iterator[Publisher]:
    """A home with the lines of Ann and of others in every kind of file, in two runs."""
    copy = prepared.copied(memory / "home")
    yield copy
    copy.pipeline.close()


def erase(publisher: Publisher, kind: Kind = "user", entity: str = "ann-7781", *, keep_counts: bool = False) -> None:
    request(publisher.home, SUPPORT, kind, [entity], keep_counts=keep_counts)
    publisher.pipeline.refresh()
    publisher.publish()


def assert_absent(publisher: Publisher, secrets: tuple[str, ...] = SECRETS) -> None:
    """The proof of the product finds nothing, and neither does reading everything that the home holds."""
    publisher.pipeline.close()
    assert traces(publisher.home, publisher.pipeline.warehouse, publisher.folder) == []
    texts = list(everything(publisher.home))
    assert len(texts) > 50  # it does read
    assert [(place, one) for place, text in texts for one in secrets if one in text] == []


def everything(home: Path) -> Iterator[tuple[Path, str]]:
    """The content of every file of a home, decoded: rows of Parquet and DuckDB files, lines of compressed ones."""
    for path in sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink()):
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
                for schema, table in tables:
                    yield from ((path, str(row)) for row in connection.sql(f'from "{schema}"."{table}"').fetchall())
        elif path.suffix == ".parquet":
            yield from ((path, str(row)) for row in duckdb.sql(f"from read_parquet('{path}')").fetchall())
        else:
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            elif path.suffix == ".zst":
                with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
                    data = reader.read()
            yield from ((path, line) for line in data.decode("utf-8", "replace").split("\n"))


def tables(pipeline: Pipeline) -> dict[str, list[Any]]:
    return {table: pipeline.query(f"from {table} order by all") for table in MARTS}


def test_trap_46_an_erased_user_is_absent_from_facts_histories_snapshots_and_files(publisher: Publisher) -> None:
    publisher.run(capture("c-bob", said("m2", at(6)), user=BOB, organization=ACME))
    assert len(list((publisher.folder / "snapshots").iterdir())) == 2
    before = publisher.query("from organizations('support', null, null)")
    assert {row["organization_id"]: row["conversations"] for row in before} == {"acme-55": 3, "zoo": 1}
    erase(publisher)
    assert_absent(publisher)
    users = publisher.query("from users('support', null, null)")
    assert [(row["user_id"], row["conversations"]) for row in users] == [("bob", 2)]
    organizations = publisher.query("from organizations('support', null, null) order by organization_id")
    assert [(row["organization_id"], row["conversations"], row["users"]) for row in organizations] == [
        ("acme-55", 1, 1),
        ("zoo", 1, 1),
    ]
    assert len(list((publisher.folder / "snapshots").iterdir())) == 1


def test_trap_46_a_late_event_in_whatever_file_does_not_resurrect_an_erased_user(publisher: Publisher) -> None:
    erase(publisher)
    expected = tables(publisher.pipeline)
    again = [
        *ANNS,
        capture("c-ann", secret("m9", at(9))),  # names nobody
        capture("c-ann-3", secret("m1", at(9)), user=ANN, organization=ACME),
        analysis("c-ann", {"m2": [1]}, at(9)),
    ]
    for file in FILES:
        deliver(publisher.home, *again, file=file)
    publisher.pipeline.refresh()
    publisher.publish()
    assert_absent(publisher)
    assert tables(publisher.pipeline) == expected


def test_trap_46_what_came_before_the_name_goes_with_it(publisher: Publisher) -> None:
    erase(publisher)
    publisher.run(capture("c-new", secret("m1", at(8)), organization=ZOO))  # whose it is, nobody knows yet
    assert publisher.query("select * from fct_conversation_days where conversation_id = 'c-new'") != []
    publisher.run(capture("c-new", said("m2", at(9)), user=ANN))
    assert publisher.query("select * from fct_conversation_days where conversation_id = 'c-new'") == []
    assert_absent(publisher)


def test_trap_46_the_tables_equal_those_of_a_new_home_with_the_same_inbox(publisher: Publisher, tmp_path: Path) -> None:
    erase(publisher)
    deliver(publisher.home, capture("c-late", said("m1", at(2, 11)), user=BOB, organization=ACME), file=FILES[1])
    publisher.pipeline.refresh()
    rebuilt = Pipeline(copy_inbox(publisher.home, tmp_path / "rebuilt"), publisher.pipeline.project).refresh()
    assert tables(publisher.pipeline) == tables(rebuilt)
    rebuilt.close()


def test_trap_46_with_counts_kept_nobody_elses_number_changes(publisher: Publisher) -> None:
    shown = "select * from organizations('support', null, null) order by organization_id"
    before = publisher.query(shown)
    erase(publisher, keep_counts=True)
    assert_absent(publisher)
    after = publisher.query(shown)
    assert [row | {"users": None} for row in after] == [row | {"users": None} for row in before]
    assert [row["users"] for row in after] == [1, 1]
    assert [row["user_id"] for row in publisher.query("from users('support', null, null)")] == ["bob"]
    expected = tables(publisher.pipeline)
    publisher.run(*ANNS)
    assert_absent(publisher)
    assert tables(publisher.pipeline) == expected


def test_trap_46_an_erased_organization_takes_its_conversations_along(publisher: Publisher) -> None:
    erase(publisher, "organization", "acme-55")
    assert_absent(publisher, ("acme-55", "Acme Archery", "Sport", "enterprise"))
    assert [row["organization_id"] for row in publisher.query("from organizations('support', null, null)")] == ["zoo"]
    users = publisher.query("from users('support', null, null)")
    assert [(row["user_id"], row["conversations"]) for row in users] == [("bob", 1)]
    publisher.run(capture("c-x", said("m1", at(9)), user=BOB, organization=ACME))
    assert_absent(publisher, ("acme-55", "Acme Archery"))


def test_trap_46_in_anothers_conversation_only_the_name_goes(publisher: Publisher) -> None:
    publisher.run(
        capture("c-moved", said("m1", at(6)), user=ANN, organization=ZOO),
        capture("c-moved", said("m2", at(7)), user=BOB, organization=ZOO),
    )
    days = "select * exclude named_users from fct_conversation_days where conversation_id = 'c-moved' order by all"
    before = publisher.query(days)
    assert [row["user_id"] for row in before] == ["bob", "bob"]
    erase(publisher)
    assert_absent(publisher)
    assert publisher.query(days) == before


def test_trap_46_the_same_id_of_another_chatbot_is_someone_else(publisher: Publisher) -> None:
    publisher.run(capture("c-other", said("m1", at(6)), user={"id": "ann-7781"}, chatbot="sales"))
    erase(publisher)
    assert [row["user_id"] for row in publisher.query("from users('sales', null, null)")] == ["ann-7781"]


def test_trap_46_the_ledger_of_changes_says_erasure_and_names_nobody(publisher: Publisher) -> None:
    erase(publisher)
    rows = publisher.query(
        "from refresh_changes where run_id = ? order by activity_date", f"run-{publisher.pipeline.runs}"
    )
    assert [(row["activity_date"].day, row["reason"], row["conversations_before"]) for row in rows] == [
        (1, "erasure", 1),
        (2, "erasure", 2),
        (4, "erasure", 1),
    ]
    assert [row["conversations_after"] for row in rows] == [0, 1, 0]


def test_trap_46_every_line_keeps_its_outcome(publisher: Publisher) -> None:
    before = sum(receipt.lines for receipt in receipts(publisher.home))
    erase(publisher)
    publisher.run(*ANNS)
    read = receipts(publisher.home)
    assert all(one.lines == one.accepted + one.duplicates + one.quarantined for one in read)
    assert sum(one.lines for one in read) == before + len(ANNS)
    assert {one.problem for one in read} == {None}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def one_change_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to erase is killed before the second change that it makes to a file."""
    changes = 0

    def counted(change: Any) -> Any:
        def change_or_die(*arguments: Any) -> Any:
            nonlocal changes
            changes += 1
            if changes % 2 == 0:
                raise Killed
            return change(*arguments)

        return change_or_die

    for place, name in (("rewriting", "replace"), ("inbox", "replace"), ("inbox", "pwrite")):
        stand_in = SimpleNamespace(**vars(os) | {name: counted(getattr(os, name))})
        monkeypatch.setattr(f"orchestration.erasure.{place}.os", stand_in, raising=True)


@pytest.mark.usefixtures("one_change_at_a_time")
def test_trap_46_a_killed_erasure_is_finished_by_the_next_refresh(publisher: Publisher) -> None:
    request(publisher.home, SUPPORT, "user", ["ann-7781"], keep_counts=False)
    killed = 0
    while True:
        try:
            publisher.pipeline.refresh()
            break
        except Killed:
            killed += 1
            assert killed < 100
    assert killed > 5
    publisher.publish()
    assert_absent(publisher)
    publisher.run(capture("c-bob", said("m5", at(9)), user=BOB))
    assert {receipt.problem for receipt in receipts(publisher.home)} == {None}
    assert [row["messages"] for row in publisher.query("from users('support', null, null)")] == [3]


def test_trap_46_a_line_that_is_still_being_written_is_not_disturbed(publisher: Publisher) -> None:
    line = encode(capture("c-half", secret("m1", at(9)), user=ANN))
    with (publisher.home / "inbox" / "growing.jsonl").open("ab", buffering=0) as file:
        file.write(line[:-40])
        erase(publisher)
        file.write(line[-40:])
    publisher.run()
    assert_absent(publisher)
    (receipt,) = [one for one in receipts(publisher.home) if one.source_file == "growing.jsonl" and one.lines]
    assert (receipt.accepted, receipt.quarantined) == (1, 0)


def test_trap_46_a_compressed_file_without_its_end_is_named_and_cleaned_once_it_has_one(publisher: Publisher) -> None:
    wholes = {}
    for ending, compress in {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}.items():
        path = publisher.home / "inbox" / f"half.jsonl.{ending}"
        wholes[path] = compress(encode(ANNS[0])) + compress(encode(OTHERS[0]))
        path.write_bytes(wholes[path][:-8])
    publisher.pipeline.refresh()
    request(publisher.home, SUPPORT, "user", ["ann-7781"], keep_counts=False)
    assert sweep(publisher.home).left == tuple(
        f"The file inbox/{path.name} has lines of someone erased, but it is damaged or not complete. Complete or delete"
        " it, then refresh."
        for path in wholes
    )
    for path, whole in wholes.items():
        assert path.read_bytes() == whole[:-8]
        path.write_bytes(whole)
    publisher.run()
    assert_absent(publisher)
    assert {receipt.problem for receipt in receipts(publisher.home)} == {None}


def test_trap_46_an_element_of_a_list_is_blanked_and_the_others_keep_their_places(publisher: Publisher) -> None:
    """Lists in every writing: on one line and on many, in two encodings, plain and compressed."""
    elements = [OTHERS[0], capture("c-new", secret("m1", at(9)), user=ANN), OTHERS[1]]
    lists = {}
    for indent, encoding, is_plain in itertools.product((None, 2), ("utf-8", "utf-16"), (True, False)):
        path = publisher.home / "inbox" / f"list-{indent}-{encoding}-{is_plain}"
        content = json.dumps(elements, indent=indent).encode(encoding)
        path.write_bytes(content if is_plain else gzip.compress(content))
        lists[path] = (encoding, is_plain)
    publisher.run()
    erase(publisher)
    assert_absent(publisher)
    for path, (encoding, is_plain) in lists.items():
        content = path.read_bytes() if is_plain else gzip.decompress(path.read_bytes())
        assert "ann-7781" not in content.decode(encoding)
    fresh = Pipeline(copy_inbox(publisher.home, publisher.home.parent / "fresh"), publisher.pipeline.project).refresh()
    read = fresh.query("select lines, accepted + duplicates as good from receipts where source_file like 'list-%'")
    assert [(row["lines"], row["good"]) for row in read] == [(2, 2)] * len(lists)
    fresh.close()


def test_trap_46_a_log_that_was_rotated_and_a_linked_one_are_cleaned_in_their_places(
    publisher: Publisher, tmp_path: Path
) -> None:
    inbox, outside = publisher.home / "inbox", tmp_path / "outside.gz"
    (inbox / "log.jsonl").rename(inbox / "log.jsonl.1")
    outside.write_bytes(gzip.compress(encode(ANNS[0], OTHERS[0])))
    (inbox / "link").symlink_to(outside)
    publisher.run(OTHERS[1])
    erase(publisher)
    assert_absent(publisher)
    assert b"ann-7781" not in (inbox / "log.jsonl.1").read_bytes()
    assert (inbox / "link").is_symlink()
    assert b"ann-7781" not in gzip.decompress(outside.read_bytes())


def test_trap_46_a_mapping_cannot_bring_an_erased_id_back(publisher: Publisher) -> None:
    erase(publisher)
    write_identity(publisher.home, ("user", "bob", "ann-7781"))
    with pytest.raises(PipelineError, match=r"identity\.csv.*'ann-7781'.*is erased.*Delete the line"):
        plan(publisher.home, publisher.pipeline.warehouse, publisher.folder, DBT_PROJECT, "")
