"""Which conversations to ask the read API for, and their scores as files of `analysis` lines in the inbox.

Analyses come minutes after a conversation, and may be made again later: what was said in the last days is asked for
again until all of it has scores, and once a day after that. An answer that says nothing new is not kept. Files appear
whole, and what was asked is noted behind them: a crash only asks again, and the models take the newest answer.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from orchestration.extract.read_api.asked import Asked, AskedBefore, asked_before
from orchestration.extract.read_api.client import BadAnswer, ReadApi, ReadApiFault, UnknownThere
from orchestration.home.durable import replace_durably

FOLDER = "openbat"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
LOOK_BACK = timedelta(days=7)
SOON, LATER = timedelta(hours=1), timedelta(days=1)  # before an answer without and with all scores is asked for again
BATCH = 100  # answers in a file
LISTINGS = 3  # of a list that changes while it is read
MOST_FAULTS = 3  # in a row, before the read API is left in peace
ONE_CHATBOT = "ob_read_"
Progress = Callable[[int, int], None]


@dataclass
class Collected:
    """What became of a round of questions: how many conversations were asked for, how many said something new."""

    asked: int = 0
    changed: int = 0
    unknown: list[str] = field(default_factory=list)  # chatbots that the read API does not have
    fault: str = ""  # a sentence, where the round could not be finished


def collect(
    home: Path,
    inbox: Path,
    url: str,
    key: str,
    chatbots: Iterable[str],
    progress: Progress = lambda done, total: None,
    now: datetime | None = None,
) -> Collected:
    """Ask for the scores of these chatbots' conversations, or of all that the key may read where none is known.

    What was collected before a fault is kept, and the rest is asked for by the next round.
    """
    collected = Collected()
    known: list[str | None] = [] if key.startswith(ONE_CHATBOT) else [*sorted(set(chatbots))]
    with asked_before(home) as memory:
        try:
            api = ReadApi(url, key)
            for chatbot_id in known or [None]:
                scope = blake2b(repr((url, key, chatbot_id)).encode(), digest_size=16).hexdigest()
                questions = _Round(api, memory, inbox / FOLDER, collected, progress, now or datetime.now(UTC))
                try:
                    questions.ask(chatbot_id, scope)
                except UnknownThere:
                    if chatbot_id is None:
                        raise
                    collected.unknown.append(chatbot_id)
        except ReadApiFault as fault:
            collected.fault = str(fault)
        memory.note_fault(collected.fault)
    return collected


@dataclass
class _Round:
    """The questions of one round about one chatbot."""

    api: ReadApi
    memory: AskedBefore
    folder: Path
    collected: Collected
    progress: Progress
    now: datetime
    faults_in_a_row: int = 0

    def ask(self, chatbot_id: str | None, scope: str) -> None:
        listed_until = self.memory.listed_until(scope)
        first = BEGINNING if listed_until is None else min(listed_until, self.now) - LOOK_BACK
        listed, answered = _listed(self.api, chatbot_id, first, self.now)
        due = [one for one in listed if _is_due(self.memory.of(_id_of(one)), one, self.now)]
        for begin in range(0, len(due), BATCH):
            notes: list[Asked] = []
            lines: list[bytes] = []
            try:
                for done, one in enumerate(due[begin : begin + BATCH], start=begin + 1):
                    answered &= self._answer(one, chatbot_id, notes, lines)
                    self.progress(done, len(due))
            finally:
                self._keep(notes, lines)
        if answered:
            self.memory.note_listed(scope, self.now)

    def _answer(self, listed: dict[str, Any], chatbot_id: str | None, notes: list[Asked], lines: list[bytes]) -> bool:
        """Whether a conversation was asked for with success; several faults in a row are the read API's."""
        try:
            note, line = _ask(self.api, self.memory, listed, chatbot_id, self.now)
        except BadAnswer as fault:
            self.collected.fault = str(fault)
            self.faults_in_a_row += 1
            if self.faults_in_a_row == MOST_FAULTS:
                raise ReadApiFault(str(fault)) from None
            return False
        self.faults_in_a_row = 0
        notes.append(note)
        lines += [line] if line else []
        return True

    def _keep(self, notes: list[Asked], lines: list[bytes]) -> None:
        if lines:
            _write(self.folder, lines)
        self.memory.note(notes)
        self.collected.asked += len(notes)
        self.collected.changed += len(lines)


def _listed(api: ReadApi, chatbot_id: str | None, first: datetime, last: datetime) -> tuple[list[dict[str, Any]], bool]:
    """The conversations of a time, each once, and whether these are all of them.

    A list that changes while its pages are read is read again.
    """
    for _ in range(LISTINGS):
        found: dict[str, dict[str, Any]] = {}
        totals = set()
        for page, total in api.conversations(chatbot_id, first, last):
            totals.add(total)
            found |= {_id_of(one): one for one in page}
        if is_whole := len(totals) == 1 and len(found) >= min(totals):
            break
    return list(found.values()), is_whole


def _id_of(listed: dict[str, Any]) -> str:
    if type(listed.get("id")) is not str or not listed["id"]:
        raise ReadApiFault("The read API lists a conversation without an id. Look at OPENBAT_API_URL.")
    return listed["id"]


def _state_of(listed: dict[str, Any]) -> str:
    return f"{listed.get('message_count')} messages until {listed.get('last_message_at')}"


def _is_due(before: Asked | None, listed: dict[str, Any], now: datetime) -> bool:
    if before is None or before.state != _state_of(listed):
        return True
    return abs(now - datetime.fromisoformat(before.asked_at)) >= (LATER if before.is_scored else SOON)


def _ask(
    api: ReadApi, memory: AskedBefore, listed: dict[str, Any], chatbot_id: str | None, now: datetime
) -> tuple[Asked, bytes | None]:
    """What to remember of a conversation, and its line where its scores are new."""
    upstream_id, asked_at = _id_of(listed), now.isoformat()
    before = memory.of(upstream_id)
    try:
        answer = api.conversation(upstream_id)
    except UnknownThere:  # it was deleted since it was listed
        return Asked(upstream_id, _state_of(listed), before and before.digest, True, asked_at), None
    answer = listed | answer
    scores = list(_scores(answer["messages"]))
    digest = blake2b(orjson.dumps(scores), digest_size=16).hexdigest() if any(scores) else None
    line = None
    if digest and (before is None or before.digest != digest):
        record = {
            "received_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "chatbot_id": answer.get("chatbot_id") or chatbot_id,
            "shape": "analysis",
            "request": _what_is_read(answer),
        }
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    kept = digest or (before and before.digest)
    return Asked(upstream_id, _state_of(listed), kept, all(scores), asked_at), line


def _what_is_read(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without the words of its user, which came with the request, and without who it was."""
    messages = [_message(one) if type(one) is dict else one for one in answer["messages"]]
    return {"external_conversation_id": answer.get("external_conversation_id"), "messages": messages}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    kept = {name: message[name] for name in ("role", "external_message_id", "user_sentiments") if name in message}
    if type(chunks := kept.get("user_sentiments")) is list:
        kept["user_sentiments"] = [{"score": one.get("score")} if type(one) is dict else one for one in chunks]
    return kept


def _scores(messages: list[Any]) -> Iterator[list[Any]]:
    """Of each user message its id and scores; nothing where it has none."""
    for message in messages:
        if type(message) is dict and message.get("role") in ("user", None):
            chunks = message.get("user_sentiments")
            scores = [one.get("score") for one in chunks if type(one) is dict] if type(chunks) is list else []
            yield [message.get("external_message_id"), *scores] if scores else []


def _write(folder: Path, lines: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replace_durably(folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}-{os.getpid()}.jsonl", lines)
