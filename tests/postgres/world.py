"""Random lines of a few chatbots, with what goes wrong between databases: odd texts, thirds, late and changed data."""

import random
from datetime import date, datetime, timedelta
from typing import Any

from tests.support.requests import Line, analysis, capture, said

CHATBOTS = ("support", "it's", 'q"uote \\ é😀')
ZONES = {"support": "America/New_York", "it's": "Asia/Kolkata", CHATBOTS[2]: "UTC"}
FIRST_DAY, DAYS = date(2026, 3, 1), 45
USERS = ["ann", "o'neill", 'say "hi"', "back\\slash", "tab\tand\nline", "$1", "{brace}", "Ωmega", "😀", "00123", "123"]
ORGANIZATIONS = ["acme", "acme'; drop table chatbots; --", "%s", "null ", "Zürich", "a,b", "(a)", "\\N", "b"]
PLANS = ["free", "pro", "Enterprise", None]
SCORES = [-1, -0.7, -0.2, -0.1, 0, 0.1, 0.2, 0.2001, 1 / 3, 0.9, 1]


class World:
    """Lines that go on where the ones before ended: conversations live on, owners and attributes change."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._count = 0

    def lines(self, count: int) -> list[Line]:
        """More lines, some about what is known already."""
        return [line for _ in range(count) for line in self._conversation()]

    def days(self) -> tuple[date | None, date | None]:
        """Both ends of a range, which may be open, empty or without data."""
        first = FIRST_DAY + timedelta(days=self._chance.randint(-2, DAYS))
        last = first + timedelta(days=self._chance.choice([-1, 0, 0, 1, 6, 30, 90]))
        return self._chance.choice([(first, last), (first, last), (first, last), (None, last), (first, None)])

    def chatbot(self) -> str:
        """One of the chatbots."""
        return self._chance.choice(CHATBOTS)

    def _conversation(self) -> list[Line]:
        chance = self._chance
        self._count += 1
        chatbot, number = self.chatbot(), chance.choice([self._count, chance.randint(1, self._count)])
        start = datetime(2026, 3, 1) + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        times = [start + timedelta(hours=chance.choice([0, 1, 30]) * step) for step in range(chance.randint(1, 4))]
        messages = [said(f"m{number}-{at:%d%H%M}", f"{at.isoformat()}Z") for at in times]
        told = {"custom": self._custom()} | ({"session": self._session()} if chance.random() < 0.4 else {})
        line = capture(f"c'{number}", *messages, chatbot=chatbot, **self._owners(), **told)
        scored = {
            one["id"]: [chance.choice(SCORES) for _ in range(chance.randint(1, 3))]
            for one in messages
            if chance.random() < 0.7
        }
        scores = [analysis(f"c'{number}", scored, f"{times[-1].isoformat()}Z", chatbot)] if scored else []
        return [line, *scores]

    def _owners(self) -> dict[str, Any]:
        chance = self._chance
        owners = {}
        if chance.random() < 0.9:
            user = chance.choice(USERS)
            owners["user"] = {"id": user, "name": f"{user} Ünal", "plan": chance.choice(PLANS), "mrr": chance.random()}
            owners["user"] |= {"email": f"{len(user)}@{chance.choice('xy')}.example"} if chance.random() < 0.5 else {}
        if chance.random() < 0.8:
            mrr = chance.choice([None, 0, 49.99, 12.34565, 1e11])
            owners["organization"] = {"id": chance.choice(ORGANIZATIONS), "plan": chance.choice(PLANS), "mrr": mrr}
        return owners

    def _session(self) -> dict[str, Any]:
        devices, countries = ["mobile", "it's", "Gerät", None], ["DE", "US"]
        return {"device": self._chance.choice(devices), "country": self._chance.choice(countries)}

    def _custom(self) -> dict[str, Any]:
        return {
            "seats": self._chance.choice([1, 2.5, -1e20, None]),
            "it's": self._chance.choice(["x", "''", "😀", True]),
        }
