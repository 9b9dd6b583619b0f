"""A landing that dies at any step, and the next one."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from request_log_samples import analysis, capture, encode, everything, put, rows

from orchestration.extract.landing.land import land
from orchestration.extract.landing.ledger import Ledger, receipts


def sums(home: Path) -> tuple[int, ...]:
    """Lines, accepted, duplicates, quarantined, warnings and content bytes over all runs."""
    names = ("lines", "accepted", "duplicates", "quarantined", "warnings", "bytes_read")
    return tuple(sum(getattr(one, name) for one in receipts(home)) for name in names)


def deliver(home: Path) -> None:
    lines = [capture(1, kind="odd"), analysis(0.5), b"oops", capture(1, kind="odd"), capture(2, custom={"a": 1})]
    put(home, "a.jsonl", encode(*lines) + encode(capture(3))[:20])
    put(home, "b.jsonl.gz", encode(*lines[1:3]))


def grow(home: Path) -> None:
    put(home, "a.jsonl", encode(capture(3))[20:] + encode(capture(4) | {"received_at": "2026-11-25T00:00:00Z"}))


def land_and_die(home: Path, step: int) -> bool:
    """Land in a child process that is killed at a step; false when it came to its end before."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)
    left = step

    def deadly(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*values: Any, **named: Any) -> Any:
            count_down()
            result = function(*values, **named)
            count_down()
            return result

        return wrapped

    def count_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in ((os, "replace"), (os, "fsync"), (Ledger, "intend"), (Ledger, "commit"), (Path, "unlink")):
        setattr(owner, name, deadly(getattr(owner, name)))
    code = 1
    try:
        land(home, "killed", segment_lines=3)
        code = 0
    finally:
        os._exit(code)


def test_a_landing_killed_at_any_step_is_made_good_by_the_next(tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    deliver(undisturbed)
    grow(undisturbed)
    land(undisturbed, "run", segment_lines=3)
    step, died = 0, True
    while died:
        step += 1 if step < 30 else 2
        home = tmp_path / f"step{step}"
        deliver(home)
        died = land_and_die(home, step)
        # The retry sees more bytes than the attempt did, may die as well, and the last one cuts other segments.
        grow(home)
        land_and_die(home, 1 + step % 47)
        land(home, "retry", segment_lines=2)
        assert everything(home) == everything(undisturbed), f"killed at step {step}"
        assert sums(home) == sums(undisturbed), f"killed at step {step}"
    assert step > 80


@pytest.mark.parametrize("workers", [1, 2])
def test_a_landing_killed_at_random_times_until_it_succeeds_equals_an_undisturbed_one(
    tmp_path: Path, workers: int
) -> None:
    dice = random.Random(workers)
    undisturbed, home = tmp_path / "undisturbed", tmp_path / "killed"
    lines = [capture(number % 5_000, custom={"n": number % 5_000}) for number in range(6_000)]
    for place in (undisturbed, home):
        for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.zst"):
            put(place, name, encode(*lines, b"oops"))
    land(undisturbed, "run")
    killed = 0
    for _ in range(8):
        child = os.fork()
        if not child:
            try:
                land(home, "run", segment_lines=200, workers=workers)
            finally:
                os._exit(0)
        time.sleep(dice.uniform(0.0, 0.3) + (0.5 if workers > 1 else 0))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    assert killed >= 4
    land(home, "run", segment_lines=200)
    assert everything(home) == everything(undisturbed)
    assert sums(home) == sums(undisturbed)
    assert len(rows(home, "requests")) == 18_000
