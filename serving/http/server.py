"""Listens, and serves the application; what it answers is put together in `app`.

On loopback everyone on this machine may read until somebody has a token; anywhere else somebody must have one first.
"""

from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from serving.access.identify import Gate, Proxy
from serving.access.tokens import AccessFile
from serving.http.app import LOOPBACK_NAMES, create_app, utc_now
from serving.http.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Closed(ValueError):
    """Refuses to listen where others could reach it while nobody has a token. Its text is a sentence."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"Refusing to listen on {host}: nobody has a token, so everyone who reaches it could read everything. Make"
            " one with `clientele tokens create`, or leave --host out to serve this machine alone."
        )


def gate_of(access_file: Path | None, proxy: Proxy | None = None) -> Gate:
    """Return the door of an access file: open until it names somebody. Raises BadAccessFile."""
    is_open = access_file is None or not AccessFile.read(access_file).readers
    return Gate(access_file, utc_now, proxy, until_first=is_open)


def serve(
    published: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    access_file: Path | None = None,
    proxy: Proxy | None = None,
    audit: Path | None = None,
    views: Path | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve a published directory until interrupted. Raises Closed, or BadAccessFile for one that cannot be read."""
    if host not in LOOPBACK and (access_file is None or not AccessFile.read(access_file).opens(datetime.now(UTC))):
        raise Closed(host)
    gate = gate_of(access_file, proxy)
    hosts = LOOPBACK_NAMES if gate.is_open else ["*"]
    app = create_app(published, gate=gate, audit=audit, views=views, limits=limits, hosts=hosts, warms=True)
    # What a proxy says of the address that a request came from is not believed: only its own address is.
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False)
