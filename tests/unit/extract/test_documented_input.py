"""What `docs/input.md` says of every field is what happens: its tables are read, and each bad value is tried."""

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from request_log_samples import envelope, rejected, warned

from orchestration import extract as package

PAGE = (Path(__file__).parents[3] / "docs" / "input.md").read_text(encoding="utf-8")
MESSAGE = {"id": "m1", "role": "user", "content": "Hello"}
REQUESTS: dict[str, dict[str, Any]] = {
    "capture": {"conversationId": "c1", "messages": [MESSAGE]},
    "track": {"conversationId": "c1", "messages": [MESSAGE]},
    "conversations": {"messages": [MESSAGE]},
    "analysis": {"external_conversation_id": "c1", "messages": [{"external_message_id": "m1"}]},
}


class Documented(NamedTuple):
    """A row of the page for one shape."""

    field: str
    shape: str
    bad: Any
    outcome: str
    reason: str


def documented() -> Iterator[Documented]:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 4 or not cells[0].startswith("`"):
            continue
        outcome, _, reason = cells[-1].partition(": ")
        field, bad = cells[0].split("`")[1], json.loads(cells[-2].strip("`"))
        shapes = cells[1].split(", ") if len(cells) == 5 else list(REQUESTS)
        for shape in shapes:
            yield Documented(field, shape, bad, outcome, reason.strip("`"))


def with_value(one: Documented) -> dict[str, Any]:
    """A good line of the shape, with the bad value in its place."""
    line = json.loads(json.dumps(envelope(one.shape, REQUESTS[one.shape])))
    steps = [0 if step == "[]" else step for step in re.findall(r"\w+|\[\]", one.field)]
    place: Any = line if one.field in line else line["request"]
    for step, following in pairwise(steps):
        if isinstance(place, dict):
            place.setdefault(step, [{}] if following == 0 else {})
        place = place[step]
    place[steps[-1]] = one.bad
    return line


@pytest.mark.parametrize("one", list(documented()), ids=lambda one: f"{one.shape}-{one.field}-{one.reason}")
def test_a_bad_value_does_what_the_page_says(one: Documented) -> None:
    if one.outcome == "rejects the line":
        assert rejected(with_value(one)).reason == one.reason
    else:
        assert one.outcome == "is dropped"
        assert warned(with_value(one)) == [(one.field.replace("[]", "[0]"), one.reason)]


def test_the_page_names_every_reason_there_is() -> None:
    place_of_reason = {"UnusableRecord": 0, "Rejection": 0, "drop": 2}
    reasons = set()
    for path in Path(package.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in place_of_reason:
                argument = node.args[place_of_reason[node.func.id]]
                reasons |= {argument.value} if isinstance(argument, ast.Constant) else set()
    assert {"bad_time", "damaged_stream", "not_a_user_message"} <= reasons
    assert {reason for reason in reasons if f"`{reason}`" not in PAGE} == set()
