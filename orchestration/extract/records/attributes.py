"""Single values of a request: ids, text attributes, e-mail, MRR, times, custom fields.

Each reader takes one raw value and gives a typed one. A bad optional value is dropped with a warning, as if it were
absent. Which values a request shape has is said in `records.py`.
"""

import math
import re
from decimal import ROUND_05UP, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from orchestration.extract.records.faults import ExactNumbersNeeded, FieldWarning, excerpt_of, type_name
from orchestration.extract.records.instants import parse_instant, unreadable
from orchestration.extract.records.keys import visible
from orchestration.extract.records.parse import NOT_NUMBERS, ExactNumber

# An attribute is (is it present?, its value): absent keeps the older value, present without a value clears it.
Attribute = tuple[bool, Any]
ABSENT: Attribute = (False, None)
CLEARED: Attribute = (True, None)
Row = tuple[Any, ...]

LONGEST_ID = 256
LONGEST_FIELD_NAME = 256
LONGEST_FIELD_TEXT = 1024
LONGEST_TEXT = 256  # of a name, an e-mail or an industry
LONGEST_WORD = 64  # of a plan, a device or a country
LONGEST_ADDRESS = 8192
LARGEST_MRR = Decimal(10) ** 12
LARGEST_FIELD_NUMBER = Decimal(10) ** 29

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
# MRR is rounded to four places once its unit is known. Rounding it here, too, must not move it over the middle between
# two of these: ROUND_05UP never ends on a 0 or a 5 that was not there.
_MRR_STEP, _MRR_CONTEXT = Decimal("0.000000001"), Context(prec=38, rounding=ROUND_05UP)
_FIELD_NUMBER_STEP = Decimal("0.000000001")
_WIDE = Context(prec=38, rounding=ROUND_HALF_EVEN)


def id_text(value: Any) -> str | None:
    """An id as opaque text; none when it is absent, blank or the text `null`; else `ValueError`.

    A number that is whole is its digits (12345.0 is 12345), another one as it is written.
    """
    if type(value) is str:
        text: str = value
        if clears(text):
            return None
    elif value is None:
        return None
    elif type(value) is int:
        text = str(value)
    elif type(value) is ExactNumber:
        if value.text in NOT_NUMBERS:
            raise ValueError(f"is {value.text}, not text or a number")
        text = _digits(value.text)
    elif type(value) is float:
        raise ExactNumbersNeeded
    else:
        raise ValueError(f"is {type_name(value)}, not text or a number")
    if len(text) > LONGEST_ID:
        raise ValueError(f"has {len(text):,} characters, more than {LONGEST_ID}")
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _digits(written: str) -> str:
    try:
        number = Decimal(written)
        if number.adjusted() >= LONGEST_ID:
            raise ValueError(f"has more than {LONGEST_ID} digits")
    except InvalidOperation:  # an exponent of more than eighteen digits
        raise ValueError(f"has more than {LONGEST_ID} digits") from None
    if number != number.to_integral_value():
        return written
    return f"{abs(number) if number.is_zero() else number:.0f}"


def optional_id(source: dict[str, Any], field: str, path: str, warnings: list[FieldWarning]) -> str | None:
    """An id that may be missing; a bad one is dropped."""
    value = source.get(field)
    try:
        return id_text(value)
    except ValueError as fault:
        drop(warnings, path, "bad_id", f"The id {fault}; it is treated as missing.", value)
        return None


def name_attribute(source: dict[str, Any], field: str, path: str, warnings: list[FieldWarning]) -> Attribute:
    """A name: only the lower-case text `null` clears one, because people are called Null."""
    value = source.get(field)
    if type(value) is str and (text := value.strip()) != "null" and text.casefold() == "null":
        return True, text
    return text_attribute(source, field, path, LONGEST_TEXT, warnings)


def text_attribute(
    source: dict[str, Any], field: str, path: str, limit: int, warnings: list[FieldWarning]
) -> Attribute:
    """A trimmed text attribute of at most `limit` characters."""
    if field not in source:
        return ABSENT
    value = source[field]
    if value is None:
        return CLEARED
    if type(value) is not str:
        return drop(warnings, path, "wrong_type", f"The value is {type_name(value)}, not text.", value)
    if clears(value):
        return CLEARED
    text = value.strip()
    if len(text) > limit:
        return drop(warnings, path, "too_long", f"The text has {len(text):,} characters, more than {limit:,}.", value)
    if not text.isprintable() and _CONTROL_CHARACTER(text):
        return drop(warnings, path, "control_character", "The text holds control characters.", value)
    return True, text


def email_attribute(source: dict[str, Any], field: str, path: str, warnings: list[FieldWarning]) -> Attribute:
    """An e-mail address: one @ with text on both sides, and no white space."""
    attribute = text_attribute(source, field, path, LONGEST_TEXT, warnings)
    if attribute[1] is None:
        return attribute
    local, _, domain = attribute[1].partition("@")
    if not local or not domain or "@" in domain or len(attribute[1].split()) > 1:
        return drop(warnings, path, "bad_email", "The text is not an e-mail address.", source[field])
    return attribute


def mrr_attribute(source: dict[str, Any], field: str, path: str, warnings: list[FieldWarning]) -> Attribute:
    """Monthly recurring revenue: a JSON number; text that is a number is not one."""
    if field not in source:
        return ABSENT
    value = source[field]
    if clears(value):
        return CLEARED
    if isinstance(value, bool) or not isinstance(value, int | float):
        return drop(warnings, path, "wrong_type", f"The value is {type_name(value)}, not a number.", value)
    amount = _mrr(value)
    if amount is None:
        return drop(warnings, path, "out_of_range", "The number is not between -1e12 and 1e12.", value)
    return True, amount


def time_attribute(source: dict[str, Any], field: str, path: str, warnings: list[FieldWarning]) -> Attribute:
    """An instant of any year: an account may be older than this century, and its clock is not the request's."""
    if field not in source:
        return ABSENT
    value = source[field]
    if clears(value):
        return CLEARED
    instant = parse_instant(value)
    if instant is None:
        return drop(warnings, path, "bad_time", f"The value {unreadable(value)}.", value)
    return True, instant


def custom_field(field: str, value: Any, path: str, warnings: list[FieldWarning]) -> Row | None:
    """One of the chatbot's own fields as (field, type, text, number, boolean); none when it is dropped."""
    if not field.strip() or len(field) > LONGEST_FIELD_NAME or _CONTROL_CHARACTER(field):
        explanation = f"The field's name is blank, longer than {LONGEST_FIELD_NAME} characters or not printable."
        drop(warnings, path, "bad_field_name", explanation, field)
        return None
    if type(value) is bool:
        return field, "boolean", None, None, value
    if value is None or type(value) is str:
        present, text = text_attribute({field: value}, field, path, LONGEST_FIELD_TEXT, warnings)
        if not present:
            return None
        return (field, "null", None, None, None) if text is None else (field, "text", text, None, None)
    if not isinstance(value, int | float):
        explanation = f"The value is {type_name(value)}, not text, a number or a boolean."
        drop(warnings, path, "wrong_type", explanation, value)
        return None
    number = _field_number(value)
    if number is None:
        drop(warnings, path, "out_of_range", "The number is not between -1e29 and 1e29.", value)
        return None
    return field, "number", None, number, None


def drop(warnings: list[FieldWarning], path: str, reason: str, explanation: str, value: Any) -> Attribute:
    """Note that a value is dropped; it then counts as absent."""
    warnings.append(FieldWarning(path[:300], reason, explanation, excerpt_of(value)))
    return ABSENT


def decimal_of(value: int | float) -> Decimal | None:
    """The number as the shortest decimal that names it; none when it is not finite."""
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(repr(value)) if math.isfinite(value) else None


def clears(value: Any) -> bool:
    """Whether a value says that there is none: null, the text `null`, or a text in which nothing is to be seen."""
    if type(value) is not str:
        return value is None
    seen = visible(value)
    return len(seen) <= len("null") and seen.casefold() in ("", "null")  # no case is shorter than another


@lru_cache(maxsize=1 << 14, typed=True)
def _mrr(value: int | float) -> Decimal | None:
    return _quantised(value, LARGEST_MRR, _MRR_STEP, _MRR_CONTEXT)


@lru_cache(maxsize=1 << 14, typed=True)
def _field_number(value: int | float) -> Decimal | None:
    return _quantised(value, LARGEST_FIELD_NUMBER, _FIELD_NUMBER_STEP)


def _quantised(value: int | float, limit: Decimal, step: Decimal, context: Context = _WIDE) -> Decimal | None:
    number = decimal_of(value)
    if number is None or not -limit < number < limit:
        return None
    return number.quantize(step, context=context)
