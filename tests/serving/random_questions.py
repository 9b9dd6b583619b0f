"""Rows whose figures are hard to add up, and random questions about them. No tests here."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.identity.exclusions import Exclusion
from tests.serving.published_fixture import Rows, interesting_rows

EXCLUSIONS = (
    Exclusion("support", "user", "u3-0", "staff"),
    Exclusion("support", "organization", "o5", "a test account"),
)


def spread_rows() -> Rows:
    """The rows of the other tests, and conversations over several days of users who have several organizations."""
    rows, chance, session = interesting_rows(), random.Random(11), random.Random(12)
    for number in range(400):
        begins = datetime(2026, 9, 1) + timedelta(minutes=chance.randrange(76 * 24 * 60))
        user = chance.choice([None, *(f"u{index}-0" for index in range(12))])
        organization = chance.choice([None, *(f"o{index}" for index in range(9))])
        told = {
            "device": session.choice([None, "mobile", "Mobile ", "desktop"]),
            "country": session.choice([None, "DE", "US"]),
        }
        for later in range(chance.randint(1, 3)):
            scores = [Decimal(chance.randint(-3000, 3000)) / 3000 for _ in range(chance.randint(0, 3))]
            at = begins + timedelta(days=2 * later)
            kept = [score.quantize(Decimal("1e-12")) for score in scores]
            rows.conversation("support", at.isoformat(), user, organization, kept, chance.randint(1, 9), **told)
            *fact, _started, _key, user_key, organization_key = rows.facts.pop()
            fact[2] = f"long{number}"
            rows.facts.append((*fact, begins, 100_000 + number, user_key, organization_key))
    return rows


def questions(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a table and random parameters of it, without end."""
    chance = random.Random(seed)
    while True:
        table = chance.choice(["organizations", "users"])
        asked: dict[str, Any] = {}
        if chance.random() < 0.5:
            asked["range"] = chance.choice(
                ["all_time", "this_month", "last_month", "this_week", "yesterday", "this_year"]
            )
        else:
            first = date(2026, 9, 1) + timedelta(days=chance.randrange(80))
            asked["first_day"] = first
            asked["last_day"] = first + timedelta(days=chance.randrange(40))
            asked.pop(chance.choice(["first_day", "last_day", ""]), None)
        for parameter, values in {
            "search": ["a", "son", "Blue"],
            "plan": ["", "pro", "free", ["", "enterprise"]],
            "industry": ["", "Retail"],
            "mrr_min": ["49"],
            "sentiment_max": ["0.2"],
            "conversations_min": ["2"],
            "messages_max": ["40"],
            "plan_not": ["", "pro", ["", "free"]],
            "band": ["satisfied", "", ["neutral", "dissatisfied"]],
            "band_not": ["", "neutral"],
            "conversations_change_min": ["1"],
            "sentiment_change": [""],
            "status": ["new", "dormant", ["returning", "reactivated", "dormant"]],
            "mrr": [""],
            "sentiment": [""],
            "scored_conversations_min": ["2"],
            "unscored_conversations_max": ["1"],
            "dissatisfied_share_min": ["0.5"],
            "message_sentiment_max": ["0.1"],
            "first_seen_from": ["2026-09-20"],
            "last_activity_to": ["2026-11-15"],
            "attributes": ["now", "range_end"],
            "excluded": ["include", "leave_out"],
        }.items():
            if chance.random() < 0.1:
                asked[parameter] = chance.choice(values)
        if table == "users" and chance.random() < 0.4:
            asked["organization_id"] = chance.sample(["", *(f"o{index}" for index in range(9)), "minus", "empty"], 2)
        yield table, asked
