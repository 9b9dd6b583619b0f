"""Staged segments -> files under their final names and rows of the ledger: the part of landing that makes things true.

Each commit waits for the disk, so many small segments are committed together, all or nothing. Reading and staging are
done in `land.py` and `staging.py`.
"""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestration.extract.landing.duplicates import SeenRecords
from orchestration.extract.landing.ledger import Entry, FileState, Ledger, Receipt, Segment, SegmentFile, receipts
from orchestration.extract.landing.staging import Batch, Staged
from orchestration.home.durable import make_durable

SEGMENTS_AT_ONCE = 200


class Committing:
    """The commits of one run. `states` are those of the files of the inbox before it."""

    def __init__(
        self, home: Path, run_id: str, read_at: datetime, ledger: Ledger, states: dict[str, FileState]
    ) -> None:
        self._home, self._run_id, self._read_at, self._ledger, self._states = home, run_id, read_at, ledger, states
        self._seen = SeenRecords(ledger)
        self._earlier = {receipt.source_file: receipt for receipt in receipts(home, run_id)}
        self._receipts: dict[str, Receipt] = {}
        self._entries: list[Entry] = []
        self._moves: list[tuple[Path, Path]] = []
        self._lines = 0

    @property
    def receipts(self) -> list[Receipt]:
        """What was read, in the order of the names of the files."""
        return [self._receipts[name] for name in sorted(self._receipts)]

    def is_full(self, lines: int) -> bool:
        """Whether so many lines, or many segments, wait to be committed."""
        return self._lines >= lines or len(self._entries) >= SEGMENTS_AT_ONCE

    def add(self, batch: Batch, staged: Staged) -> None:
        """Take a staged segment for the next commit."""
        segment, files = self._segment(batch, staged), []
        for one in staged.files:
            target = folder_of(self._home, one.table) / f"{batch.segment_id}.parquet"
            name = target.relative_to(self._home).as_posix()
            files.append(SegmentFile(name, batch.segment_id, one.table, one.rows))
            self._moves.append((one.path, target))
        receipt = self._receipt(batch, segment)
        if receipt is not None:
            self._receipts[batch.state.read_as] = receipt
        self._entries.append(Entry(batch.state, receipt, segment, files, staged.record_keys))
        self._lines += len(batch.lines)

    def commit(self) -> None:
        """Give the files their names, and make their segments true together with the cursors behind them."""
        if self._moves:
            self._ledger.intend([target.relative_to(self._home).as_posix() for _, target in self._moves])
        for path, target in self._moves:
            os.replace(path, target)
        for folder in {target.parent for _, target in self._moves}:
            make_durable(folder)
        self._ledger.commit(self._entries)
        self._entries, self._moves, self._lines = [], [], 0

    def _segment(self, batch: Batch, staged: Staged) -> Segment | None:
        if not batch.lines:
            return None
        lines, duplicates = len(batch.lines), self._seen.duplicates(staged.record_keys)
        return Segment(
            batch.segment_id,
            batch.run_id,
            batch.state.read_as,
            batch.lines[0].number,
            batch.lines[-1].number,
            lines,
            lines - duplicates - staged.quarantined,
            duplicates,
            staged.quarantined,
            staged.warnings,
        )

    def _receipt(self, batch: Batch, segment: Segment | None) -> Receipt | None:
        """The receipt of the file in this run with the segment added; none while there is nothing to tell."""
        state = batch.state
        receipt = self._receipts.get(state.read_as) or self._earlier.get(state.read_as)
        if receipt is None:
            known = self._states.get(state.source_file)
            news = segment or state.problem or known is None or known.waiting_bytes != state.waiting_bytes
            if not news:
                return None
            receipt = Receipt(self._run_id, state.read_as, None, None, 0, 0, 0, 0, 0, 0, 0, None, self._read_at)
        receipt = replace(
            receipt,
            bytes_read=receipt.bytes_read + batch.content_bytes,
            waiting_bytes=state.waiting_bytes,
            problem=state.problem,
            read_at=self._read_at,
        )
        if segment is None:
            return receipt
        return replace(
            receipt,
            first_line=segment.first_line if receipt.first_line is None else receipt.first_line,
            last_line=segment.last_line,
            lines=receipt.lines + segment.lines,
            accepted=receipt.accepted + segment.accepted,
            duplicates=receipt.duplicates + segment.duplicates,
            quarantined=receipt.quarantined + segment.quarantined,
            warnings=receipt.warnings + segment.warnings,
        )


def folder_of(home: Path, table: str) -> Path:
    """Where the files of a raw table, or of the quarantine, are."""
    return home / table if table == "quarantine" else home / "raw" / table
