"""Stops what is read for a request when its reader leaves: a page that is closed, or another one that is asked for."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.leaving import reading

AGAIN = 0.05


class StopsWhenLeft:
    """Listens whether the reader is still there while a request is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        messages: asyncio.Queue[Message] = asyncio.Queue()
        with reading() as reader:

            async def listen() -> None:
                message: Message = {}
                while message.get("type") != "http.disconnect":
                    message = await receive()
                    messages.put_nowait(message)
                while True:
                    reader.leave()
                    await asyncio.sleep(AGAIN)

            listening = asyncio.create_task(listen())
            try:
                await self._app(scope, messages.get, send)
            finally:
                listening.cancel()
