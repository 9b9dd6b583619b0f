"""Identity as text and as numbers: normal form of names, 64-bit keys, ids of records.

What an id may look like is judged in `attributes.py`; nothing here reads a request.
"""

import unicodedata
from functools import lru_cache
from hashlib import blake2b


def normalise_text(text: str) -> str:
    """The form in which names and e-mails are compared: NFC, white space collapsed and trimmed, case-folded."""
    folded = " ".join(unicodedata.normalize("NFC", text).split()).casefold()
    return unicodedata.normalize("NFC", folded)


def user_identity(user_id: str | None, email: str | None) -> str | None:
    """The text that identifies a user within a chatbot: the id, else the normalised e-mail, else none."""
    if user_id is not None:
        return user_id
    return None if email is None else "email:" + normalise_text(email)


def organization_identity(organization_id: str | None, name: str | None) -> str | None:
    """The text that identifies an organization within a chatbot: the id, else the normalised name, else none."""
    if organization_id is not None:
        return organization_id
    return None if name is None else "name:" + normalise_text(name)


@lru_cache(maxsize=1 << 16)
def key_of(chatbot_id: str, kind: str, text: str) -> int:
    """A signed 64-bit key of a `conversation`, `user` or `organization` of a chatbot; equal on every machine."""
    # Lengths in front, so that no two different triples make the same text.
    whole = f"{len(chatbot_id)}:{chatbot_id}{len(kind)}:{kind}{len(text)}:{text}".encode()
    return int.from_bytes(blake2b(whole, digest_size=8).digest(), "big", signed=True)


def record_id_of(canonical: bytes) -> str:
    """The id of a record: the hash of its canonical JSON, so that equal lines are one record."""
    return blake2b(canonical, digest_size=16).hexdigest()


def file_digest(source_file: str) -> str:
    """A short stable name for a file of the inbox, used in the names of what was made from it."""
    return blake2b(source_file.encode(), digest_size=8).hexdigest()
