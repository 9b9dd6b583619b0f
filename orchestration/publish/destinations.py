"""Where a published snapshot is carried to besides: PostgreSQL and a folder or bucket. Whether they show it.

How it gets there is in `postgres/` and `bucket.py`. A destination that fails undoes nothing: the snapshot is published,
and the next refresh tries again.
"""

from orchestration.erasure.tombstones import read_tombstones
from orchestration.settings import Settings


def undelivered(settings: Settings) -> list[str]:
    """A clause for each destination that does not show the published snapshot, or cannot be asked whether it does."""
    found = []
    if url := settings.postgres_url.get_secret_value():
        found += _postgres(settings, url)
    if url := settings.export_url.get_secret_value():
        found += _bucket(settings, url)
    return found


# The drivers are loaded where they are used: they take a third of a second.


def _postgres(settings: Settings, url: str) -> list[str]:
    from orchestration.publish.postgres.connection import PostgresFault
    from orchestration.publish.postgres.publication import is_current

    try:
        is_there = is_current(url, settings.published, read_tombstones(settings.home).generation)
    except PostgresFault as fault:
        return [f"PostgreSQL: {fault}"]
    return [] if is_there else ["PostgreSQL does not show the published snapshot"]


def _bucket(settings: Settings, url: str) -> list[str]:
    from orchestration.publish.bucket import BucketFault, is_current

    try:
        is_there = is_current(url, settings.published)
    except BucketFault as fault:
        return [str(fault)]
    return [] if is_there else ["the folder or bucket does not hold the published snapshot"]
