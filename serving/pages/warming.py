"""Asks a new snapshot for the pages that most readers open first, so that none of them waits for what is made anew.

It asks what a reader would, one page after another and only while no reader does. What anyone sees is the same.
"""

import logging
import threading
import time
from collections.abc import Iterator

import duckdb

from serving.engine import wait_until_idle
from serving.pages.view import view_of
from serving.snapshot import NothingPublished, Snapshot, Snapshots
from serving.tables.columns import TABLES
from serving.tables.ranges import Clock

LOOK_EVERY = 2.0
# So long a snapshot is warmed: with more chatbots than that allows, the others are made when they are asked for.
PATIENCE = 60.0
log = logging.getLogger(__name__)


def warm(snapshot: Snapshot, clock: Clock, patience: float = PATIENCE) -> Iterator[str]:
    """Ask for the default pages of each chatbot; yields what was asked."""
    begun = time.monotonic()
    for chatbot in snapshot.chatbots.values():
        for table in TABLES:
            wait_until_idle()
            if time.monotonic() - begun > patience:
                return
            view_of(snapshot, chatbot, table, "", clock())
            yield f"{chatbot.chatbot_id} {table}"


def keep_warm(snapshots: Snapshots, clock: Clock) -> None:
    """Look for new snapshots from a thread of its own until the process ends."""
    threading.Thread(target=_look, args=(snapshots, clock), name="warming", daemon=True).start()


def _look(snapshots: Snapshots, clock: Clock) -> None:
    known = ""
    while True:
        try:
            snapshot = snapshots.current()
            if snapshot.snapshot_id != known:
                known = snapshot.snapshot_id
                for _ in warm(snapshot, clock):
                    pass
            del snapshot  # so that an old one closes when its last reader lets go
        except NothingPublished:
            pass
        except (duckdb.Error, OSError) as error:
            log.warning("Pages are not warmed: %s", error)
        time.sleep(LOOK_EVERY)
