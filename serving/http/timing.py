"""Says in an answer how long its SQL took, for whoever measures: `Server-Timing`, on pages that were found alone.

It is of the time that a reader waits anyway. What a reader may not know of answers as what there is not, to the letter.
"""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.engine import counting_seconds
from serving.http.addresses import FILTERS, PLATFORM


class WithSqlTime:
    """Sets the header on each page of a chatbot."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith((PLATFORM, FILTERS)):
            return await self._app(scope, receive, send)
        with counting_seconds() as seconds:

            async def with_time(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                    MutableHeaders(scope=message)["Server-Timing"] = f"sql;dur={sum(seconds) * 1000:.1f}"
                await send(message)

            await self._app(scope, receive, with_time)
