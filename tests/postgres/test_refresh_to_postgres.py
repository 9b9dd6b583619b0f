"""The real commands with a PostgreSQL and a folder behind them: refresh, catching up, and erasing."""

import json
import os
import subprocess
from pathlib import Path

import dagster as dg

from tests.pipeline.test_erase_command import LINES
from tests.postgres.agreement import assert_same_tables
from tests.support.commands import clientele
from tests.support.postgres import ESCAPED_PASSWORD, PASSWORD, Database, programs
from tests.support.requests import capture, deliver, said


def holds(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_refresh_carries_the_snapshot_on_catches_up_and_erases_there_too(tmp_path: Path, database: Database) -> None:
    home, folder = tmp_path / "home", tmp_path / "exports"
    settings = {"POSTGRES_URL": database.url, "EXPORT_URL": str(folder)}
    away = settings | {"POSTGRES_URL": f"postgresql://postgres:{ESCAPED_PASSWORD}@127.0.0.1:1/x"}
    deliver(home, *LINES)

    # A server that is away undoes nothing: the snapshot is published, and copied.
    failed = clientele(home, "refresh", **away)
    assert failed.returncode == 1
    (snapshot,) = (home / "published" / "snapshots").iterdir()
    assert f"The snapshot {snapshot.name} is published, but PostgreSQL does not show it" in failed.stderr
    assert "cannot be reached" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert json.loads((folder / "latest.json").read_text())["snapshot_id"] == snapshot.name
    again = clientele(home, "refresh", **away)  # carries on alone: no other snapshot is made
    assert again.returncode == 1
    assert snapshot.name in again.stderr

    # The next refresh catches up with nothing new, and the one behind it has nothing to do.
    mended = clientele(home, "refresh", **settings)
    assert mended.returncode == 0, mended.stderr
    assert f"PostgreSQL shows snapshot {snapshot.name}: wrote everything" in mended.stdout
    assert assert_same_tables(database, home / "published") > 10
    assert clientele(home, "refresh", **settings).stdout.startswith("Nothing new")

    # A day more writes what changed.
    deliver(home, capture("c9", said("m1", "2026-03-05T10:00:00Z"), user={"id": "rob"}))
    more = clientele(home, "refresh", **settings)
    assert "wrote what changed" in more.stdout, more.stderr
    assert_same_tables(database, home / "published")
    assert len(list((folder / "snapshots").iterdir())) == 2

    # Erased here while the server is away: the command says that something is left there.
    half = clientele(home, "erase", "user", "support", "ann", "--yes", **away)
    assert half.returncode == 1
    assert "is published, but PostgreSQL does not show it" in half.stdout
    assert "PostgreSQL: the server of CLIENTELE_POSTGRES_URL cannot be reached" in half.stdout
    assert "what was erased may still be there" in half.stdout
    assert "Something is left of those who are erased" in half.stderr
    assert database.query("select distinct user_id from clientele.dim_users where user_id = 'ann'") == [("ann",)]
    whole = clientele(home, "refresh", **settings)
    assert whole.returncode == 0, whole.stderr
    assert "Proved absent" in clientele(home, "erase", "check", **settings).stdout
    assert_same_tables(database, home / "published")
    dumped = dump(database)
    assert "Archer" not in dumped
    assert "rob" in dumped
    assert len(list((folder / "snapshots").iterdir())) == 1
    assert holds(folder, "Archer") == []

    # With the server there, the erasure reaches it at once.
    done = clientele(home, "erase", "user", "support", "bob", "--yes", **settings)
    assert done.returncode == 0, done.stderr
    assert "Proved absent" in done.stdout
    assert database.query("select user_id from clientele.dim_users where user_id = 'bob'") == []

    # Nothing that is kept of the runs holds the password.
    assert holds(home, PASSWORD) == holds(home, ESCAPED_PASSWORD) == []
    for said_there in (failed, again, mended, half, whole, done):
        assert PASSWORD not in said_there.stdout + said_there.stderr
        assert ESCAPED_PASSWORD not in said_there.stdout + said_there.stderr


def dump(database: Database) -> str:
    """All of the database as text."""
    command = [str(programs() / "pg_dump"), "--host", str(database.server.folder), "--port", str(database.server.port)]
    command += ["--username", "postgres", database.name]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PGPASSWORD": PASSWORD})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_the_settings_nothing_is_carried_on_and_an_unusable_url_is_a_sentence_that_does_not_repeat_it(
    tmp_path: Path,
) -> None:
    deliver(tmp_path, LINES[0])
    done = clientele(tmp_path, "refresh")
    assert done.returncode == 0, done.stderr
    assert "PostgreSQL" not in done.stdout
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        for asset, setting in (("postgres", "CLIENTELE_POSTGRES_URL"), ("bucket", "CLIENTELE_EXPORT_URL")):
            newest = instance.get_latest_materialization_event(dg.AssetKey(asset))
            assert newest is not None
            assert newest.asset_materialization is not None
            assert newest.asset_materialization.metadata["why"].value == f"{setting} is not set."
    unusable = "nowhere://me:hidden@host/x"
    failed = clientele(tmp_path, "refresh", POSTGRES_URL=unusable, EXPORT_URL=unusable)
    assert failed.returncode == 1
    for setting in ("CLIENTELE_POSTGRES_URL", "CLIENTELE_EXPORT_URL"):
        assert f"{setting} cannot be used" in failed.stderr
    assert "hidden" not in failed.stdout + failed.stderr
