"""A PostgreSQL server of the tests' own, and databases in it. Debian's package has the programs (`make postgres`)."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pytest

OWNER, PASSWORD = "postgres", "s3cr#t of/the owner"
ESCAPED_PASSWORD = "s3cr%23t%20of%2Fthe%20owner"
# Nothing of a test survives a power cut anyway.
OPTIONS = "-c fsync=off -c full_page_writes=off -c max_connections=30"


@dataclass
class Server:
    """A running cluster, reached on loopback with passwords, and by its socket without."""

    folder: Path
    port: int

    def url(self, database: str, user: str = OWNER, password: str = ESCAPED_PASSWORD) -> str:
        """Where a user finds a database, with a password."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """An empty database."""
        name = f"test_{secrets.token_hex(6)}"
        Database(self, OWNER).run(f"create database {name}")
        try:
            yield Database(self, name)
        finally:
            Database(self, OWNER).run(f"drop database {name} with (force)")


@dataclass
class Database:
    """A database, as a person with a client sees it: each statement is a session of its own."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """The URL of its owner."""
        return self.server.url(self.name)

    @contextmanager
    def session(self, user: str = OWNER, *, autocommit: bool = False) -> Iterator[adbc.Cursor]:
        """A session of a user, by the socket: one transaction, undone at its end, or one for each statement."""
        uri = f"postgresql://{user}@/{self.name}?host={self.server.folder}&port={self.server.port}"
        with adbc.connect(uri, autocommit=autocommit) as connection, connection.cursor() as cursor:
            yield cursor

    def query(self, sql: str, *values: Any, user: str = OWNER) -> list[tuple]:
        """Rows of a query, with instants and numbers as `plain` writes them."""
        with self.session(user) as cursor:
            return [plain(row) for row in cursor.execute(sql, values or None).fetchall()]

    def run(self, *statements: str, user: str = OWNER) -> None:
        """Statements, each at once."""
        with self.session(user, autocommit=True) as cursor:
            for statement in statements:
                cursor.execute(statement)


def plain(row: tuple) -> tuple:
    """A row of either database in one writing: instants in UTC without a zone, decimals as all their digits."""
    return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return f"{value:f}" if isinstance(value, Decimal) else value


@contextmanager
def running_server() -> Iterator[Server]:
    """A new cluster on a free port."""
    folder_of = programs()
    with tempfile.TemporaryDirectory(prefix="clientele-postgres-") as name:
        folder, data = Path(name), Path(name) / "data"
        (folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            shutil.chown(folder / "password", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        access = ("--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", folder / "password")
        encoding = ("--encoding", "UTF8", "--locale", "C.UTF-8")
        _run(folder_of / "initdb", "--pgdata", data, "--username", OWNER, *access, *encoding, "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {OPTIONS}"
        _run(folder_of / "pg_ctl", "--pgdata", data, "--wait", "--log", folder / "log", "--options", options, "start")
        try:
            yield Server(folder, port)
        finally:
            _run(folder_of / "pg_ctl", "--pgdata", data, "--wait", "--mode", "immediate", "stop")


def programs() -> Path:
    """The folder of the server's programs, which Debian keeps off the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not newest:
        pytest.fail("Publishing is tested on a real PostgreSQL: install one with `make postgres`.")
    return newest[-1].parent


def _run(*command: object) -> None:
    """Run a program of the server's; it refuses to be root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*as_user, *map(str, command)], cwd="/", capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr + done.stdout
