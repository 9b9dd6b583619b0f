"""Bytes of one line -> a JSON value and its canonical form. What the value means is no business of this module.

The fast parser is orjson. What it refuses is tried again with the standard library, which also takes NaN, Infinity
and huge numbers, so that one bad number can be dropped alone instead of the whole line.
"""

import json
from typing import Any

import orjson

from orchestration.extract.records.faults import UnusableRecord

# As deep as orjson writes. How deep the standard library reads differs between versions of Python.
DEEPEST = 254
LONGEST_INTEGER = 400  # digits; beyond it a number is infinite for every use but as an id
NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
# What may stand in front of a line: the byte order mark of a file that was joined to another, and the zeros of a log
# that was emptied under a writer that does not append.
_NO_CONTENT = b"\xef\xbb\xbf\0"
RESEND = "Correct it and deliver the record again in a new file."


class ExactNumber(float):
    """A number that still knows how it was written, because `1.50` and `1.5` are different ids."""

    text: str

    def __new__(cls, text: str) -> "ExactNumber":
        number = super().__new__(cls, text)
        number.text = text
        return number


def parse(line: bytes) -> tuple[Any, bytes]:
    """The JSON value of a line and the canonical JSON that identifies it; raises `UnusableRecord`."""
    try:
        return parse_strictly(line)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise _too_deep() from None
        if line.startswith((_NO_CONTENT[:3], b"\0")):
            return parse(line.lstrip(_NO_CONTENT))
        return _parse_leniently(line)
    except TypeError:
        raise _too_deep() from None


def parse_strictly(line: bytes) -> tuple[Any, bytes]:
    """Like `parse`; raises orjson.JSONDecodeError or TypeError for the few lines that the fast parser refuses."""
    value = orjson.loads(line)
    return value, orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def parse_exactly(line: bytes) -> tuple[Any, bytes]:
    """Like `parse`, for a line that `parse` took, with every fractional or long number an `ExactNumber`."""
    try:
        text = line.lstrip(_NO_CONTENT)
        value = json.loads(text, parse_float=ExactNumber, parse_int=_exact_integer, parse_constant=ExactNumber)
        return value, orjson.dumps(value, default=_number_text, option=orjson.OPT_SORT_KEYS)
    except (RecursionError, TypeError):
        raise _too_deep() from None


def is_complete_object(line: bytes) -> bool:
    """Whether the bytes, which end without a newline, already are one whole JSON object."""
    if not line.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(parse(line)[0], dict)
    except UnusableRecord as fault:
        return fault.reason == "invalid_unicode"


def without_advice(explanation: str) -> str:
    """What is wrong, without what to do with the single line, and as the middle of a sentence."""
    return explanation.partition(f" {RESEND}")[0].removesuffix(".")


def _parse_leniently(line: bytes) -> tuple[Any, bytes]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise UnusableRecord(
            "invalid_utf8", f"The line is not UTF-8 text: byte {error.start + 1} of the line is wrong. {RESEND}"
        ) from None
    try:
        value = json.loads(text, parse_int=_bounded_integer)
        canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except json.JSONDecodeError as error:
        where = f"{error.msg}, at character {error.pos + 1} of the line"
        raise UnusableRecord("broken_json", f"The line is not valid JSON: {where}. {RESEND}") from None
    except RecursionError:
        raise _too_deep() from None
    if _is_deeper(value, DEEPEST):
        raise _too_deep()
    try:
        return value, canonical.encode()
    except UnicodeEncodeError:
        explanation = f"A text of the line is not valid Unicode: it holds half of a surrogate pair. {RESEND}"
        raise UnusableRecord("invalid_unicode", explanation) from None


def _is_deeper(value: Any, levels: int) -> bool:
    inside = [value]
    for _ in range(levels + 1):
        containers = [item for item in inside if isinstance(item, dict | list)]
        inside = [item for one in containers for item in (one.values() if isinstance(one, dict) else one)]
    return bool(inside)


def _too_deep() -> UnusableRecord:
    return UnusableRecord("nested_too_deep", f"The line nests objects or lists far too deep to be a request. {RESEND}")


def _bounded_integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _exact_integer(text: str) -> int | ExactNumber:
    return int(text) if len(text) <= 18 else ExactNumber(text)


def _number_text(number: Any) -> dict[str, str]:
    return {"\0number": number.text}
