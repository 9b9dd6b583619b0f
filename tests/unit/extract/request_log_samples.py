"""Lines, files and homes for the tests of the request log. No tests here."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import Receipt, committed_files
from orchestration.extract.landing.schemas import QUARANTINE, RAW_TABLES
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.records import Record, read_record

RECEIVED_AT = "2026-11-22T10:15:00Z"
SCHEMAS = {**RAW_TABLES, "quarantine": QUARANTINE}


def envelope(shape: str, request: Any, **changes: Any) -> dict[str, Any]:
    return {"received_at": RECEIVED_AT, "chatbot_id": "support", "shape": shape, "request": request} | changes


def capture(number: Any = 1, **changes: Any) -> dict[str, Any]:
    """A capture line; changes replace parts of its request."""
    message = {"id": "m1", "role": "user", "content": "Hello", "sentAt": "2026-11-22T10:14:59Z"}
    request = {
        "conversationId": f"c{number}",
        "messages": [message],
        "user": {"id": "u1", "email": "ann@example.com"},
        "organization": {"id": "o1", "name": "Acme"},
    }
    return envelope("capture", request | changes)


def with_message(**changes: Any) -> dict[str, Any]:
    """A capture line whose only message is changed."""
    line = capture()
    line["request"]["messages"][0] |= changes
    return line


def analysis(*scores: Any, **changes: Any) -> dict[str, Any]:
    """An analysis line with one user message of these chunk scores; changes replace parts of the message."""
    message = {"external_message_id": "m1", "role": "user", "user_sentiments": [{"score": score} for score in scores]}
    return envelope("analysis", {"external_conversation_id": "c1", "messages": [message | changes]})


def encode(*lines: Any) -> bytes:
    """Objects, or bytes as they are, as lines."""
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def read(line: Any) -> Record:
    """Read a line that must be accepted."""
    record = read_record(encode(line))
    assert isinstance(record, Record), record
    return record


def rejected(line: Any) -> Rejection:
    """Read a line that must be rejected."""
    rejection = read_record(encode(line))
    assert isinstance(rejection, Rejection), rejection
    return rejection


def row(line: Any, table: str = "requests") -> dict[str, Any]:
    """The only row of an accepted line in a table, by column."""
    record = read(line)
    rows = [record.request] if table == "requests" else getattr(record, table)
    (only,) = rows
    names = RAW_TABLES[table].names[4:]
    assert len(names) == len(only)
    return dict(zip(names, only, strict=True))


def warned(line: Any) -> list[tuple[str, str]]:
    return [(warning.path, warning.reason) for warning in read(line).warnings]


def put(home: Path, name: str, content: bytes) -> Path:
    """Append to a file of the inbox, compressed as its name says (each time a new member)."""
    path = home / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(compressed(name, content))
    return path


def compressed(name: str, content: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(content)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor().compress(content)
    return content


def receipt(home: Path, run_id: str = "run", **options: Any) -> Receipt:
    """Land, when one file has news."""
    (only,) = land(home, run_id, **options)
    assert only.lines == only.accepted + only.duplicates + only.quarantined
    return only


def counts(home: Path, run_id: str = "run", **options: Any) -> tuple[int, int, int, int]:
    """Land, and count the lines, accepted, duplicates and quarantined."""
    landed = land(home, run_id, **options)
    for one in landed:
        assert one.lines == one.accepted + one.duplicates + one.quarantined
    sums = [sum(getattr(one, name) for one in landed) for name in ("lines", "accepted", "duplicates", "quarantined")]
    return (sums[0], sums[1], sums[2], sums[3])


def rows(home: Path, table: str) -> list[dict[str, Any]]:
    """Every committed row of a table, in the order of arrival in the ledger; also proves that nothing else is there."""
    committed = [home / file.path for file in committed_files(home, table)]
    root = home / table if table == "quarantine" else home / "raw" / table
    assert sorted(committed) == sorted(path for path in root.rglob("*") if path.is_file() and path.stem != "schema")
    parts = [pq.read_table(path, partitioning=None) for path in committed]
    for part in parts:
        assert part.schema.equals(SCHEMAS[table])
    return pa.concat_tables(parts).to_pylist() if parts else []


def everything(home: Path, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables without what may differ between runs, and without the columns named."""
    left_out = {"segment_id", "run_id", "read_at", *without}
    return {
        table: sorted(
            (tuple((name, value) for name, value in one.items() if name not in left_out) for one in rows(home, table)),
            key=repr,
        )
        for table in SCHEMAS
    }
