"""Keeps the rows of table macros that were asked for last: order, search, filters and totals need not call them again.

Each table is a database in memory, attached to the snapshot's. Whose rows they are, and of which days, stands in the
call of the macro, which is their key; which calls a reader may make is not decided here.
"""

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any
from uuid import uuid4
from weakref import finalize

import duckdb

from serving.answers import Answers
from serving.engine import fetch, wait_until_idle
from serving.leaving import for_everyone

# A cell takes about 9 bytes once it is compressed, and 17 before.
MOST_CELLS = 60_000_000
# What a table costs, however little is in it, in cells.
CELLS_OF_A_TABLE = 200_000
# From so many rows on a table is compressed: behind the answer, when no statement runs or after so many seconds.
MANY_ROWS = 100_000
PATIENCE = 10.0


class KeptRows:
    """A table with the rows of a call, there as long as somebody holds this."""

    def __init__(self, database: str, cells: int) -> None:
        self.name = f"{database}.rows"
        self.cells = cells


class Kept:
    """The tables kept of one snapshot."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, most_cells: int = MOST_CELLS, many_rows: int = MANY_ROWS
    ) -> None:
        """Keep tables of at most so many cells altogether; those of many rows are compressed."""
        self._many_rows = many_rows
        self._connection = connection
        self._prefix = f"kept_{uuid4().hex}_"
        self._numbers = count()
        self._making = threading.Lock()
        self._let_go: deque[str] = deque()
        self._tables: Answers[KeptRows] = Answers(most_cells, lambda one: one.cells)

    def rows(self, call: str, parameters: Sequence[Any]) -> KeptRows:
        """Return the table of a macro's call with its parameters; it is made for the first who asks."""
        key = (call, *(tuple(one) if isinstance(one, list) else one for one in parameters))
        return self._tables.get(key, lambda: self._make(call, parameters))

    @property
    def size(self) -> int:
        """Return how many cells are kept, with what the tables themselves cost."""
        return self._tables.size

    def tables(self) -> int:
        """Return how many tables there are, those included that nobody holds and that are still to be dropped."""
        sql = "select count(*) from duckdb_databases() where starts_with(database_name, ?)"
        return int(fetch(self._connection, sql, [self._prefix])[0][0])

    def _make(self, call: str, parameters: Sequence[Any]) -> KeptRows:
        database = f"{self._prefix}{next(self._numbers)}"
        # One at a time: two of them would only share the memory.
        with self._making, for_everyone():
            while self._let_go:
                fetch(self._connection, f"detach {self._let_go.popleft()}")
            fetch(self._connection, f"attach ':memory:' as {database} (read_write, compress)")
            try:
                ((rows,),) = fetch(self._connection, f"create table {database}.rows as from {call}", parameters)
                columns = len(fetch(self._connection, f"describe {database}.rows"))
            except BaseException:
                self._let_go.append(database)
                raise
        made = KeptRows(database, rows * columns + CELLS_OF_A_TABLE)
        finalize(made, self._let_go.append, database)
        if rows >= self._many_rows:
            threading.Thread(target=self._compress, args=(database,), daemon=True).start()
        return made

    def _compress(self, database: str) -> None:
        """Compress a table when nobody waits for an answer; if the engine cannot, or it is gone, it stays as it was."""
        wait_until_idle(PATIENCE)
        with suppress(duckdb.Error):
            fetch(self._connection, f"checkpoint {database}")
