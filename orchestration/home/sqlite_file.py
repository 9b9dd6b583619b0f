"""How an SQLite file of the home is opened only to look at it, also where nothing can be written."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def looking_into(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading; raises sqlite3.Error where it cannot be read.

    A reader, too, makes files beside one whose changes are logged; where the folder allows none, nobody changes it.
    """
    unchanging = "" if os.access(path.parent, os.W_OK) else "&immutable=1"
    uri = f"{path.absolute().as_uri()}?mode=ro{unchanging}"
    with closing(sqlite3.connect(uri, uri=True, timeout=60)) as connection:
        yield connection
