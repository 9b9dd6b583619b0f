"""Every numbered trap is tested: this looks at the names of the tests, and what they assert is theirs to say.

A trap is a way in which numbers like these have gone wrong before. There are 70; a test that holds one is named
`test_trap_NN_` and its sentence.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names() -> list[str]:
    """The names of all test functions that name a trap."""
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    return [name for text in texts for name in re.findall(r"^ *def (test_trap_\w+)", text, re.MULTILINE)]


@pytest.mark.parametrize("number", range(1, 71))
def test_every_numbered_trap_has_a_test(names: list[str], number: int) -> None:
    assert [name for name in names if name.startswith(f"test_trap_{number:02}_")]


def test_a_trap_is_named_by_two_digits_and_a_sentence(names: list[str]) -> None:
    assert [name for name in names if not re.fullmatch(r"test_trap_\d\d_[a-z]\w+", name)] == []
