"""Where a published snapshot is carried to besides: PostgreSQL and a folder or bucket. Whether they show it.

How it gets there is in `postgres/` and `bucket.py`. A destination that fails undoes nothing: the snapshot is published,
and the next refresh tries again.
"""

from orchestration.erasure.tombstones import read_tombstones
from orchestration.publish import bucket
from orchestration.publish.postgres import publication
from orchestration.publish.postgres.connection import PostgresFault
from orchestration.settings import Settings


def undelivered(settings: Settings) -> list[str]:
    """A clause for each destination that does not show the published snapshot, or cannot be asked whether it does."""
    found = []
    if url := settings.postgres_url.get_secret_value():
        try:
            if not publication.is_current(url, settings.published, read_tombstones(settings.home).generation):
                found.append("PostgreSQL does not show the published snapshot")
        except PostgresFault as fault:
            found.append(f"PostgreSQL: {fault}")
    if url := settings.export_url.get_secret_value():
        try:
            if not bucket.is_current(url, settings.published):
                found.append("the folder or bucket does not hold the published snapshot")
        except bucket.BucketFault as fault:
            found.append(str(fault))
    return found
