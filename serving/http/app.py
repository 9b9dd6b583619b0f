"""Puts the application together: the API and the pages over one published directory.

Nothing here listens on a socket; that is `server`.
"""

from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.access import Access, everyone
from serving.http.addresses import AddressesAsSent
from serving.http.api import add_api
from serving.http.chatbots import add_chatbots_api
from serving.http.entities import add_entities_api
from serving.http.errors import add_errors
from serving.http.limits import Exports, Limits
from serving.http.quality import add_quality_api
from serving.http.totals import add_totals_api
from serving.pages.mount import add_pages
from serving.snapshot import Snapshots
from serving.tables.ranges import Clock

# A name that a stranger's page resolves to this machine is refused.
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "::1", "[::1]"]
HEADERS = {
    # Nothing is loaded from elsewhere. Dash starts with an inline script, and its components style themselves inline.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(
    published: Path, *, clock: Clock = utc_now, access: Access = everyone, limits: Limits | None = None
) -> FastAPI:
    """Return the application over a published directory.

    `clock` says which instant it is; `access` which reader may see which chatbot; `limits` how much a reader may take.
    """
    snapshots = Snapshots(published)
    app = FastAPI(
        title="Clientele",
        version="1",
        description="The Organizations and Users tables of chatbots, from the newest published snapshot.",
        docs_url=None,
        redoc_url=None,
    )
    add_api(app, snapshots, access, clock, Exports(limits or Limits()))
    add_chatbots_api(app, snapshots, access)
    add_quality_api(app, snapshots, access)
    add_totals_api(app, snapshots, access, clock)
    add_entities_api(app, snapshots, access, clock)
    inner = add_pages(app, snapshots, access, clock)
    add_errors(app)
    add_errors(inner)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    app.add_middleware(AddressesAsSent)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_NAMES, www_redirect=False)
    return app
