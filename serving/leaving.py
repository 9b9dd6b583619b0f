"""Stops the statements of a reader who has left: nobody waits for them, and others wait for their turn.

How one is told that a reader left is not known here.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

import duckdb

T = TypeVar("T")

_reader: ContextVar["Reader | None"] = ContextVar("reader", default=None)


class ReaderGone(Exception):
    """Whoever asked has left, so that a statement was stopped or not begun."""


class Reader:
    """Someone whom statements are run for, and who may leave before they end."""

    def __init__(self) -> None:
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._lock = threading.Lock()
        self._has_left = False

    def leave(self) -> None:
        """Stop what runs for the reader, and begin nothing more.

        A statement about to begin may miss it: to be called again until the last one has ended.
        """
        with self._lock:
            self._has_left = True
            for cursor in self._running:
                cursor.interrupt()

    def wait(self) -> None:
        """Go on if the reader waits; ReaderGone if not."""
        if self._has_left:
            raise ReaderGone

    @contextmanager
    def waiting(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Run the statement of a cursor inside; ReaderGone if the reader left before it ended."""
        with self._lock:
            self.wait()
            self._running.add(cursor)
        try:
            yield
        except duckdb.InterruptException as error:
            raise ReaderGone from error
        finally:
            with self._lock:
                self._running.remove(cursor)


@contextmanager
def reading() -> Iterator[Reader]:
    """Yield the reader of the statements asked inside."""
    reader = Reader()
    token = _reader.set(reader)
    try:
        yield reader
    finally:
        _reader.reset(token)


@contextmanager
def for_everyone() -> Iterator[None]:
    """Run the statements inside to their end, whoever leaves, as others will read what they make.

    ReaderGone if the reader has left before.
    """
    if reader := _reader.get():
        reader.wait()
    token = _reader.set(None)
    try:
        yield
    finally:
        _reader.reset(token)


def stoppable(cursor: duckdb.DuckDBPyConnection, statement: Callable[[], T]) -> T:
    """Run a statement of a cursor for the reader who asks, if there is one; ReaderGone if they left before it ended."""
    reader = _reader.get()
    with reader.waiting(cursor) if reader else nullcontext():
        return statement()
