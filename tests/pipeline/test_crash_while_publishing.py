"""A publication that dies at any step: readers keep a whole snapshot, and the next publication goes on.

Readers during a publication that lives are in `test_refresh_job.py`.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.pipeline import Pipeline
from tests.support.publishing import Publisher
from tests.support.requests import capture, said


class Killed(BaseException):
    """The process is gone: nothing in it may catch this."""


@contextmanager
def dying(step: int) -> Iterator[None]:
    """Die before or behind one of the calls that move or remove what is on the disk, counted from 1."""
    left = step

    def count_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    def deadly(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*values: Any, **named: Any) -> Any:
            count_down()
            result = function(*values, **named)
            count_down()
            return result

        return wrapped

    with pytest.MonkeyPatch.context() as patches:
        for owner, name in ((Path, "rename"), (os, "replace"), (shutil, "rmtree")):
            patches.setattr(owner, name, deadly(getattr(owner, name)))
        yield


def counts(publisher: Publisher) -> set[int]:
    """How many conversations each part of the current snapshot holds; one number where they agree."""
    folder = (publisher.folder / "current").resolve()
    (row,) = publisher.query(
        "select (select conversations from organizations('support', null, null)) as by_macro,"
        " (select count(*) from fct_conversation_days) as by_table,"
        " (select sum(accepted)::bigint from receipts) as by_receipts,"
        " (select count(*) from read_parquet(?)) as by_file",
        str(folder / "fct_conversation_days.parquet"),
    )
    return set(row.values())


def test_trap_49_a_publication_that_dies_at_any_step_leaves_the_old_or_the_new_snapshot_whole(
    pipeline: Pipeline,
) -> None:
    def conversation(number: int) -> Any:
        return capture(f"c{number}", said("m1", "2026-03-10T10:00:00Z"), organization={"id": "acme"})

    publisher = Publisher(pipeline)
    for number in range(4):  # more than are kept, so that old ones are dropped
        publisher.run(conversation(number))
    for step in range(1, 100):
        before = 3 + step
        pipeline.run(conversation(before))
        try:
            with dying(step):
                publisher.publish()
        except Killed:
            assert counts(publisher) in ({before}, {before + 1}), step
            assert counts(publisher.publish()) == {before + 1}, step
            assert not list((publisher.folder / "snapshots").glob(".*"))
        else:
            break
    assert counts(publisher) == {before + 1}
    assert step > 6
