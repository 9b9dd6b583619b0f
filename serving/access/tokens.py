"""The access file: who may read what, and the hashes of their tokens. A token itself is shown once and kept nowhere.

The file is JSON with one entry a reader, for its owner's eyes alone. Users of an authenticating proxy are admitted by
name instead: such an entry has no hash.
"""

import hashlib
import os
import secrets
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path
from typing import Self

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.access.readers import Reader, Right

PREFIX = "clientele"


class BadAccessFile(Exception):
    """The access file cannot be read: nobody is let in. Its text is a sentence for the operator."""


class Entry(BaseModel):
    """One reader of the access file. `chatbots` null: all. `sha256` null: a user of the proxy. Instants are UTC."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    chatbots: list[str] | None
    rights: list[Right]
    sha256: str | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def reader(self) -> Reader:
        """Who it stands for."""
        return Reader(self.name, None if self.chatbots is None else frozenset(self.chatbots), frozenset(self.rights))


class AccessFile(BaseModel):
    """The whole file; `session_key` signs the cookies of those who signed in."""

    model_config = ConfigDict(extra="forbid")

    session_key: str = Field(default_factory=lambda: secrets.token_hex(32))
    readers: list[Entry] = []

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file's content, empty where there is none. Raises BadAccessFile."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
            raise BadAccessFile(
                f"The access file {path} cannot be read ({said}). Nobody is let in until it is mended or made anew with"
                " `clientele tokens`."
            ) from None

    def holder_of(self, token: str, now: datetime) -> Entry | None:
        """The entry that a token belongs to, if it is valid."""
        match token.split("_", 2):
            case [prefix, entry_id, secret] if prefix == PREFIX:
                entry = self.entry(entry_id, now)
                if entry and entry.sha256 and compare_digest(entry.sha256, _hash(secret)):
                    return entry
        return None

    def entry(self, entry_id: str, now: datetime) -> Entry | None:
        """The valid entry with this id."""
        return next((one for one in self.readers if one.id == entry_id and one.is_valid(now)), None)

    def admitted(self, user: str, now: datetime) -> Entry | None:
        """The valid entry of a user whom the proxy names."""
        return next(
            (one for one in self.readers if one.sha256 is None and one.name == user and one.is_valid(now)), None
        )

    def opens(self, now: datetime) -> bool:
        """Whether anybody could come in with it."""
        return any(one.is_valid(now) for one in self.readers)


def issue(
    path: Path, name: str, chatbots: list[str] | None, rights: list[Right], expires_at: datetime | None
) -> tuple[Entry, str]:
    """Add a reader with a new token; returns the entry, and the token, which nothing can show again."""
    secret = secrets.token_urlsafe(32)
    entry = _entry(name, chatbots, rights, expires_at, _hash(secret))
    _add(path, entry)
    return entry, f"{PREFIX}_{entry.id}_{secret}"


def admit(path: Path, user: str, chatbots: list[str] | None, rights: list[Right], expires_at: datetime | None) -> Entry:
    """Add a user whom an authenticating proxy names."""
    entry = _entry(user, chatbots, rights, expires_at, None)
    _add(path, entry)
    return entry


def revoke(path: Path, entry_id: str) -> Entry | None:
    """Close an entry for good, open sessions included; None where no entry that is open has this id."""
    with _locked(path):
        file = AccessFile.read(path)
        entry = next((one for one in file.readers if one.id == entry_id and one.revoked_at is None), None)
        if entry is not None:
            entry.revoked_at = datetime.now(UTC)
            _write(path, file)
        return entry


def _entry(
    name: str, chatbots: list[str] | None, rights: list[Right], expires_at: datetime | None, sha256: str | None
) -> Entry:
    return Entry(
        id=secrets.token_hex(4),
        name=name,
        chatbots=chatbots,
        rights=rights,
        sha256=sha256,
        created_at=datetime.now(UTC),
        expires_at=expires_at,
    )


def _hash(secret: str) -> str:
    """A secret of 256 random bits cannot be guessed from its plain hash: no slow one is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _add(path: Path, entry: Entry) -> None:
    with _locked(path):
        file = AccessFile.read(path)
        file.readers.append(entry)
        _write(path, file)


def _locked(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"))


def _write(path: Path, file: AccessFile) -> None:
    draft = path.with_name(f".{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        written.write(file.model_dump_json(indent=2) + "\n")
        written.flush()
        os.fsync(written.fileno())
    os.replace(draft, path)
