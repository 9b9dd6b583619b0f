"""Parquet files of raw and quarantine, written anew without what is erased. What is erased is decided in `sweep.py`."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.erasure.names import ErasedNames
from orchestration.erasure.tombstones import KINDS, REMOVED, Tombstones
from orchestration.extract.landing.ledger import Ledger, committed_files
from orchestration.extract.landing.schemas import RAW_TABLES
from orchestration.extract.landing.staging import write_durably
from orchestration.extract.scoring import score_file_of
from orchestration.home.durable import make_durable

GONE = "This line was about someone who is erased. Its text is gone, and it cannot be submitted again."
_OWNER_KEYS = ("conversation_key", "user_key", "organization_key")
_SESSION = ("session_id", "page_url", "referrer", "has_device", "device", "has_country", "country")


class Rewriting:
    """The Parquet files without what is erased. What others are found by is rewritten last: a crash loses no trail."""

    def __init__(self, home: Path, erased: Tombstones, names: ErasedNames, lines: dict[str, set[int]]) -> None:
        self._home, self._names, self._lines = home, names, lines
        self._ledger = Ledger(home)
        self._erased = erased
        self._removed = key_array(erased.conversations[REMOVED])
        self._conversations = key_array(erased.conversation_keys)
        self._counted = {kind: key_array(erased.conversations[kind]) for kind in KINDS}
        self._entities = {kind: key_array(erased.entities[kind]) for kind in KINDS}
        self._records = pa.array([], pa.string())

    def run(self, segment_ids: set[str], progress: Callable[[int, int], None] | None) -> None:
        """Rewrite the affected files of these segments."""
        files = {
            table: [
                self._home / file.path for file in committed_files(self._home, table) if file.segment_id in segment_ids
            ]
            for table in (*RAW_TABLES, "quarantine")
        }
        self._records = self._erased_records(files)
        scores = [path for one in files["messages"] if (path := score_file_of(self._home, one)).exists()]
        work: list[tuple[Callable[[Path], None], Path]] = [
            *((self._rewrite_quarantine, path) for path in files["quarantine"]),
            *((self._rewrite_records, path) for path in files["warnings"] + files["custom_fields"]),
            *((self._rewrite_conversations, path) for path in scores + files["messages"] + files["analyses"]),
            *((self._rewrite_requests, path) for path in files["requests"]),
        ]
        try:
            for number, (rewrite, path) in enumerate(work, start=1):
                rewrite(path)
                if progress:
                    progress(number, len(work))
        finally:
            self._ledger.close()

    def run_quarantine(self) -> None:
        """Rewrite what is affected of all quarantined lines, and nothing else."""
        try:
            for file in committed_files(self._home, "quarantine"):
                self._rewrite_quarantine(self._home / file.path)
        finally:
            self._ledger.close()

    def _erased_records(self, files: dict[str, list[Path]]) -> pa.Array:
        """Ids of the records that are removed or lose a name."""
        found = [pa.array([], pa.string())]
        for path in files["requests"]:
            keys = columns_of(path, "record_id", *_OWNER_KEYS)
            found += keys.filter(self._is_erased(keys))["record_id"].chunks
        for path in files["analyses"]:
            keys = columns_of(path, "record_id", "conversation_key")
            found += keys.filter(pc.is_in(keys["conversation_key"], self._conversations))["record_id"].chunks
        return pa.concat_arrays(found)

    def _is_erased(self, keys: pa.Table) -> pa.ChunkedArray:
        """Which requests are of a conversation that is erased, or name someone who is."""
        named = [pc.is_in(keys[f"{kind}_key"], self._entities[kind]) for kind in KINDS]
        return pc.or_(pc.is_in(keys["conversation_key"], self._conversations), pc.or_(*named))

    def _rewrite_requests(self, path: Path) -> None:
        if not pc.any(self._is_erased(columns_of(path, *_OWNER_KEYS))).as_py():
            return
        rows = _without(columns_of(path), "conversation_key", self._removed)
        for kind in KINDS:
            nameless = pc.or_(
                pc.is_in(rows["conversation_key"], self._counted[kind]),
                pc.is_in(rows[f"{kind}_key"], self._entities[kind]),
            )
            for column in (name for name in rows.column_names if f"{kind}_" in name or name in _SESSION):
                nothing = pa.scalar(False) if column.startswith("has_") else pa.scalar(None, rows[column].type)
                rows = _with(rows, column, pc.if_else(nameless, nothing, rows[column]))
        self._replace(path, rows)

    def _rewrite_conversations(self, path: Path) -> None:
        """Rows without those of removed conversations, and messages without the text of counted ones."""
        if not pc.any(pc.is_in(columns_of(path, "conversation_key")["conversation_key"], self._conversations)).as_py():
            return
        rows = _without(columns_of(path), "conversation_key", self._removed)
        if "content" in rows.column_names:
            counted = pc.is_in(rows["conversation_key"], self._conversations)
            rows = _with(rows, "content", pc.if_else(counted, pa.scalar(None, pa.string()), rows["content"]))
        self._replace(path, rows)

    def _rewrite_records(self, path: Path) -> None:
        """Warnings and custom fields without those of the records that are erased."""
        rows = columns_of(path)
        numbers = self._lines.get(rows["source_file"][0].as_py() if len(rows) else "", set())
        erased = pc.or_(
            pc.is_in(rows["record_id"], self._records),
            pc.is_in(rows["source_line"], pa.array(sorted(numbers), pa.int64())),
        )
        if pc.any(erased).as_py():
            self._replace(path, rows.filter(pc.invert(erased)))

    def _rewrite_quarantine(self, path: Path) -> None:
        """Every line keeps its place and reason; one that is about someone erased loses its text."""
        rows = columns_of(path)
        erased = pa.array([self._names.are_in(line) for line in rows["line"].to_pylist()], pa.bool_())
        if pc.any(erased).as_py():
            rows = _with(rows, "line", pc.if_else(erased, pa.scalar(b""), rows["line"]))
            self._replace(path, _with(rows, "explanation", pc.if_else(erased, pa.scalar(GONE), rows["explanation"])))

    def _replace(self, path: Path, rows: pa.Table) -> None:
        """Give a Parquet file new content in one step, of which the ledger knows."""
        draft = path.with_name(f".{path.name}.erasing")  # always this name, so that a crash leaves nothing that stays
        write_durably(draft, rows)
        self._ledger.begin_replacement(path.relative_to(self._home).as_posix(), len(rows), draft)
        os.replace(draft, path)
        make_durable(path.parent)
        self._ledger.settle_replacements()


def columns_of(path: Path, *names: str) -> pa.Table:
    """Some columns of a Parquet file, without names all."""
    return pq.read_table(path, columns=list(names) or None, partitioning=None)


def _with(rows: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    place = rows.schema.get_field_index(column)
    return rows.set_column(place, rows.schema.field(place), values)


def _without(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[column], values)))


def key_array(keys: Iterable[int]) -> pa.Array:
    """Keys as an array to look others up in."""
    return pa.array(sorted(keys), pa.int64())
