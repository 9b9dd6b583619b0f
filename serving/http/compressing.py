"""Compresses answers for those who take them compressed: by the weights of `Accept-Encoding`, 0 among them."""

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

# One coding with its weight, as RFC 9110 writes them.
CODING = re.compile(r"\s*(?P<name>[^\s;,]+)\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)


def takes_gzip(accepted: str) -> bool:
    """Return whether a header allows gzip: by its name, or by `*` where that is not named."""
    codings = filter(None, map(CODING.fullmatch, accepted.split(",")))
    weights = {found["name"].lower(): float(found["weight"] or 1) for found in codings}
    return weights.get("gzip", weights.get("*", 0)) > 0


class GzipWhereTaken(GZipMiddleware):
    """Starlette's, which looks for the word alone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            others = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            taken = takes_gzip(",".join(Headers(scope=scope).getlist("accept-encoding")))
            scope = {**scope, "headers": [*others, (b"accept-encoding", b"gzip" if taken else b"identity")]}
        await super().__call__(scope, receive, send)
