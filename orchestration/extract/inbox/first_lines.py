"""The one cause, if there is one, for which none of a file's first lines can be read: then the file is refused.

One fault of a whole file would else become a quarantined line for each of its lines. What is wrong with single lines
is no business of this module.
"""

import re
from collections.abc import Sequence
from typing import Any

from orchestration.extract.inbox.wrapped import extraction
from orchestration.extract.records.faults import Rejection, UnusableRecord, type_name
from orchestration.extract.records.instants import epoch_like
from orchestration.extract.records.parse import parse, without_advice
from orchestration.extract.records.records import ENVELOPE, read_record

FIRST_LINES = 100
# So many lines with one cause are no accident.
FEWEST = 2
FEWEST_OF_ANY_CAUSE = 10
Cause = tuple[str, str]
_WRAP = "Put each request into its envelope, as README.md shows under `Your own data`"
_TAKE_OUT = "Deliver what `{}` takes out of it"
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_EPOCH = re.compile(r"looks like epoch (\w+)")
_STRUCTURAL = frozenset(
    {"broken_json", "not_an_object", "bad_received_at", "bad_chatbot_id", "unknown_shape", "bad_request"}
)


def document_cause(content: bytes) -> Cause | None:
    """Why a file that is one JSON value is no request log: what it holds lies deeper. None for any other content."""
    try:
        value, _ = parse(content)
    except UnusableRecord:
        return None
    if isinstance(value, list) and value and not any(isinstance(one, dict) for one in value):
        if command := extraction(value):
            return _wrapped_cause(command)
        return (
            f"is a list whose first element is {type_name(value[0])}, and no request log",
            "Deliver a list of objects",
        )
    if not isinstance(value, dict) or (ENVELOPE | {"messages"}) & value.keys():
        return None
    inside = list(value.items())
    inside += [
        (f"{name}.{deeper}", two) for name, one in inside if isinstance(one, dict) for deeper, two in one.items()
    ]
    for name, one in inside:
        if isinstance(one, list) and one and all(isinstance(element, dict) for element in one):
            command = extraction(value)
            return (
                f"is one JSON object around a list (`{name}`), and no request log",
                _TAKE_OUT.format(command) if command else _WRAP,
            )
    return None


def common_cause(lines: Sequence[bytes], *, in_list: bool = False) -> Cause | None:
    """What is wrong with every one of these lines or values of a list, as the rest of a sentence, and what to do."""
    first = [line for line in lines if line.strip()][:FIRST_LINES]
    if len(first) < FEWEST:
        return None
    if command := _command(first, in_list=in_list):
        return _wrapped_cause(command)
    recognisers = (_prefixed, _table, _text, _epoch, _without_envelope, _of_no_request_log)
    return next((cause for recognise in recognisers if (cause := recognise(first))), None)


def _wrapped_cause(command: str) -> Cause:
    return "holds a request log inside the records of another program", _TAKE_OUT.format(command)


def _command(lines: list[bytes], *, in_list: bool) -> str | None:
    """How the request log is taken out that stands inside these lines, none of which is a request itself."""
    records = list(map(_value, lines))
    if any(isinstance(one, dict) and ENVELOPE & one.keys() for one in records):
        return None
    return next((found for one in records if (found := extraction([one] if in_list else one))), None)


def _prefixed(lines: list[bytes]) -> Cause | None:
    prefixes = [line.partition(b"{")[0] for line in lines]
    if any(map(_object, lines)) or not all(
        prefix.strip() and _object(line[len(prefix) :]) for prefix, line in zip(prefixes, lines, strict=True)
    ):
        return None
    shown = prefixes[0].decode("utf-8", "replace")[:40]
    return f"has text in front of the JSON of each line (the first begins with {shown!r})", "Deliver the JSON alone"


def _table(lines: list[bytes]) -> Cause | None:
    if any(map(_is_like_json, lines)):
        return None
    texts = [_QUOTED.sub("", line.decode("utf-8", "replace")) for line in lines]
    for delimiter in _DELIMITERS:
        counts = {text.count(delimiter) for text in texts}
        if len(counts) == 1 and counts != {0}:
            return "is a table (CSV or alike), not JSON", "Export it as JSON lines, one request a line"
    return None


def _text(lines: list[bytes]) -> Cause | None:
    if any(map(_is_like_json, lines)):
        return None
    shown = lines[0].decode("utf-8", "replace").strip()[:40]
    return f"is text, not JSON (its first line begins with {shown!r})", "Deliver JSON lines, one request a line"


def _epoch(lines: list[bytes]) -> Cause | None:
    units = {_epoch_unit(lines[0])}
    if None in units or not all(_epoch_unit(line) in units for line in lines):
        return None
    return (
        f"writes its times as what looks like epoch {units.pop()}",
        "Write them as ISO 8601, such as 2026-11-22T10:15:00Z",
    )


def _epoch_unit(line: bytes) -> str | None:
    outcome = read_record(line)
    if not isinstance(outcome, Rejection):
        return None
    if outcome.reason == "bad_received_at":
        return epoch_like(_object(line).get("received_at"))
    found = _EPOCH.search(outcome.explanation) if outcome.reason == "bad_time" else None
    return found and found[1]


def _without_envelope(lines: list[bytes]) -> Cause | None:
    if not all((value := _object(line)) and not ENVELOPE & value.keys() for line in lines):
        return None
    return (
        "holds JSON, but no request log (its lines have no `received_at`, `chatbot_id`, `shape` and `request`)",
        _WRAP,
    )


def _of_no_request_log(lines: list[bytes]) -> Cause | None:
    if len(lines) < FEWEST_OF_ANY_CAUSE:
        return None
    first = read_record(lines[0])
    if not isinstance(first, Rejection) or first.reason not in _STRUCTURAL:
        return None
    if not all(isinstance(one := read_record(line), Rejection) and one.reason == first.reason for line in lines):
        return None
    fault = f"{first.reason}: {without_advice(first.explanation)}"
    return (
        f"has the same fault in each of its first {len(lines)} lines ({fault})",
        "Correct it in its place: it is judged again when it changes; `clientele check` shows each fault",
    )


def _object(line: bytes) -> dict[str, Any]:
    value = _value(line)
    return value if isinstance(value, dict) else {}


def _value(line: bytes) -> object:
    try:
        return parse(line)[0]
    except UnusableRecord:
        return None


def _is_like_json(line: bytes) -> bool:
    if line.lstrip().startswith(b"{"):
        return True
    try:
        parse(line)
    except UnusableRecord as fault:
        return fault.reason != "broken_json"
    return True
