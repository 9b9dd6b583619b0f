"""The texts that name someone who is being erased, and finding them in bytes however they are spelled there.

They are known only while the command runs: nothing writes them anywhere. Which bytes there are is in `layers.py`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from orchestration.erasure.tombstones import Kind
from orchestration.extract.landing.ledger import committed_files
from orchestration.extract.records.keys import key_of, normalise_text
from orchestration.home.engine import open_memory

SHORTEST, SHORTEST_NUMBER = 4, 6
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_PREFIX = re.compile("(?:id|email|name):")
_ESCAPE = re.compile(rb"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
_WIDE_ESCAPE = re.compile(rb"\\\0u\0|\0\\\0u")
_WORD = rb"[0-9A-Za-z]"


class _Spelling(NamedTuple):
    data: bytes
    alone: re.Pattern[bytes]  # not as a part of a longer word


class Needles:
    """Texts to search for. `plain` are those that would be found by chance: they are not searched for in bytes."""

    def __init__(self, chatbot_id: str, texts: Iterable[str]) -> None:
        every = {text for one in texts if (text := _PREFIX.sub("", one, count=1).strip())}
        self.chatbot_id = chatbot_id
        self.plain = frozenset(filter(_is_plain, every))
        self.texts = frozenset(every - self.plain)

    def are_in(self, data: bytes, *, in_words: bool = False) -> bool:
        """Whether one of the texts stands in the data; with `in_words` also as a part of a longer word."""
        return any(self._are_spelled_in(view, in_words) for view in _views(data))

    def break_off_in(self, line: bytes) -> bool:
        """Whether a line ends in the last quarter of an e-mail or a name. An id begins like those of others."""
        return any(
            line.endswith(one.data[:length])
            for one in self._spellings[0]
            if b"@" in one.data or b" " in one.data
            for length in range(max(SHORTEST, len(one.data) * 3 // 4), len(one.data))
        )

    @property
    def overlap(self) -> int:
        """So many bytes hold each of the texts, however it is spelled."""
        return 6 * max((len(one.data) for group in self._spellings for one in group), default=1)

    def _are_spelled_in(self, data: bytes, in_words: bool) -> bool:
        exact, folded = self._spellings
        return any(
            spelling.data in view and (in_words or spelling.alone.search(view) is not None)
            for spellings, view in ((exact, data), (folded, data.lower()))
            for spelling in spellings
        )

    @cached_property
    def _spellings(self) -> tuple[list[_Spelling], list[_Spelling]]:
        """Those that are found as they are, and those of e-mails, which are found in any case."""
        exact = {one for text in self.texts for one in _forms(text)}
        folded = {one for text in self.texts if "@" in text for one in _forms(text)}
        return _encoded(exact, bytes), _encoded(folded, bytes.lower)


def needles_of(home: Path, chatbot_id: str, kind: Kind, ids: list[str], further: Iterable[str] = ()) -> Needles:
    """The ids with the e-mails and names that raw has of them. Call it before anything is erased."""
    files = [str(home / file.path) for file in committed_files(home, "requests")]
    columns = [f"{kind}_id", f"{kind}_name", *(["user_email"] if kind == "user" else [])]
    known: list[str] = []
    if files:
        with open_memory(home / "warehouse") as connection:
            rows = connection.execute(
                f"select distinct unnest([{', '.join(columns)}])"
                f" from read_parquet(?, hive_partitioning = false, union_by_name = true) where {kind}_key in"
                " (select unnest(?))",
                [files, [key_of(chatbot_id, kind, one) for one in ids]],
            ).fetchall()
        known = [text for (text,) in rows if text is not None]
    return Needles(chatbot_id, [*ids, *known, *further])


def _is_plain(text: str) -> bool:
    """Whether others' bytes are likely to hold the text as well: it is short, one word, or a small number."""
    return len(text) < SHORTEST or text.isalpha() or (text.isdecimal() and len(text) < SHORTEST_NUMBER)


def _forms(text: str) -> set[str]:
    spelled = {text, normalise_text(text), text.upper(), text.lower()} if " " in text or "@" in text else {text}
    composed = {unicodedata.normalize("NFC", one) for one in spelled}
    return {text, *composed, *(unicodedata.normalize("NFD", one) for one in composed)}


def _encoded(forms: set[str], fold: Callable[[bytes], bytes]) -> list[_Spelling]:
    found = []
    for form in sorted(forms):
        for encoding in ENCODINGS:
            data = fold(form.encode(encoding, "surrogatepass"))
            unit = {"utf-8": _WORD, "utf-16-le": _WORD + rb"\0", "utf-16-be": rb"\0" + _WORD}[encoding]
            before = b"(?<!" + unit + b")" if form[0].isalnum() else b""
            behind = b"(?!" + unit + b")" if form[-1].isalnum() else b""
            found.append(_Spelling(data, re.compile(before + re.escape(data) + behind)))
    return found


def _views(data: bytes) -> Iterator[bytes]:
    """The data as it is, without escapes of JSON, and without those of URLs."""
    yield data
    if b"\\" in data:
        text = data.replace(b"\0", b"") if _WIDE_ESCAPE.search(data) else data
        yield (data := _ESCAPE.sub(_unescaped, text))
    if b"%" in data:
        yield unquote_to_bytes(data)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    codes, letter = escape.groups()
    if codes is None:
        return bytes(letter) if letter in b'"\\/' else b" "
    text = bytes.fromhex(codes.decode().replace("\\u", "")).decode("utf-16-be", "surrogatepass")
    return text.encode("utf-8", "surrogatepass")
