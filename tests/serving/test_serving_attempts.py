"""A thousand attempts to learn something of a chatbot that one may not see: nothing foreign comes back.

The same reader asks two servers. They differ in what the hidden chatbot has, and in nothing else; so every answer must
be the same, byte for byte, however the question was forged.
"""

import http.client
import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode

import pytest

from serving.http.limits import Limits
from tests.serving.browser import serving
from tests.serving.published_fixture import CHATBOTS, NOW, Rows, interesting_rows, publish
from tests.serving.readers import Knows

ATTEMPTS = 1_000
HIDDEN = "kolkata"
SECRETS = ("Kolkata", "Hidden", "secret@example.in")
# Ids of the hidden chatbot; one's own has the first one too.
IDS = ("00123", "k1", "c173")
# What only the hidden chatbot has, and what would break out of a statement, a path or a header.
FOREIGN = (
    *IDS * 4,
    "kolkata",
    "Kolkata Secrets",
    "Kolkata Person",
    "secret@example.in",
    "Hidden plan",
    "Hidden industry",
    "Hidden value",
    "secret",
    "777777",
    "' or chatbot_id = 'kolkata' --",
    "') union all select * from users('kolkata', null, null) --",
    "x'; attach 'clientele.duckdb' as other; --",
    "$1",
    "?",
    "%' or '1'='1",
    "\x00kolkata",
    "../kolkata",
    "kolkata\r\nX-Other: 1",
    "{{7*7}}",
    "${kolkata}",
    "\u200bkolkata",
)
TABLES = ("organizations", "users", "conversations")
TAKE_ANY_TEXT = ("search", "plan", "industry", "organization_id", "user_id")
PARAMETERS = (
    *("of", "by", "range", "first_day", "last_day", "sort", "columns", "limit", "offset", "attributes", "excluded"),
    *("mrr_min", "mrr_max", "users_max", "conversations_min", "custom.secret", "custom.seats_min", "chatbot_id"),
    *("chatbot", "rows", "bom", "snapshot"),
)
BASES = ("/filters/", "/api/v1/chatbots//", "/API/v1/chatbots/", "/platform//", "/")
HEADERS = (
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Forwarded-Prefix",
    "X-Forwarded-For",
    "Referer",
    "If-None-Match",
    "Cookie",
)


# Headers that differ between two equal answers.
OF_THE_MOMENT = ("date", "content-length", "server-timing")


class Attempt(NamedTuple):
    """One request as it is sent."""

    path: str
    headers: dict[str, str]


class Answer(NamedTuple):
    """What came back; of a workbook, what it holds beside the time it was made."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


def chatbot_segments(chance: random.Random) -> str:
    """Return a way to write the hidden chatbot, or to come to it from one's own."""
    every_mark = "".join(f"%{ord(mark):02x}" for mark in HIDDEN)
    return chance.choice(
        (
            HIDDEN,
            every_mark,
            every_mark.upper(),
            quote(every_mark),
            "KOLKATA",
            f"{HIDDEN}%00",
            f"{HIDDEN}%20",
            f"{HIDDEN};support",
            f"support/../{HIDDEN}",
            f"support%2F..%2F{HIDDEN}",
            f"support/%2e%2e/{HIDDEN}",
            f"./{HIDDEN}",
            f"/{HIDDEN}",
            f"support/{HIDDEN}",
            f"{HIDDEN}/support",
            f"{HIDDEN}/organizations/support",
            f"support\\{HIDDEN}",
            "k%C3%B6lkata",
        )
    )


def attempts(seed: int) -> Iterator[Attempt]:
    """Yield requests without end: forged addresses, foreign ids in every parameter, odd headers."""
    chance = random.Random(seed)
    while True:
        chatbot = chatbot_segments(chance) if chance.random() < 0.3 else "support"
        table, foreign = chance.choice(TABLES), chance.choice(FOREIGN)
        rest = chance.choice(
            (
                table,
                f"{table}.csv",
                f"{table}.parquet",
                f"{table}.xlsx",
                f"{table}/totals",
                *[f"{table}/{quote(foreign, safe='')}"] * 4,
                f"{table}/{quote(quote(foreign, safe=''), safe='')}",
                f"{table}/../../{HIDDEN}/{table}",
                f"{table}%2F..%2F..%2F{HIDDEN}%2F{table}",
                "quality",
                "overview",
                "changes",
            )
        )
        base = chance.choice(("/api/v1/chatbots/",) * 6 + ("/platform/",) * 2 + BASES)
        names = chance.sample(TAKE_ANY_TEXT, chance.choice((0, 1, 1, 2)))
        names += chance.sample(PARAMETERS, chance.choice((0, 0, 1)))
        asked = [(name, chance.choice(FOREIGN)) for name in names]
        if chance.random() < 0.7:
            asked.append(("range", "all_time"))
        if table == "conversations" and chance.random() < 0.5:
            asked.append(("of", "users"))
        query = urlencode(asked, quote_via=chance.choice((quote, lambda text, *_: quote(quote(text)))))
        headers = {
            name: quote(chance.choice(FOREIGN)) for name in chance.sample(HEADERS, chance.choice((0, 0, 0, 1, 2)))
        }
        yield Attempt(f"{base}{chatbot}/{rest}" + (f"?{query}" if query else ""), headers)


def send(address: str, attempt: Attempt) -> Answer:
    """Send a request exactly as it is written, which no client that minds addresses would."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request("GET", attempt.path, headers=attempt.headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist() if name != "docProps/core.xml")
    own = [(name, value) for name, value in answer.getheaders() if name not in OF_THE_MOMENT]
    return Answer(answer.status, tuple(sorted(own)), content)


@contextmanager
def hiding(directory: Path, rows: Rows) -> Iterator[str]:
    """Serve rows to a reader who may not see the hidden chatbot."""
    publish(directory, rows)
    limits = Limits(exports_per_minute=10**6)
    with serving(
        directory, lambda: NOW, gate=Knows(*(row[0] for row in CHATBOTS if row[0] != HIDDEN)), limits=limits
    ) as address:
        yield address


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two servers that are alike but for the hidden chatbot: one has its secrets, the other nothing of it."""
    secrets, nothing = interesting_rows(), interesting_rows()
    for kept in (nothing.organizations, nothing.users):
        for key in [key for key in kept if key[0] == HIDDEN]:
            del kept[key]
    nothing.facts = [fact for fact in nothing.facts if fact[0] != HIDDEN]
    nothing.custom_values = [value for value in nothing.custom_values if value[0] != HIDDEN]
    with (
        hiding(tmp_path_factory.mktemp("secrets"), secrets) as one,
        hiding(tmp_path_factory.mktemp("nothing"), nothing) as other,
    ):
        yield one, other


def test_trap_55_a_thousand_attempts_learn_nothing_of_a_hidden_chatbot(servers) -> None:
    seen: Counter[int] = Counter()
    for attempt, _ in zip(attempts(seed=55), range(ATTEMPTS), strict=False):
        one, other = (send(address, attempt) for address in servers)
        assert one == other, attempt
        assert one.status < 500, attempt
        said = f"{unquote(unquote(attempt.path))} {unquote(' '.join(attempt.headers.values()))}"
        told = one.content.decode("utf-8", "replace")
        assert not [secret for secret in SECRETS if secret in told and secret not in said], attempt
        seen[one.status] += 1
    assert min(seen[200], seen[404], seen[422]) > 50, seen


def test_the_two_servers_would_differ_for_a_reader_who_may_see_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The test above could not fail if both had the same."""
    directory = tmp_path_factory.mktemp("open")
    publish(directory)
    with serving(directory, lambda: NOW) as address:
        for path in ("organizations", "users.csv", "conversations", "organizations/00123", "users/totals"):
            told = send(address, Attempt(f"/api/v1/chatbots/{HIDDEN}/{path}?range=all_time", {}))
            assert told.status == 200
            assert b"00123" in told.content or b'"conversations":1' in told.content
