"""Signing in with a token, and out again. Who is let in decides `access`; where everyone is, there is no such page."""

from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from serving.access import NotAllowed, NotFound
from serving.access.identify import COOKIE, SESSION_SECONDS, Gate
from serving.pages.rendering import page

# From one address, right or wrong: a token cannot be guessed, and guessing is not to cost others anything.
TRIES = RateLimitItemPerMinute(10)

LONGEST_FORM = 16_384
# What a browser says of a form that stands on another site: it would sign people in with somebody else's token.
ELSEWHERE = ("cross-site", "same-site")
NOT_OURS = "This form came from another site. Open the sign-in page of this server and give the token there."


def add_sign_in(app: FastAPI, gate: Gate) -> None:
    """Add the page to sign in at, and the two addresses that its forms go to."""
    tries = MovingWindowRateLimiter(MemoryStorage())

    @app.get("/sign-in", include_in_schema=False)
    def sign_in_page(request: Request, then: str = "/") -> Response:
        if gate.is_open:
            raise NotFound
        return page(request, "sign_in.html", then=_ours(then), fault=None)

    @app.post("/sign-in", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        if gate.is_open:
            raise NotFound
        if request.headers.get("Sec-Fetch-Site") in ELSEWHERE:
            raise NotAllowed(NOT_OURS)
        given = dict(parse_qsl((await _form(request)).decode("utf-8", "replace")))
        token, then = given.get("token", ""), given.get("then", "/")
        if not tries.hit(TRIES, request.client.host if request.client else ""):
            fault = "Too many tries. Wait a minute, then try again."
            return page(request, "sign_in.html", 429, then=_ours(then), fault=fault)
        session = gate.session(token)
        if session is None:
            fault = "This token opens nothing: it is wrong, has expired, or was revoked. Ask whoever gave it to you."
            return page(request, "sign_in.html", 403, then=_ours(then), fault=fault)
        answer = RedirectResponse(_ours(then), 303)
        is_secure = "https" in (request.url.scheme, request.headers.get("X-Forwarded-Proto"))
        answer.set_cookie(COOKIE, session, SESSION_SECONDS, httponly=True, samesite="lax", secure=is_secure)
        return answer

    @app.post("/sign-out", include_in_schema=False)
    def sign_out() -> Response:
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer


async def _form(request: Request) -> bytes:
    """Return what was sent, as far as a token and an address can reach."""
    sent = b""
    async for part in request.stream():
        sent += part
        if len(sent) > LONGEST_FORM:
            break
    return sent[:LONGEST_FORM]


def _ours(then: str) -> str:
    """Where to go on to: a path of this server, whatever was asked."""
    parts = urlsplit(then)
    ours = not parts.scheme and not parts.netloc and then.startswith("/") and not then.startswith(("//", "/\\"))
    return then if ours else "/"
