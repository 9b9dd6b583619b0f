"""Remembers what was read last, up to a size, and reads once for all who ask the same at the same time.

What a key must tell apart, and how large a value is, the caller knows.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

from serving.leaving import ReaderGone

T = TypeVar("T")


class Answers(Generic[T]):
    """Values by key, for any number of threads. What was not asked for longest goes first."""

    def __init__(self, most: int, size_of: Callable[[T], int]) -> None:
        """Keep values whose sizes add up to at most `most`."""
        self._known: LRUCache[Hashable, T] = LRUCache(most, size_of)
        self._reading: dict[Hashable, Future[T]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return the value known by a key; read it if there is none, or wait for whoever reads it.

        What `read` raises, everyone who waits for it gets; the next who asks reads again. So does whoever waited for a
        reader who left.
        """
        with self._lock:
            if key in self._known:
                return self._known[key]
            others = self._reading.get(key)
            if others is None:
                mine = self._reading[key] = Future()
        if others is not None:
            try:
                return others.result()
            except ReaderGone:
                return self.get(key, read)
        try:
            value = read()
        except BaseException as error:
            with self._lock:
                del self._reading[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._reading[key]
            if self._known.getsizeof(value) <= self._known.maxsize:
                self._known[key] = value
        mine.set_result(value)
        return value

    def has(self, key: Hashable) -> bool:
        """Return whether the value of a key is known."""
        with self._lock:
            return key in self._known

    @property
    def size(self) -> int:
        """Return the sum of the sizes of what is known."""
        with self._lock:
            return int(self._known.currsize)
