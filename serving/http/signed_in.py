"""The door: finds out who sent a request before any route sees it, and turns everyone else away.

What is open to everybody is listed here, and holds no chatbot's data. Who that reader is decides `access.identify`.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.identify import NO_TOKEN, Gate, NotSignedIn
from serving.access.tokens import BadAccessFile
from serving.http.errors import is_program, problem
from serving.pages.links import sign_in_path

OPEN = ("/sign-in", "/sign-out", "/health", "/assets/", "/scheme/")


class SignedIn:
    """Puts the reader into the state of each request that may go on."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            reader = self._gate.reader_of(request)
        except NotSignedIn:
            await _asked_in(request)(scope, receive, send)
            return
        except BadAccessFile as fault:
            await problem(request, 503, str(fault), "Nobody can be let in")(scope, receive, send)
            return
        scope.setdefault("state", {})["reader"] = reader
        await self._app(scope, receive, send)


def _asked_in(request: Request) -> Response:
    """A program is told that it needs a token; a person is led to the page for it, and back."""
    if is_program(request):
        return JSONResponse({"detail": NO_TOKEN}, 401, {"WWW-Authenticate": "Bearer"})
    if request.method != "GET":
        return RedirectResponse(sign_in_path(""), 303)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(sign_in_path(asked), 303)
