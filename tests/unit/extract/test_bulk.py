"""Many lines read at once are what each is on its own: the same rows, warnings and rejections, byte for byte."""

import json
import random
import tempfile
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated_lines import good_line, mutated_line, places
from request_log_samples import SCHEMAS
from test_any_input import lines as any_line
from test_documented_input import documented, with_value

from orchestration.extract.bulk.tables import read_lines
from orchestration.extract.inbox.files import Cursor
from orchestration.extract.inbox.lines import Line
from orchestration.extract.landing.ledger import FileState
from orchestration.extract.landing.staging import FEWEST_LINES_AT_ONCE, Batch, stage
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.records import Record, read_record

READ_AT = datetime(2026, 11, 28)
LINES_IN_A_BATCH = 400


class Outcome(NamedTuple):
    """What came of a batch."""

    tables: dict[str, pa.Table]
    record_keys: dict[date, bytes]
    warnings: int


def batch_of(folder: Path, lines: list[bytes]) -> Batch:
    state = FileState("a.jsonl", 0, 0, Cursor(), 0, None, "a.jsonl")
    numbered = [Line(3 * place + 1, 100 * place, line, None, len(line)) for place, line in enumerate(lines)]
    return Batch("segment", "run", READ_AT, 1 << 20, folder, numbered, 1, state)


def at_once(lines: list[bytes]) -> Outcome:
    """What landing makes of lines."""
    with tempfile.TemporaryDirectory() as folder:
        staged = stage(batch_of(Path(folder), lines))
        tables = {file.table: pq.read_table(file.path) for file in staged.files}
        assert staged.quarantined == (tables["quarantine"].num_rows if "quarantine" in tables else 0)
        return Outcome(tables, staged.record_keys, staged.warnings)


def one_by_one(lines: list[bytes]) -> Outcome:
    """The same by the rules for one line, row by row."""
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    keys: dict[date, bytes] = defaultdict(bytes)
    for line in batch_of(Path(), lines).lines:
        outcome = read_record(line.data)
        if isinstance(outcome, Rejection):
            why = (outcome.chatbot_id, outcome.reason, outcome.explanation, line.data, READ_AT)
            rows["quarantine"].append(("segment", "run", "a.jsonl", line.number, line.offset, *why))
            continue
        place = ("segment", "a.jsonl", line.number, outcome.record_id)
        rows["requests"] += [] if outcome.request is None else [place + outcome.request]
        for table in ("messages", "analyses", "custom_fields"):
            rows[table] += [place + row for row in getattr(outcome, table)]
        arrival = (*place, outcome.received_at, outcome.chatbot_id)
        rows["warnings"] += [arrival + warning for warning in outcome.warnings]
        keys[outcome.received_at.date()] += bytes.fromhex(outcome.record_id)[:8]
    tables = {}
    for table in (name for name in rows if rows[name]):
        columns = zip(zip(*rows[table], strict=True), SCHEMAS[table].types, strict=True)
        tables[table] = pa.Table.from_arrays([pa.array(*column) for column in columns], schema=SCHEMAS[table])
    return Outcome(tables, dict(keys), len(rows["warnings"]))


def assert_same(lines: list[bytes]) -> None:
    """Names the first line that already differs where it is the only one."""
    assert len(lines) >= FEWEST_LINES_AT_ONCE
    if at_once(lines) != one_by_one(lines):
        for line in lines:
            assert_same_alone(line)
        assert at_once(lines) == one_by_one(lines)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1 << 64))
def test_any_faults_of_lines_are_read_at_once_as_one_by_one(seed: int) -> None:
    dice = random.Random(seed)
    assert_same([mutated_line(dice) for _ in range(LINES_IN_A_BATCH)])


@settings(max_examples=500, deadline=None)
@given(any_line())
def test_any_value_in_a_line_is_read_at_once_as_one_by_one(line: bytes) -> None:
    assert_same_alone(line)


def assert_same_alone(line: bytes) -> None:
    """A line that is read as one of many, and happens to be the only one, has the rows of its record."""
    found = read_lines([line], np.array([1]))
    if found.odd:
        return
    record = read_record(line)
    assert isinstance(record, Record), line
    assert record.warnings == [], line
    rows = {table: getattr(record, table) for table in ("messages", "analyses", "custom_fields")}
    rows["requests"] = [] if record.request is None else [record.request]
    expected = {table: [(1, record.record_id, *row) for row in values] for table, values in rows.items() if values}
    parts = {table: [tuple(row.values()) for row in part.rows.to_pylist()] for table, part in found.parts.items()}
    assert parts == expected, line


@pytest.mark.parametrize("seed", [0, 4, 7, 10, 15])
def test_every_empty_or_strange_value_in_every_place_is_read_as_one_by_one(seed: int) -> None:
    """What Python takes for false or for equal is not the same in JSON."""
    line = good_line(random.Random(seed))
    for container, key in places(line):
        kept = container[key]
        for value in (None, False, 0, 0.0, "", [], {}, True, 1, 1.0, 1.5, " ", "null", "NULL", "x", [{}], {"x": 1}):
            container[key] = value
            assert_same_alone(json.dumps(line).encode())
        container[key] = kept


def test_what_the_page_says_of_bad_values_holds_for_many_lines() -> None:
    dice = random.Random(1)
    bad = [with_value(one) for one in documented()]
    assert_same([json.dumps(line).encode() for line in bad])
    assert_same([mutated_line(dice, line) for line in bad for _ in range(5)])


def test_nearly_all_good_lines_and_a_third_of_the_bad_ones_are_read_at_once() -> None:
    dice = random.Random(2)
    good = [json.dumps(good_line(dice)).encode() for _ in range(1_000)]
    assert read_lines(good, np.arange(len(good))).odd == []
    bad = [mutated_line(dice) for _ in range(1_000)]
    found = read_lines(bad, np.arange(len(bad)))
    assert len(found.odd) < 667
    assert set(found.parts) == {"requests", "messages", "analyses", "custom_fields"}
