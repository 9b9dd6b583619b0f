"""How much a reader may take away: rows in a file, and files in a minute; and the note of each file.

What a question may hold is in `parameters`.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from time import time
from typing import Any

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from serving.access import reader_of
from serving.access.audit import note_export
from serving.snapshot import Snapshot
from serving.tables.exports import Format
from serving.tables.parameters import BadQuery
from serving.tables.statement import Statement


@dataclass(frozen=True)
class Limits:
    """Rows in one file, and files that a reader may take in a minute."""

    export_rows: int = 1_000_000
    exports_per_minute: int = 60


class TooManyExports(Exception):
    """The reader took as many files as a minute allows. `wait` is in seconds; the text is a sentence for the reader."""

    def __init__(self, allowed: int, wait: int) -> None:
        self.wait = wait
        super().__init__(f"At most {allowed} files may be taken in a minute. Try again in {wait} s.")


class Exports:
    """Admits files, or says why not."""

    def __init__(self, limits: Limits, audit: Path | None = None) -> None:
        self._limits = limits
        self._audit = audit
        self._taken = MovingWindowRateLimiter(MemoryStorage())
        self._allowed = RateLimitItemPerMinute(limits.exports_per_minute)

    def take(self, request: Request) -> None:
        """Count a file for the reader; TooManyExports if it is one too many."""
        reader = f"{reader_of(request).name} {request.client.host if request.client else ''}"
        if not self._taken.hit(self._allowed, reader):
            free_at = self._taken.get_window_stats(self._allowed, reader).reset_time
            raise TooManyExports(self._limits.exports_per_minute, max(1, ceil(free_at - time())))

    def note(self, **export: Any) -> None:
        """Keep a line of a file that is about to be sent: who, what and when."""
        if self._audit is not None:
            note_export(self._audit, **export)

    def check_size(self, snapshot: Snapshot, result: Statement, file_format: Format) -> None:
        """Raise BadQuery where a file would have more rows than it may, or than its kind can hold."""
        most = min(self._limits.export_rows, file_format.most_rows or self._limits.export_rows)
        ((count,),) = result.around(f"select count(*) from ({result.sql})").read(snapshot)
        if count > most:
            message = f"A file of {count:,} rows is too large, {most:,} is the most: ask for fewer days, or filter"
            raise BadQuery([{"loc": ["query"], "msg": message, "type": "too_large"}])
