"""Lines of one chatbot about organizations and users of whom `random_questions` ask; no tests here."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.support.requests import Line, analysis, capture, said

BEGINS, DAYS = datetime(2026, 9, 1), 82
ODD = {
    "minus": "-5 degrees",
    "empty": "Ødegård & Søn",
    "cmd": "=cmd()",
    "a_b": "a_b 100%",
    "quotes": 'Say "hi",\ntwice',
    "istanbul": "İstanbul Lojistik",
    "cafe": "Cafe\u0301 Zürich",
    "00123": "<b>Blue's</b>",
}
NAMES = [f"{first} {last}" for first in ("Blue", "North", "Iron") for last in ("River", "Peak", "Labs", "Foods")]
ORGANIZATIONS = {f"o{number}": name for number, name in enumerate(NAMES)} | ODD
PLANS, INDUSTRIES = ["free", "pro", "Pro ", "Enterprise", "enterprise", None], ["Retail", "Software", "Média", None]
# A text, a number, a boolean, and a field that is sent with several types.
FIELDS: dict[str, list[Any]] = {
    "tier": ["Gold", "gold ", "Gołd", "silver", "=1+1", None],
    "seats": [1, 2.5, -3, 1_234_567, 0.000000001, None],
    "beta": [True, False],
    "size": ["large", "Großer", 7, 7.25, True],
}


def crowd(conversations: int) -> Iterator[Line]:
    """Conversations of one day or several, whose owners' attributes change now and then; always the same."""
    chance, own = Random(17), Random(18)
    for number in range(conversations):
        key = chance.choice(list(ORGANIZATIONS))
        person = f"{chance.choice(['Ana', 'Bén', 'Chen'])} {ORGANIZATIONS[key].split()[0]}son"
        user = {"id": f"{chance.choice(['u', '+'])}{key.removeprefix('o')}-{chance.randrange(3)}", "name": person}
        user |= {"email": f"{user['id']}@example.com"} if chance.random() < 0.6 else {}
        organization = {"id": key, "name": ORGANIZATIONS[key], "industry": chance.choice(INDUSTRIES)}
        for one in (user, organization):
            one |= {"plan": chance.choice(PLANS), "mrr": chance.choice([None, 0, 49, 49.5, 1200.55, 250_000])}
        owners = {"user": user, "organization": organization}
        owners = {kind: one for kind, one in owners.items() if chance.random() < 0.9}
        begins = BEGINS + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        times = [begins + timedelta(hours=chance.choice([1, 30]) * step) for step in range(chance.randint(1, 4))]
        messages = [said(f"m{place}", f"{at.isoformat()}Z") for place, at in enumerate(times)]
        fields = {name: own.choice(values) for name, values in FIELDS.items() if own.random() < 0.3}
        yield capture(f"c{number}", *messages, **owners, custom=fields)
        scores = {one["id"]: [chance.randint(-3, 3) / 3] for one in messages if chance.random() < 0.6}
        if scores:
            yield analysis(f"c{number}", scores, messages[-1]["sentAt"])
