"""An application whose door is closed, and readers with tokens for some of its chatbots."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from serving.access.identify import Gate
from serving.access.readers import RIGHTS, Reader, Right
from serving.access.tokens import issue
from serving.http.app import create_app
from tests.serving.published_fixture import NOW

BASE = "http://127.0.0.1:8000"


class Knows(Gate):
    """A door that takes everyone for the same reader."""

    def __init__(self, *chatbots: str) -> None:
        super().__init__(None, lambda: NOW)
        self._reader = Reader("a reader", frozenset(chatbots))

    def reader_of(self, request: HTTPConnection) -> Reader:
        return self._reader


def client_of(published: Path, *chatbots: str, rights: Sequence[Right] = RIGHTS, **more: Any) -> TestClient:
    """A reader whose token opens these chatbots alone; `more` is for the application."""
    access_file = Path(mkdtemp()) / "access.json"
    _, token = issue(access_file, "a reader", list(chatbots), list(rights), NOW + timedelta(days=1))
    app = create_app(published, clock=lambda: NOW, gate=Gate(access_file, lambda: NOW), **more)
    return TestClient(app, BASE, headers={"Authorization": f"Bearer {token}"})
