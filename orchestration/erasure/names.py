"""Whether a line of the request log, as it came in, is about someone erased. Typed rows are matched in `sweep.py`."""

import json
import re
from collections.abc import Iterator

from orchestration.erasure.needles import Needles
from orchestration.erasure.tombstones import KINDS, Tombstones
from orchestration.extract.landing.schemas import ANALYSES, REQUESTS
from orchestration.extract.records.keys import key_of, normalise_text
from orchestration.extract.records.records import Record, read_record

# A record's rows begin behind the columns of its place.
_REQUEST = {name: number for number, name in enumerate(REQUESTS.names[4:])}
_ANALYSIS = {name: number for number, name in enumerate(ANALYSES.names[4:])}
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ErasedNames:
    """Recognises the lines of those who are erased; with the texts that name one of them, also fragments."""

    def __init__(self, erased: Tombstones, needles: Needles | None = None) -> None:
        self._erased, self._needles = erased, needles
        self._conversations = erased.conversation_keys

    def are_in(self, line: bytes) -> bool:
        """Whether the line is of a conversation that is erased, or names someone who is.

        A line that cannot be read as a record is searched for texts and numbers that are an erased id, e-mail or name.
        """
        line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line.strip():
            return False
        outcome = read_record(line)
        if isinstance(outcome, Record) and outcome.request is not None:
            row = outcome.request
            return row[_REQUEST["conversation_key"]] in self._conversations or any(
                row[_REQUEST[f"{kind}_key"]] in self._erased.entities[kind] for kind in KINDS
            )
        if isinstance(outcome, Record) and outcome.analyses:
            return outcome.analyses[0][_ANALYSIS["conversation_key"]] in self._conversations
        chatbots = {outcome.chatbot_id} if outcome.chatbot_id else self._erased.chatbots
        if any(self._is_erased(chatbot, text) for text in set(_texts(line)) for chatbot in chatbots):
            return True
        needles = self._needles
        if needles is None or (outcome.chatbot_id or needles.chatbot_id) != needles.chatbot_id:
            return False
        return needles.are_in(line) or needles.break_off_in(line.rstrip())

    def is_record(self, line: bytes) -> bool:
        """Whether the line can be read."""
        return isinstance(read_record(line.removeprefix(_BYTE_ORDER_MARK)), Record)

    def _is_erased(self, chatbot_id: str, text: str) -> bool:
        normalised = normalise_text(text)
        users, organizations = self._erased.entities["user"], self._erased.entities["organization"]
        return (
            key_of(chatbot_id, "conversation", text) in self._conversations
            or any(key_of(chatbot_id, "user", one) in users for one in (text, f"email:{normalised}"))
            or any(key_of(chatbot_id, "organization", one) in organizations for one in (text, f"name:{normalised}"))
        )


def _texts(line: bytes) -> Iterator[str]:
    """Every JSON text and number in a line, whatever surrounds it."""
    for token in _TOKEN.findall(line):
        try:
            text = json.loads(token) if token.startswith(b'"') else token.decode()
            text.encode()
        except ValueError:
            continue  # not text that could be an id
        yield text
