"""Puts the application together: the API and the pages over one published directory.

Nothing here listens on a socket; that is `server`.
"""

from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.access import Access, everyone
from serving.http.api import add_api
from serving.http.errors import add_errors
from serving.http.headers import WithHeaders
from serving.http.quality import add_quality_api
from serving.http.totals import add_totals_api
from serving.pages.routes import add_pages
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


def create_app(published: Path, *, clock: Clock = utc_now, access: Access = everyone) -> FastAPI:
    """Return the application over a published directory.

    `clock` says which instant it is; `access` which reader may see which chatbot.
    """
    snapshots = Snapshots(published)
    app = FastAPI(
        title="Clientele",
        version="1",
        description="The Organizations and Users tables of chatbots, from the newest published snapshot.",
        docs_url=None,
        redoc_url=None,
    )
    add_api(app, snapshots, access, clock)
    add_quality_api(app, snapshots, access)
    add_totals_api(app, snapshots, access, clock)
    add_pages(app, snapshots, access, clock)
    add_errors(app)

    app.add_middleware(WithHeaders, headers=HEADERS)
    app.add_middleware(GZipMiddleware, compresslevel=COMPRESSION, exclude_content_types=COMPRESSED_FILES)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_NAMES, www_redirect=False)
    return app
