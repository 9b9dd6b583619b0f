"""Whatever arrives, a landing never raises, and its counts add up."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from request_log_samples import analysis, capture, counts, encode, envelope, put, rows

from orchestration.extract.landing.land import land
from orchestration.extract.records.faults import Rejection
from orchestration.extract.records.records import read_record

SAMPLES = [
    capture(
        user={"id": "u", "name": "Ann", "email": "a@b.c", "plan": "pro", "mrr": 1.5, "createdAt": "2024-01-01T00:00Z"},
        organization={"id": "o", "name": "Acme", "plan": "pro", "mrr": 5, "industry": "Retail"},
        session={"id": "s", "pageUrl": "/a", "country": "DE"},
        custom={"a": 1, "b": "x", "c": True},
        metadata={"d": 1},
        kind="organic",
    ),
    envelope(
        "track",
        {"conversationId": "c", "messages": [{"role": "user", "content": "x"}], "metadata": {"plan": "a", "x": 1}},
    ),
    envelope("conversations", {"messages": [{"role": "user"}], "metadata": {"userId": "u", "organization": "Acme"}}),
    analysis(0.5, -0.25),
]

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["", "null", "x" * 300, "\0", "\ud800", "2026-11-22T10:00:00Z", "1970-01-01T00:00:00Z"])
    | st.sampled_from([10**30, -1, 1.5, 1e300, "capture", "track", "conversations", "analysis", "user"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [(value, key) for key, _ in items] + [place for _, inner in items for place in places(inner)]


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A sample with a few values replaced, removed or added, and now and then broken bytes."""
    line = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(places(line)))
        how = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if how == "replace":
            container[key] = draw(values)
        elif how == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[draw(st.text())] = draw(values)
        if not places(line):
            break
    data = json.dumps(line, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass").replace(b"\n", b" ")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=3)).replace(b"\n", b"") + data[at + draw(st.integers(0, 3)) :]
    return data


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(lines(), max_size=12), min_size=1, max_size=3), st.sampled_from(["jsonl", "jsonl.gz"]))
def test_any_lines_in_any_runs_are_counted_and_never_stop_a_landing(deliveries: list[list[bytes]], ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for number, delivery in enumerate(deliveries):
            put(home, f"a.{ending}", encode(*delivery))
            landed = land(home, f"run{number}", segment_lines=5)
            if any(one.problem for one in landed):  # all its first lines have one fault
                assert number == 0
                return
            assert all(one.lines == one.accepted + one.duplicates + one.quarantined for one in landed)
            assert sum(one.lines for one in landed) == sum(1 for line in delivery if line.strip())
        distinct = {found["record_id"] for found in rows(home, "requests")}
        assert len(rows(home, "requests")) >= len(distinct)


@settings(max_examples=400, deadline=None)
@given(lines())
def test_a_line_is_accepted_or_rejected_with_a_sentence(line: bytes) -> None:
    outcome = read_record(line)
    if isinstance(outcome, Rejection):
        assert outcome.explanation.endswith(".")
        outcome.explanation.encode()
    else:
        for warning in outcome.warnings:
            "".join(warning).encode()


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_line_a_rejection_or_nothing(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for ending in ("jsonl", "jsonl.gz", "jsonl.zst"):
            path = home / "inbox" / f"a.{ending}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        counts(home)
