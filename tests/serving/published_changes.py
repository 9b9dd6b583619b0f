"""A few rows of the ledger of changes, for the published directory of `published_fixture`. No tests here."""

from datetime import date, datetime
from decimal import Decimal

DAY_BEFORE = datetime(2026, 11, 21, 5)
CHANGES = [
    (
        f"run {run}",
        at,
        chatbot,
        date(2026, 11, day),
        reason,
        1,
        0,
        *(before, 2, 3, 5, 0, 1, Decimal(0), Decimal("0.25")),
    )
    for run, at, chatbot, day, reason, before in [
        (1, DAY_BEFORE, "support", 19, "message", 0),
        (1, DAY_BEFORE, "support", 20, "message", 0),
        (1, DAY_BEFORE, "kolkata", 20, "message", 777777),
        (2, datetime(2026, 11, 22, 5), "support", 3, "late message", 1),
        (2, datetime(2026, 11, 22, 5), "support", 3, "score", 1),
    ]
]
