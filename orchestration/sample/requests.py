"""Cuts a conversation into the requests in which a chatbot would have sent it. Writes no files, moves no times itself.

Attributes are those of the request's last message: that is the request's event time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from orchestration.sample.dataset import Conversation, Message
from orchestration.sample.directory import Organization, Person, Terms, person
from orchestration.sample.draws import draw, draw_between, pick
from orchestration.sample.words import DEVICES, PAGES

CHATBOTS = {"support": "Support assistant", "sales": "Sales assistant"}
SUPPORT_SHARE = 0.7

SILENCE = timedelta(minutes=10)
MESSAGES_IN_A_REQUEST = 100

# Shares of conversations.
ANONYMOUS = 0.03
WITHOUT_ORGANIZATION = 0.03
IN_SECOND_ORGANIZATION = 0.4
WITH_SESSION = 0.12
WITH_RATINGS = 0.12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the request log and what orders it."""

    received_at: datetime
    conversation_id: str
    number: int
    text: bytes


def request_lines(conversation: Conversation, *, shift: timedelta, may_be_anonymous: bool) -> Iterator[Line]:
    """The requests of a conversation as lines of the log, every time moved by `shift`."""
    conversation_id = conversation.conversation_id
    parts = list(cut(conversation.messages))
    context = _context(conversation, may_be_anonymous)
    sent = 0
    received_at = datetime.min
    for number, messages in enumerate(parts, start=1):
        request: dict[str, Any] = {
            "conversationId": conversation_id,
            "messages": [
                _message(message, position, conversation.user_id, shift)
                for position, message in enumerate(messages, start=sent + 1)
            ],
        }
        sent += len(messages)
        request |= _attributes(*context, moment=messages[-1].sent_at, opening=number == 1)
        request |= _extras(conversation, messages, opening=number == 1, closing=number == len(parts))
        delay = timedelta(milliseconds=draw_between(250, 4_250, conversation_id, "delay", str(number)))
        # One after the other: the delays must not let a request overtake the one before it.
        received_at = max(messages[-1].sent_at + delay + shift, received_at + timedelta(milliseconds=1))
        envelope = {
            "received_at": received_at.isoformat(timespec="milliseconds") + "Z",
            "chatbot_id": chatbot_of(conversation_id),
            "shape": "capture",
            "request": request,
        }
        yield Line(received_at, conversation_id, number, orjson.dumps(envelope, option=orjson.OPT_APPEND_NEWLINE))


def cut(messages: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    """The messages in pieces that end at a silence or at the most messages that a request may hold."""
    start = 0
    for here in range(1, len(messages) + 1):
        if (
            here == len(messages)
            or here - start == MESSAGES_IN_A_REQUEST
            or messages[here].sent_at - messages[here - 1].sent_at > SILENCE
        ):
            yield messages[start:here]
            start = here


def chatbot_of(conversation_id: str) -> str:
    """The chatbot that a conversation is given to."""
    return "support" if draw(conversation_id, "chatbot") < SUPPORT_SHARE else "sales"


def _message(message: Message, position: int, user_id: str, shift: timedelta) -> dict[str, str]:
    return {
        "id": f"m{position}",
        "role": "user" if message.sender == user_id else "assistant",
        "content": message.text,
        "sentAt": (message.sent_at + shift).isoformat(timespec="seconds") + "Z",
    }


def _context(conversation: Conversation, may_be_anonymous: bool) -> tuple[Person | None, Organization | None]:
    user = person(conversation.user_id)
    conversation_id = conversation.conversation_id
    organization = user.organizations[0] if user.organizations else None
    if len(user.organizations) > 1 and draw(conversation_id, "second organization") < IN_SECOND_ORGANIZATION:
        organization = user.organizations[1]
    if draw(conversation_id, "no organization") < WITHOUT_ORGANIZATION:
        organization = None
    anonymous = may_be_anonymous and draw(conversation_id, "anonymous") < ANONYMOUS
    return None if anonymous else user, organization


def _attributes(
    user: Person | None, organization: Organization | None, *, moment: datetime, opening: bool
) -> dict[str, Any]:
    """What is known of both: in full when a conversation opens, ids alone afterwards."""
    found: dict[str, Any] = {}
    if user:
        found["user"] = {"id": user.person_id}
        if opening:
            home = user.organizations[0] if user.organizations else None
            known = {"name": user.name, "email": user.email, "industry": home.industry if home else None}
            found["user"] |= _present(known) | _terms(user.terms_at(moment))
    if organization:
        found["organization"] = {"id": organization.organization_id}
        if opening:
            known = {"name": organization.name, "industry": organization.industry}
            found["organization"] |= _present(known) | _terms(organization.terms_at(moment))
    return found


def _terms(terms: Terms) -> dict[str, Any]:
    return _present({"plan": terms.plan, "mrr": None if terms.mrr is None else _number(terms.mrr)})


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def _extras(
    conversation: Conversation, messages: tuple[Message, ...], *, opening: bool, closing: bool
) -> dict[str, Any]:
    conversation_id = conversation.conversation_id
    extras: dict[str, Any] = {}
    if opening and draw(conversation_id, "session") < WITH_SESSION:
        extras["session"] = {
            "id": f"s-{conversation_id[:8]}",
            "device": pick(DEVICES, conversation_id, "device"),
            "country": person(conversation.user_id).country,
            "pageUrl": f"https://app.example.com/{pick(PAGES, conversation_id, 'page')}",
        }
    custom: dict[str, str | int] = {}
    agents = sorted({message.sender for message in messages} - {conversation.user_id})
    if agents:
        custom["agent_id"] = agents[0]
    if closing and draw(conversation_id, "ratings") < WITH_RATINGS:
        custom |= {f"rating_{name}": value for name, value in sorted(conversation.ratings.items())}
    return extras | ({"custom": custom} if custom else {})
