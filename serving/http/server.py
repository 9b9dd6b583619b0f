"""Listens on loopback and serves the application; what it answers is put together in `app`."""

from pathlib import Path

import uvicorn

from serving.http.app import create_app
from serving.http.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotLoopback(ValueError):
    """Refuses to listen where others could reach it: there is no sign-in yet."""

    def __init__(self, host: str) -> None:
        super().__init__(f"Refusing to listen on {host}: pages and API have no sign-in, so only 127.0.0.1 is served.")


def serve(published: Path, host: str = "127.0.0.1", port: int = 8000, limits: Limits | None = None) -> None:
    """Serve a published directory until interrupted; NotLoopback for any other host than this machine's loopback."""
    if host not in LOOPBACK:
        raise NotLoopback(host)
    uvicorn.run(create_app(published, limits=limits), host=host, port=port, log_level="warning", server_header=False)
