"""What goes wrong on the way to PostgreSQL is one sentence without the password; readers see one snapshot, whole."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestration.publish.postgres.connection import PostgresFault
from orchestration.publish.postgres.publication import Way, publish
from tests.postgres.agreement import assert_same_tables
from tests.postgres.conftest import visit
from tests.support.postgres import ESCAPED_PASSWORD, OWNER, PASSWORD, Database, Server
from tests.support.publishing import Publisher

PROJECT = Path(__file__).parents[2]
PUBLISH = (
    "import sys; from pathlib import Path; from orchestration.publish.postgres.publication import publish;"
    " print(publish(sys.argv[1], Path(sys.argv[2]), 0).way.name)"
)
OLDER = "update clientele.publication set definition = 'of another version'"
# What a reader holds against each other: every table has the counts of one snapshot.
ONE_SNAPSHOT = """
select
    (select snapshot_id from clientele.snapshot_info),
    (select count(*) from clientele.fct_conversation_days),
    (select sum(conversations)::bigint from clientele.fct_user_days),
    (select sum(conversations)::bigint from clientele.organizations('support', null, null)),
    (select sum(accepted)::bigint from clientele.receipts)
"""


def in_a_process(url: str, published: Path) -> subprocess.Popen[str]:
    """A publication that can be killed."""
    command = [sys.executable, "-c", PUBLISH, url, str(published)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waits_for_a_lock(database: Database) -> None:
    """Return once a session waits for a lock of another one."""
    for _ in range(3000):
        if database.query("select pid from pg_stat_activity where wait_event_type = 'Lock'"):
            return
        time.sleep(0.02)
    pytest.fail("Nobody ever waited for the lock.")


def failing(url: str, published: Path) -> str:
    """The sentence of a publication that fails."""
    with pytest.raises(PostgresFault) as caught:
        publish(url, published, 0)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    assert ESCAPED_PASSWORD not in sentence
    return sentence


def test_each_fault_of_the_way_there_says_what_to_do(server: Server, states: list[Path]) -> None:
    away = failing(f"postgresql://{OWNER}:{ESCAPED_PASSWORD}@127.0.0.1:1/x", states[0])
    assert "cannot be reached" in away
    assert "refused" in away
    wrong = failing(server.url("postgres", password="not-that-secret"), states[0])
    assert "refuses the user or the password" in wrong
    assert "not-that-secret" not in wrong
    assert 'database "nowhere" does not exist' in failing(server.url("nowhere"), states[0])
    for unusable in ("mysql://u:hidden@h/x", "postgresql://u:hid%zzden@h/x", "postgresql://u:hid/den@127.0.0.1/x"):
        sentence = failing(unusable, states[0])
        assert "CLIENTELE_POSTGRES_URL cannot be used. Write it as" in sentence
        assert "hid" not in sentence


def test_a_user_without_rights_is_told_so_and_one_who_owns_the_schema_needs_no_more(
    server: Server, states: list[Path], database: Database
) -> None:
    publish(database.url, states[0], 0)  # the role of the readers is there from now on
    with server.database() as other:
        other.run("create role writer login password 'w'")
        try:
            url = server.url(other.name, "writer", "w")
            assert "its user lacks a right" in failing(url, states[0])
            other.run("create schema clientele authorization writer")
            assert publish(url, states[0], 0).way == Way.ANEW
            assert publish(url, states[1], 0).way == Way.CHANGES
            assert_same_tables(other, states[1])
        finally:
            other.run("drop owned by writer", "drop role writer")


def test_a_database_of_another_encoding_is_refused(server: Server, states: list[Path], database: Database) -> None:
    database.run("create database latin encoding latin1 locale 'C' template template0")
    try:
        assert "encoded as LATIN1" in failing(server.url("latin"), states[0])
    finally:
        database.run("drop database latin")


def test_a_lock_that_somebody_holds_is_a_sentence_after_the_time_that_the_url_allows(
    states: list[Path], database: Database
) -> None:
    publish(database.url, states[0], 0)
    url = f"{database.url}?options=-c%20lock_timeout%3D200ms"
    with database.session() as holder:
        holder.execute("lock table clientele.snapshot_info in share mode")
        assert "another session holds a lock on what it is to change" in failing(url, states[1])
        assert database.query(ONE_SNAPSHOT)[0][1:] == (1, 1, 1, 1)
    assert publish(url, states[1], 0).way == Way.CHANGES
    assert database.query(ONE_SNAPSHOT)[0][1:] == (2, 2, 2, 2)


def test_of_two_publications_at_once_the_second_waits_or_says_so(states: list[Path], database: Database) -> None:
    publish(database.url, states[0], 0)
    with database.session() as holder:
        holder.execute("lock table clientele.snapshot_info in share mode")
        first = in_a_process(database.url, states[1])
        waits_for_a_lock(database)
        assert "another session holds a lock" in failing(f"{database.url}?options=-c%20lock_timeout%3D200ms", states[1])
    out, err = first.communicate(timeout=60)
    assert out.strip() == "CHANGES", err
    assert publish(database.url, states[1], 0).way == Way.NOTHING
    assert_same_tables(database, states[1])


def test_a_long_read_neither_waits_for_a_publication_nor_holds_it_up(states: list[Path], database: Database) -> None:
    publish(database.url, states[0], 0)
    with database.session() as reader:
        reader.execute("set transaction isolation level repeatable read")
        before = reader.execute(ONE_SNAPSHOT).fetchall()
        assert publish(f"{database.url}?options=-c%20lock_timeout%3D1s", states[1], 0).way == Way.CHANGES
        assert reader.execute(ONE_SNAPSHOT).fetchall() == before
    assert database.query(ONE_SNAPSHOT)[0][1:] == (2, 2, 2, 2)


def test_what_somebody_built_on_it_is_not_dropped_with_it(states: list[Path], database: Database) -> None:
    publish(database.url, states[0], 0)
    database.run("create view public.own as select * from clientele.users_all_time")
    database.run(OLDER)
    assert "something outside its schema depends on what is to be replaced" in failing(database.url, states[0])
    assert len(database.query("select * from public.own")) == 1
    database.run("drop view public.own")
    assert publish(database.url, states[0], 0).way == Way.ANEW


@pytest.mark.parametrize("way", ["CHANGES", "ANEW"])
def test_trap_49_a_publication_killed_in_the_middle_leaves_the_old_snapshot_and_the_next_one_mends(
    way: str, states: list[Path], database: Database
) -> None:
    publish(database.url, states[0], 0)
    before = database.query(ONE_SNAPSHOT)
    if way == "ANEW":
        database.run(OLDER)
    with database.session() as holder:
        # All tables before this one are written by then; a table that is swapped waits for its readers too.
        holder.execute(f"lock table clientele.snapshot_info in {'access share' if way == 'ANEW' else 'share'} mode")
        killed = in_a_process(database.url, states[1])
        waits_for_a_lock(database)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait() == -signal.SIGKILL
        killed.communicate()
        if way == "CHANGES":
            assert database.query(ONE_SNAPSHOT) == before
    assert database.query(ONE_SNAPSHOT) == before
    done = in_a_process(database.url, states[1])
    out, err = done.communicate(timeout=60)
    assert out.strip() == way, err
    assert_same_tables(database, states[1])
    assert database.query("select relname from pg_class where relname like 'new\\_%' or relname like 'come\\_%'") == []


def test_a_reader_who_asks_all_the_time_sees_one_snapshot_at_a_time(
    publisher: Publisher, database: Database, tmp_path: Path
) -> None:
    folders = []
    for number in range(1, 7):
        publisher.run(visit(number))
        folders.append(Path(shutil.copytree(publisher.folder, tmp_path / str(number), symlinks=True)))
    publish(database.url, folders[0], 0)
    seen: list[list[tuple]] = [[], []]
    ended = threading.Event()

    def read(answers: list[tuple]) -> None:
        with database.session(autocommit=True) as reader:
            while not ended.is_set():
                answers += reader.execute(ONE_SNAPSHOT).fetchall()

    readers = [threading.Thread(target=read, args=[answers]) for answers in seen]
    for reader in readers:
        reader.start()
    try:
        for number, folder in enumerate(folders[1:], 2):
            way = publish(database.url, folder, int(number > 4)).way
            assert way == (Way.EVERYTHING if number == 5 else Way.CHANGES)
            time.sleep(0.2)
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    for answers in seen:
        counts = [row[1] for row in answers]
        assert {row[1:] for row in answers} == {(number,) * 4 for number in range(1, 7)}
        assert counts == sorted(counts)
        assert len({row[0] for row in answers}) == 6
