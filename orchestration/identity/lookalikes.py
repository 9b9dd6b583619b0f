"""Texts that people take for the same one: ids, names and e-mails in a common form, and in what two of them differ.

What is done about two that look alike is no business of this module.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation

from orchestration.extract.records.keys import visible

_JOINTS = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?")


def _folded(text: str) -> str:
    return text.casefold()


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _joined(text: str) -> str:
    return _JOINTS.sub("-", text.strip())


def _digits(text: str) -> str:
    """A number as its shortest digits, whatever it was written as; another text as it is."""
    if not _NUMBER.fullmatch(text):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number.normalize() + 0:f}" if abs(number.adjusted()) < 100 else text


# Each step hides one difference; the words say which.
_STEPS: tuple[tuple[Callable[[str], str], str], ...] = (
    (visible, "invisible characters"),
    (_folded, "case"),
    (_compatible, "full-width or other forms of characters"),
    (_joined, "hyphens, underscores and spaces"),
    (_digits, "the spelling of a number"),
)


def common_form(text: str, *, ignore_case: bool) -> str:
    """The form that texts which look alike share."""
    return _form(text, [place for place, (step, _) in enumerate(_STEPS) if ignore_case or step is not _folded])


def difference(one: str, other: str) -> str:
    """In what two texts of one common form differ, in words: the steps without which they would not be equal."""
    steps = range(len(_STEPS))
    rest = {place: [step for step in steps if step != place] for place in steps}
    needed = [_STEPS[place][1] for place in steps if _form(one, rest[place]) != _form(other, rest[place])]
    return " and ".join(needed) or "spelling"


def _form(text: str, places: Iterable[int]) -> str:
    # Twice, because a step may uncover what an earlier one hides: a full-width capital, for one.
    for place in [*places, *places]:
        text = _STEPS[place][0](text)
    return text
