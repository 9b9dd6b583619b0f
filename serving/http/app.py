"""Puts the application together: the API and the pages over one published directory.

Nothing here listens on a socket; that is `server`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.access.identify import Gate
from serving.http.addresses import AddressesAsSent
from serving.http.api import add_api
from serving.http.chatbots import add_chatbots_api
from serving.http.compressing import GzipWhereTaken
from serving.http.entities import add_entities_api
from serving.http.errors import add_errors
from serving.http.head import HeadAsGet
from serving.http.headers import WithHeaders
from serving.http.leaving import StopsWhenLeft
from serving.http.limits import Exports, Limits
from serving.http.overview import add_overview_api
from serving.http.quality import add_quality_api
from serving.http.redirects import RelativeRedirects
from serving.http.signed_in import SignedIn
from serving.http.timing import WithSqlTime
from serving.http.totals import add_totals_api
from serving.pages.routes import add_pages
from serving.pages.sign_in import add_sign_in
from serving.pages.warming import keep_warm
from serving.snapshot import Snapshots
from serving.tables.exports import FORMATS
from serving.tables.ranges import Clock

# A name that a stranger's page resolves to this machine is refused.
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "::1", "[::1]"]
HEADERS = {
    # Nothing is loaded from elsewhere, and nothing runs or is styled inline.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


COMPRESSION = 5
# Files that are compressed in themselves.
COMPRESSED_FILES = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    *(one.media_type for one in FORMATS if not one.media_type.startswith("text/")),
)


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(
    published: Path,
    *,
    clock: Clock = utc_now,
    gate: Gate | None = None,
    audit: Path | None = None,
    views: Path | None = None,
    limits: Limits | None = None,
    hosts: Sequence[str] = LOOPBACK_NAMES,
    warms: bool = False,
) -> FastAPI:
    """Return the application over a published directory.

    `clock` says which instant it is, `gate` who a reader is (without one, everyone reads everything), `audit` where a
    line is kept for each file that is taken away, `views` where the files of saved views are, `limits` how much a
    reader may take, and `hosts` by which names the server may be asked. One that `warms` asks each new snapshot for the
    default pages before somebody does.
    """
    snapshots = Snapshots(published)
    if warms:
        keep_warm(snapshots, clock)
    gate = gate or Gate(None, clock)
    app = FastAPI(
        title="Clientele",
        version="1",
        description="The Organizations and Users tables of chatbots, from the newest published snapshot.",
        docs_url=None,
        redoc_url=None,
    )
    add_api(app, snapshots, clock, Exports(limits or Limits(), audit))
    add_chatbots_api(app, snapshots)
    add_quality_api(app, snapshots)
    add_totals_api(app, snapshots, clock)
    add_overview_api(app, snapshots, clock)
    add_entities_api(app, snapshots, clock)
    add_sign_in(app, gate)
    add_pages(app, snapshots, clock, views)
    add_errors(app)

    app.add_middleware(StopsWhenLeft)
    app.add_middleware(SignedIn, gate=gate)
    app.add_middleware(AddressesAsSent)
    app.add_middleware(WithSqlTime)
    app.add_middleware(RelativeRedirects)
    app.add_middleware(WithHeaders, headers=HEADERS)
    app.add_middleware(GzipWhereTaken, compresslevel=COMPRESSION, exclude_content_types=COMPRESSED_FILES)
    app.add_middleware(HeadAsGet)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    return app
