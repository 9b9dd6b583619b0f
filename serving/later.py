"""Work that nobody waits for: it begins when no statement runs, and what has begun ends before the process does.

What there is to do is not known here.
"""

import atexit
import threading
from collections.abc import Callable
from time import perf_counter
from weakref import WeakSet

from serving.engine import every_turn_is_free

LOOK_EVERY = 0.05
# Looks that find nothing running, one after another: between the statements of one answer there is little time.
QUIET_LOOKS = 4
# So many seconds it waits at most.
PATIENCE = 10.0
_is_ending = threading.Event()
_threads: WeakSet[threading.Thread] = WeakSet()


def do_later(work: Callable[[], None]) -> None:
    """Do some work in a thread of its own, which is the only one to hear of what it raises."""

    def begin() -> None:
        begun, quiet = perf_counter(), 0
        while quiet < QUIET_LOOKS and perf_counter() - begun < PATIENCE:
            quiet = quiet + 1 if every_turn_is_free() else 0
            if _is_ending.wait(LOOK_EVERY):
                return
        work()

    thread = threading.Thread(target=begin, daemon=True)
    _threads.add(thread)
    thread.start()


@atexit.register
def _end() -> None:
    """Wait for what runs: an engine in the middle of a statement ends the process with an error."""
    _is_ending.set()
    for thread in list(_threads):
        thread.join()
