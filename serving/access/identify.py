"""From whom a request is: a token, the cookie of a session, or the name that a trusted proxy gives.

What that reader may do is in `readers`. The access file is read again when it changes, so that a revoked token, and the
sessions that it opened, end with the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import HTTPConnection

from serving.access.readers import ANYONE, Reader
from serving.access.tokens import AccessFile, Entry

COOKIE = "clientele_session"
NO_TOKEN = "Send a token of this server: Authorization: Bearer clientele_..."
SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Proxy:
    """A proxy that signs people in: the header in which it names them, and the addresses it speaks from."""

    header: str
    peers: frozenset[str]


class NotSignedIn(Exception):
    """Nobody is known to have sent the request: it is asked to sign in, whatever it wants."""


class Gate:
    """Tells the reader of each request by an access file; without a path everyone is let in.

    With `until_first`, everyone is until the file names somebody; closed once, it stays so, whatever becomes of it.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], datetime],
        proxy: Proxy | None = None,
        *,
        until_first: bool = False,
    ) -> None:
        self._path, self._clock, self._proxy = path, clock, proxy
        self._is_open = path is None or until_first
        self._read_at: tuple[int, int] | None = None
        self._file = AccessFile()

    def reader_of(self, request: HTTPConnection) -> Reader:
        """Who sent this request. Raises NotSignedIn, or BadAccessFile where nobody can be known."""
        if self.is_open:
            return ANYONE
        entry = self._entry_of(request, self._current(), self._clock())
        if entry is None:
            raise NotSignedIn
        return entry.reader

    def session(self, token: str) -> str | None:
        """The cookie of a new session for whoever holds this token; None where it opens nothing."""
        file = self._current()
        entry = file.holder_of(token.strip(), self._clock())
        return None if entry is None else _signer(file).sign(entry.id).decode()

    @property
    def is_open(self) -> bool:
        """Whether everyone is let in, so that there is nothing to sign in to. Raises BadAccessFile."""
        if self._is_open and self._path is not None and self._current().readers:
            self._is_open = False
        return self._is_open

    def _entry_of(self, request: HTTPConnection, file: AccessFile, now: datetime) -> Entry | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return file.holder_of(token.strip(), now)
        if self._proxy and request.client and request.client.host in self._proxy.peers:
            user = request.headers.get(self._proxy.header)
            if user:
                return file.admitted(user, now)
        try:
            signed = _signer(file).unsign(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        return file.entry(signed.decode(), now)

    def _current(self) -> AccessFile:
        assert self._path is not None
        try:
            seen = self._path.stat()
        except FileNotFoundError:
            return AccessFile()  # which lets nobody in
        stamp = (seen.st_mtime_ns, seen.st_ino)
        if stamp != self._read_at:
            self._file, self._read_at = AccessFile.read(self._path), stamp
        return self._file


def _signer(file: AccessFile) -> TimestampSigner:
    return TimestampSigner(file.session_key, salt="clientele session")
