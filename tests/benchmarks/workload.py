"""A request log of any size, as a busy product would write it: one file per arrival day. Runs and measures nothing.

Users and organizations follow a power law; ids are UUIDs; a conversation has 2 to 40 messages in one to four requests.
Plans change, 2 % of the requests arrive up to 60 days late, 1 % of the lines arrive twice, 0.1 % have no conversation
id, and a third of the conversations get scores a day or two later. The same arguments give the same bytes.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import orjson

CHATBOT = "support"
CHATBOTS = ("support", "sales", "onboarding")
PLANS = ("free", "starter", "pro", "enterprise")
INDUSTRIES = ("Retail", "Software", "Logistics", "Health", "Energy", "Media")
TEXTS = (
    "Where do I find last month's invoices?",
    "The export has been stuck for an hour, and nobody answers my e-mails.",
    "Thanks, that worked!",
    "I have looked at your account: the limit of your plan was reached on Tuesday. Shall I raise it?",
    "Please open Settings, then Members, and choose who may see the dashboards of your team.",
    "This is the third time that I ask. It is really disappointing.",
    "Great, exactly what we needed.",
    "Can I change the billing address myself, or does an administrator have to do it?",
)
LATE = 0.02
TWICE = 0.01
BROKEN = 0.001
SCORED = 0.33


def write_log(folder: Path, conversations: int, *, first: date, days: int, seed: int = 7) -> int:
    """Write `conversations`, begun evenly over `days` from `first`, as JSON lines; returns the number of lines.

    Late lines stand in the files of the days on which they arrive, which may lie behind the last of `days`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(f"{seed} {conversations} {days}")
    people = max(10, conversations // 8)
    waiting: dict[date, list[bytes]] = defaultdict(list)
    lines = 0
    begun = 0
    for place in range(days + 63):
        day = first + timedelta(days=place)
        until = min(conversations, conversations * (place + 1) // days)
        for _ in range(begun, until):
            for arrived, line in _conversation(random, day, people):
                waiting[arrived].append(line)
        begun = max(begun, until)
        if written := waiting.pop(day, None):
            written.sort(key=_arrival)
            (folder / f"{day}.jsonl").write_bytes(b"".join(written))
            lines += len(written)
    return lines


def _conversation(random: Random, day: date, people: int) -> Iterator[tuple[date, bytes]]:
    person = int(people * random.random() ** 3)
    company = int(people / 6 * (person / people) ** 2)
    chatbot = CHATBOTS[min(2, int(3 * random.random() ** 2))]
    conversation = _uuid(random)
    at = datetime.combine(day, time(), UTC) + timedelta(seconds=random.randrange(80_000))
    wanted = min(40, 2 + int(random.expovariate(0.2)))
    parts = random.randint(1, min(4, (wanted + 1) // 2))
    user = {
        "id": str(UUID(int=person + 1)),
        "name": f"Person {person}",
        "email": f"person{person}@company{company}.com",
    }
    month = day.month + 12 * day.year
    organization = {
        "id": str(UUID(int=company + 1)),
        "name": f"Company {company}",
        "plan": PLANS[(company + (month // 3 if company % 7 == 0 else 0)) % 4],
        "industry": INDUSTRIES[company % 6],
        "mrr": 20.0 + company % 90 + (month % 5 if company % 9 == 0 else 0),
    }
    asked: list[dict[str, object]] = []
    for part in range(parts):
        messages = []
        for number in range(wanted * part // parts, wanted * (part + 1) // parts):
            at += timedelta(seconds=random.randint(3, 90))
            message = {
                "id": _uuid(random),
                "role": ("user", "assistant")[number % 2],
                "content": TEXTS[int(random.random() * len(TEXTS))],
                "sentAt": _iso(at),
            }
            messages.append(message)
        asked += [one for one in messages if one["role"] == "user"]
        request = {"conversationId": conversation, "messages": messages, "user": user, "organization": organization}
        request["session"] = {"device": ("desktop", "mobile")[person % 2], "country": ("DE", "US", "JP")[company % 3]}
        received = at + timedelta(seconds=random.randint(1, 20))
        if random.random() < LATE:
            received += timedelta(days=random.randint(1, 60))
        line = _line(received, chatbot, "capture", request)
        if random.random() < BROKEN:
            line = line.replace(b'"conversationId"', b'"conversation"')
        yield received.date(), line
        if random.random() < TWICE:
            yield received.date(), line
    if random.random() < SCORED:
        scored = at + timedelta(hours=random.randint(1, 40))
        scores = [
            {
                "external_message_id": one["id"],
                "role": "user",
                "user_sentiments": [{"score": random.randint(-9, 9) / 10}],
            }
            for one in asked
        ]
        if scores:
            answer = {"external_conversation_id": conversation, "messages": scores}
            yield scored.date(), _line(scored, chatbot, "analysis", answer)


def _line(received: datetime, chatbot: str, shape: str, request: dict[str, object]) -> bytes:
    envelope = {"received_at": _iso(received), "chatbot_id": chatbot, "shape": shape, "request": request}
    return orjson.dumps(envelope) + b"\n"


def _arrival(line: bytes) -> bytes:
    return line[16:36]


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
