"""Landing: request log to validated, typed raw Parquet, against SQL by hand and against parsing alone."""

import json
import shutil
import tempfile
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import orjson

from orchestration.extract.landing.land import land
from tests.benchmarks.landing_floor import land_by_hand
from tests.benchmarks.pairs import Comparison, compare

TITLE = "Landing: 20,000 requests of 4 messages, one process"
REQUESTS = 20_000
ROUNDS = 3


def run() -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.jsonl"
        log.write_text("".join(map(request_line, range(REQUESTS))), encoding="utf-8")
        homes = (Path(folder) / f"home{number}" for number in count())

        def land_once() -> None:
            home = next(homes)
            (home / "inbox").mkdir(parents=True)
            shutil.copy(log, home / "inbox")
            (receipt,) = land(home, "bench", workers=1)
            assert receipt.accepted == REQUESTS

        def parse_once() -> None:
            with log.open("rb") as lines:
                for line in lines:
                    orjson.loads(line)

        def by_hand() -> None:
            land_by_hand(log, Path(folder))

        return [
            compare("land", land_once, "orjson.loads of every line", parse_once, rounds=ROUNDS),
            compare("land again", land_once, "SQL by hand, one thread", by_hand, rounds=ROUNDS),
        ]


def request_line(number: int) -> str:
    at = datetime(2026, 11, 1) + timedelta(seconds=number)
    request = {
        "conversationId": f"c{number // 2}",
        "messages": [
            {"id": f"m{number}-{place}", "role": ("user", "assistant")[place % 2], "content": "Hello there, " * 12,
             "sentAt": f"{(at + timedelta(seconds=place)).isoformat()}Z"}
            for place in range(4)
        ],
        "user": {"id": f"u{number % 999}", "name": "A Name", "email": f"u{number % 999}@example.com", "plan": "pro"},
        "organization": {"id": f"o{number % 99}", "name": "An Organization", "plan": "pro", "mrr": 99.5},
    }  # fmt: skip
    line = {"received_at": f"{(at + timedelta(seconds=9)).isoformat()}Z", "chatbot_id": "support", "shape": "capture"}
    return json.dumps(line | {"request": request}) + "\n"
