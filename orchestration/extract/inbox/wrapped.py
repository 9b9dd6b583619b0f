"""Where a request log stands inside the records of another program, such as a log shipper, and how to take it out."""

import json
import re
from shlex import quote
from typing import Any

from orchestration.extract.records.faults import UnusableRecord
from orchestration.extract.records.parse import parse
from orchestration.extract.records.records import ENVELOPE

_DEEPEST = 4
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def extraction(record: object) -> str | None:
    """The command, but for the file's name, that writes the request log inside a record; None where there is none."""
    found = _find(record, "", _DEEPEST)
    if found is None:
        return None
    path, text = found
    if text is None:
        return f"jq -c {quote(path)}"
    return f"jq {'-j' if text.endswith(chr(10)) else '-r'} {quote(path)}"


def _find(value: object, path: str, deepest: int) -> tuple[str, str | None] | None:
    """The path to the first request log, and its text where it is kept as one."""
    if isinstance(value, str):
        return (path or ".", value) if _is_request_log(_parsed(value)) else None
    if _is_request_log(value):
        return path or ".", None
    if not deepest:
        return None
    inside: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inside = [(f"{path}{_step(name, path)}", one) for name, one in value.items()]
    elif isinstance(value, list):
        inside = [(f"{path or '.'}[]", one) for one in value[:1]]
    return next((found for where, one in inside if (found := _find(one, where, deepest - 1))), None)


def _step(name: str, path: str) -> str:
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else f"{'' if path else '.'}[{json.dumps(name)}]"


def _is_request_log(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= ENVELOPE


def _parsed(text: str) -> Any:
    try:
        return parse(text.encode())[0] if text.lstrip().startswith("{") else None
    except (UnusableRecord, UnicodeEncodeError):
        return None
