"""Sends readers on within the server: behind a proxy it does not know by which scheme and name it was asked."""

from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RelativeRedirects:
    """Leaves scheme and host out of each `Location`; the router writes them where it takes away a slash at the end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if location := headers.get("location"):
                    headers["location"] = urlunsplit(("", "", *urlsplit(location)[2:]))
            await send(message)

        await self._app(scope, receive, relative if scope["type"] == "http" else send)
