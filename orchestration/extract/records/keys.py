"""Identity as text and as numbers: normal form of names, 64-bit keys, ids of records.

What an id may look like is judged in `attributes.py`; nothing here reads a request.
"""

import unicodedata
from functools import lru_cache
from hashlib import blake2b
from itertools import chain

# The default ignorable characters of Unicode: soft hyphens, joiners, marks of direction, variation selectors, ...
_INVISIBLE = dict.fromkeys(
    chain.from_iterable(
        range(first, last + 1)
        for first, last in (
            (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
            (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
            (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
        )
    )
)  # fmt: skip
DIGEST_BYTES = 16
# A sent id that begins like the id of an entity known by something else: it is shown with `id:` before it.
_RESERVED = ("name:", "email:", "id:")


def visible(text: str) -> str:
    """The text without what nobody sees: invisible characters, and white space around it."""
    return (text if text.isascii() else text.translate(_INVISIBLE)).strip()


def normalise_text(text: str) -> str:
    """The form in which names and e-mails are compared.

    Unicode NFC, without invisible characters, trimmed, inner white space to one space, case-folded.
    """
    folded = " ".join(unicodedata.normalize("NFC", visible(text)).split()).casefold()
    return unicodedata.normalize("NFC", folded)


def user_identity(user_id: str | None, email: str | None) -> str | None:
    """The text that identifies a user within a chatbot: the id, else the normalised e-mail, else none."""
    if user_id is not None:
        return _sent(user_id)
    return None if email is None else "email:" + normalise_text(email)


def organization_identity(organization_id: str | None, name: str | None) -> str | None:
    """The text that identifies an organization within a chatbot: the id, else the normalised name, else none."""
    if organization_id is not None:
        return _sent(organization_id)
    return None if name is None else "name:" + normalise_text(name)


def _sent(entity_id: str) -> str:
    return f"id:{entity_id}" if entity_id.startswith(_RESERVED) else entity_id


@lru_cache(maxsize=1 << 16)
def key_of(chatbot_id: str, kind: str, text: str) -> int:
    """A signed 64-bit key of a `conversation`, `user` or `organization` of a chatbot; equal on every machine."""
    # Lengths in front, so that no two different triples make the same text.
    whole = f"{len(chatbot_id)}:{chatbot_id}{len(kind)}:{kind}{len(text)}:{text}".encode()
    return int.from_bytes(blake2b(whole, digest_size=8).digest(), "big", signed=True)


def record_digest(canonical: bytes) -> bytes:
    """The hash of a record's canonical JSON, so that equal lines are one record; its id is this in hexadecimal."""
    return blake2b(canonical, digest_size=DIGEST_BYTES).digest()


def record_id_of(canonical: bytes) -> str:
    """The id of a record."""
    return record_digest(canonical).hex()


def file_digest(source_file: str) -> str:
    """A short stable name for a file of the inbox, used in the names of what was made from it."""
    return blake2b(source_file.encode(), digest_size=8).hexdigest()
