"""How SQLite files of the home are opened: to look at one, also where nothing can be written, and of which layout."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orchestration.errors import PipelineError

# Kept in each file as its `user_version`. To be raised with a change that the program of before would misread or break.
LAYOUT = 0
_OF_THE_MACHINE = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
        *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
    }
)


@contextmanager
def looking_into(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading; raises sqlite3.Error where it cannot be read.

    A reader, too, makes files beside one whose changes are logged; where the folder allows none, nobody changes it.
    """
    unchanging = "" if os.access(path.parent, os.W_OK) else "&immutable=1"
    uri = f"{path.absolute().as_uri()}?mode=ro{unchanging}"
    with closing(sqlite3.connect(uri, uri=True, timeout=60)) as connection:
        _finish_what_was_killed(path, connection)
        yield connection


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raises PipelineError where a later version of this program wrote the file."""
    (layout,) = connection.execute("pragma user_version").fetchone()
    if layout > LAYOUT:
        raise PipelineError(
            f"{path} was written by a newer version of clientele. Install that version, or name another data home with"
            " CLIENTELE_HOME."
        )


def blames_the_file(path: Path, error: sqlite3.DatabaseError) -> bool:
    """Whether an error speaks of a damaged file, and not of a full disk, a lock or a missing permission."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return any(path.with_name(path.name + beside).is_dir() for beside in ("-journal", "-wal", "-shm"))
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _OF_THE_MACHINE


def _finish_what_was_killed(path: Path, connection: sqlite3.Connection) -> None:
    """Let a writer undo the transaction that a kill left half written; a reader may not, and could not read."""
    try:
        connection.execute("pragma schema_version")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        with closing(sqlite3.connect(path, timeout=60)) as writer:
            writer.execute("pragma schema_version")
