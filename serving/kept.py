"""Keeps the rows of table macros that were asked for last: order, search, filters and totals need not call them again.

Each table is a database in memory, attached to the snapshot's. Whose rows they are, and of which days, stands in the
call of the macro, which is their key; which calls a reader may make is not decided here.
"""

import logging
import threading
from collections import deque
from collections.abc import Hashable, Sequence
from contextlib import nullcontext, suppress
from itertools import count
from typing import Any
from uuid import uuid4
from weakref import finalize

import duckdb

from serving.answers import Answers
from serving.engine import fetch
from serving.later import do_later
from serving.leaving import for_everyone

# A cell takes about 9 bytes once it is compressed, and 17 before.
MOST_CELLS = 60_000_000
# What a table costs, however little is in it, in cells.
CELLS_OF_A_TABLE = 200_000
# From so many rows on a table is compressed, later.
MANY_ROWS = 100_000
log = logging.getLogger(__name__)


class KeptRows:
    """A table with the rows of a call, there as long as somebody holds this."""

    def __init__(self, database: str, rows: int, columns: int) -> None:
        self.name = f"{database}.rows"
        self.rows = rows
        self.cells = rows * columns + CELLS_OF_A_TABLE


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
        self._making_large = threading.Lock()
        self._due: set[tuple[Hashable, ...]] = set()
        self._changing_due = threading.Lock()
        self._let_go: deque[str] = deque()
        self._tables: Answers[KeptRows] = Answers(most_cells, lambda one: one.cells)

    def rows(self, call: str, parameters: Sequence[Any], *, is_large: bool = False) -> KeptRows:
        """Return the table of a macro's call with its parameters; it is made for the first who asks.

        Large ones are made one after the other: together they would only share the memory.
        """
        return self._tables.get(_key(call, parameters), lambda: self._make(call, parameters, is_large))

    def has(self, call: str, parameters: Sequence[Any]) -> bool:
        """Return whether the table of a macro's call with its parameters is there."""
        return self._tables.has(_key(call, parameters))

    def make_later(self, call: str, parameters: Sequence[Any]) -> None:
        """Make the large table of a macro's call for whoever asks next; it is not waited for."""
        key = _key(call, parameters)
        with self._changing_due:
            if key in self._due:
                return
            self._due.add(key)

        def make() -> None:
            try:
                self.rows(call, parameters, is_large=True)
            except duckdb.Error as error:
                log.warning("Rows are not made beforehand: %s", error)
            finally:
                with self._changing_due:
                    self._due.discard(key)

        do_later(make)

    @property
    def size(self) -> int:
        """Return how many cells are kept, with what the tables themselves cost."""
        return self._tables.size

    def tables(self) -> int:
        """Return how many tables there are, those included that nobody holds and that are still to be dropped."""
        sql = "select count(*) from duckdb_databases() where starts_with(database_name, ?)"
        return int(fetch(self._connection, sql, [self._prefix])[0][0])

    def _make(self, call: str, parameters: Sequence[Any], is_large: bool) -> KeptRows:
        database = f"{self._prefix}{next(self._numbers)}"
        with for_everyone(), self._making_large if is_large else nullcontext():
            self._drop_what_is_let_go()
            fetch(self._connection, f"attach ':memory:' as {database} (read_write, compress)")
            try:
                ((rows,),) = fetch(self._connection, f"create table {database}.rows as from {call}", parameters)
                columns = len(fetch(self._connection, f"describe {database}.rows"))
            except BaseException:
                self._let_go.append(database)
                raise
        made = KeptRows(database, rows, columns)
        finalize(made, self._let_go.append, database)
        if rows >= self._many_rows:
            do_later(lambda: self._compress(database))
        return made

    def _drop_what_is_let_go(self) -> None:
        while True:
            try:
                database = self._let_go.popleft()
            except IndexError:
                return
            fetch(self._connection, f"detach {database}")

    def _compress(self, database: str) -> None:
        """Compress a table; if the engine cannot, or it is gone, it stays as it was."""
        with suppress(duckdb.Error):
            fetch(self._connection, f"checkpoint {database}")


def _key(call: str, parameters: Sequence[Any]) -> tuple[Hashable, ...]:
    return (call, *(tuple(one) if isinstance(one, list) else one for one in parameters))
