"""Good lines of every shape, and what may be wrong with a line, drawn from one seed. No tests here.

Values are replaced, removed and added where they stand in the object, and then its text: keys that stand twice, numbers
and characters as other programs write them, broken bytes.
"""

import json
import random
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

IDS = [
    "c1", "null", "NULL", " Null ", "nu\u00adll", "", " ", "\u200b", "x" * 256, "x" * 257, "é" * 256, "a b", " a",
    "a\n",
    "\0", "a\0b", "\x1f", "a\x7f", "\u3000", "name:x", "id:1", "obprobe_1", "6f1e9c1a-3b52-4b0e-9f3c-1a2b3c4d5e6f",
    "😀",
]  # fmt: skip
TEXTS = [
    "Hello", " Hello ", "nothing", "a\tb", "a\u0085b", "x" * 64, "x" * 65, "x" * 1025, "ann@example.com", "ann@",
    "Zo\u0308e",
]  # fmt: skip
TIMES = [
    "2026-11-22T10:14:59Z", "2026-11-22T10:14:59.1Z", "2026-11-22T10:14:59.123Z", "2026-11-22T10:14:59.123456Z",
    "2026-11-22T10:14:59.1234567Z", "2026-11-22T10:14:59.9999999Z", "2026-11-22 10:14:59Z", "2026-11-22t10:14:59z",
    "2026-11-22T10:14:59+01:00", "2026-11-22T10:14:59.5+0100", "2026-11-22T10:14:59+25:00",
    "2026-11-22T10:14:59-99", "2026-11-22T10:14:59+01:75", "2026-11-22T10:14:59", "2026-11-22T10:14:59.25",
    "2026-11-22T10:14Z", "2026-11-22T24:00:00Z", "2026-11-22T23:59:60Z", "2026-02-29T10:14:59Z",
    "2026-13-01T00:00:00Z", "2026-W47-7T10:14:59Z", "2026-326T10:14:59Z", "20261122T101459Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
    "1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z", "2049-12-31T23:59:59.999999Z", "2050-01-01T00:00:00Z",
    "2026-11-23T10:15:00Z", "2026-11-23T10:15:00.000001Z", "2026-11-22", "2026-11-22T10:14:59.Z",
    "２026-11-22T10:14:59Z", "2026-11-22T10:14:59 Z",
]  # fmt: skip
ROLES = ["user", "assistant", "USER", "uſer", "Tool", "robot", "", "system", "developer", "function", "user "]
NUMBERS = [
    0, 1, -1, 5, 12345, 99.5, 0.1, -0.25, 0.123456789, 0.1234567890125, 1e-9, 1.5e-10, 1 / 3, 2 / 3,
    1.0000000000000002,
]  # fmt: skip
NUMBERS += [1e12, 999999999999.9999, 1e22, 1e29, 10**18, 10**19, 2**53 + 1, -0.0, 1700000000, 0.00005, 1e300, 5e-324]
OTHERS = [
    None, True, False, [], {}, [1], ["a", {"text": "b"}], [{"type": "text", "text": "Hi"}, {"text": None}], {"id": 1},
    [None],
]  # fmt: skip
WORDS = ["capture", "track", "conversations", "analysis", "organic", "probe", "replay"]
POOLS: list[list[Any]] = [IDS, TEXTS, TIMES, ROLES, NUMBERS, OTHERS, WORDS]
# The pools of values that fit a field; any other gets one of any pool.
FITTING: dict[str, list[list[Any]]] = {
    "received_at": [TIMES], "sentAt": [TIMES], "createdAt": [TIMES], "role": [ROLES], "score": [NUMBERS],
    "mrr": [NUMBERS], "id": [IDS, NUMBERS], "conversationId": [IDS, NUMBERS], "name": [TEXTS, IDS],
    "userId": [IDS, NUMBERS, OTHERS], "user_id": [NUMBERS, OTHERS],
    "external_message_id": [IDS, NUMBERS], "external_conversation_id": [IDS], "content": [TEXTS, OTHERS],
    "email": [TEXTS], "kind": [WORDS], "shape": [WORDS], "chatbot_id": [IDS],
}  # fmt: skip
WRITTEN_NUMBERS = [
    "1e400", "-1e400", "-0", "1E5", "1.50", "12345.0", "1.0", "123456789012345678901234567890", "NaN", "Infinity",
]  # fmt: skip
WRITTEN_NUMBERS += [
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "0e99999999999999999999",
    "1e-400",
    "0.1e1",
    "9" * 401,
    "18446744073709551616",
    "0.30000000000000004",
    "01",
    "+1",
    ".5",
    "1.",
]
WRITTEN_TEXTS = [
    r'"\ud800"', r'"\udc00x"', r'"\ud83d\ude00"', r'"\u0041"', r'"a\/b"', r'"\u0000"', r'"nul\u006c"', r'"\x"',
    '"\t"',
]  # fmt: skip
WRITTEN_TEXTS += [r'"\u00a0"', r'"2026-11-22T10:14:59\u005a"']
KEYS = [
    "id", "role", "content", "sentAt", "messages", "plan", "custom", "metadata", "userId", "user_id", "page_url",
    "more",
]  # fmt: skip
_NUMBER, _TEXT, _OBJECT = re.compile(r"-?\d+(?:\.\d+)?"), re.compile(r'"[^"\\]*"'), re.compile(r"\{")


def good_line(dice: random.Random) -> dict[str, Any]:
    """A line of any shape in which nothing is wrong."""
    number, shape = dice.randrange(6), dice.choice(WORDS[:4])
    conversation_id = f"conversation-{number}"
    if shape == "analysis":
        messages = [_analysed_message(dice, place) for place in range(dice.randrange(1, 4))]
        request: dict[str, Any] = {"external_conversation_id": conversation_id, "messages": messages}
    else:
        request = {"messages": [_message(dice, shape, place) for place in range(dice.randrange(1, 4))]}
        request |= {"conversationId": conversation_id} if shape != "conversations" else {}
        request |= _some(dice, _sender(shape, number), 0.9)
    return {"received_at": "2026-11-22T10:15:00.5Z", "chatbot_id": "support", "shape": shape, "request": request}


def _message(dice: random.Random, shape: str, place: int) -> dict[str, Any]:
    message = {"role": dice.choice(["user", "assistant"]), "content": dice.choice(["Hi", "Zoë", "“So?”\n", "😀", None])}
    return message | (_some(dice, {"id": f"m{place}", "sentAt": TIMES[place]}, 0.8) if shape == "capture" else {})


def _analysed_message(dice: random.Random, place: int) -> dict[str, Any]:
    chunks = [{"score": dice.choice([0.5, -0.25, 0.1, 1, 0.3333])} for _ in range(dice.randrange(3))]
    sender = dice.choice([{"role": "user"}, {"role": None}, {}, {"role": "assistant"}])
    return sender | {
        "external_message_id": f"m{place}",
        "user_sentiments": [] if "assistant" in sender.values() else chunks,
    }


def _sender(shape: str, number: int) -> dict[str, dict[str, Any]]:
    commercial = {"plan": "pro", "industry": "Retail", "mrr": number * 1.5}
    session = {"id": f"session-{number}", "pageUrl": "/a", "page_url": "/b", "device": "mobile", "country": "DE"}
    sender: dict[str, Any] = {"session": session, "custom": {"seats": number, "tier": "gold", "vip": True}}
    if shape == "conversations":
        who = {"userId": f"user-{number}", "user_id": "other", "email": "ann@example.com", "organization": "Acme"}
        return sender | {"metadata": commercial | who | {"topic": number}}
    user = {
        "id": f"user-{number}",
        "name": "Ann",
        "email": f"ann{number}@example.com",
        "createdAt": "2024-01-01T00:00Z",
    }
    sender |= {"user": commercial | user, "organization": commercial | {"id": f"o{number % 2}", "name": "Acme"}}
    return sender | {"userId": f"old-{number}", "kind": "organic", "metadata": commercial | {"source": "web"}}


def _some(dice: random.Random, values: dict[str, Any], share: float) -> dict[str, Any]:
    """This share of the values, in objects too; of the others some are null."""
    found = {}
    for name, value in values.items():
        if dice.random() < share:
            found[name] = _some(dice, value, 0.8) if isinstance(value, dict) else value
        elif dice.random() < 0.3:
            found[name] = None
    return found


def mutated_line(dice: random.Random, line: dict[str, Any] | None = None) -> bytes:
    """A line with up to three changes of its values and up to two of its text."""
    line = good_line(dice) if line is None else json.loads(json.dumps(line))
    for _ in range(dice.choice([0, 0, 1, 1, 2, 3])):
        _change_value(line, dice)
    data = _written(line, dice)
    for _ in range(dice.choice([0, 0, 0, 1, 2])):
        data = _change_text(data, dice)
    encoded = data.encode("utf-8", "surrogatepass")
    if dice.random() < 0.02:
        at = dice.randrange(len(encoded) + 1)
        encoded = (
            encoded[:at]
            + bytes(dice.choices(b'\xff\xc3{}[]",:0\\ ', k=dice.randrange(3)))
            + encoded[at + dice.randrange(2) :]
        )
    return encoded.replace(b"\n", b" ")


def _change_value(line: Any, dice: random.Random) -> None:
    found = list(places(line))
    if not found:
        return
    container, key = dice.choice(found)
    how = dice.randrange(8)
    if how == 0:
        del container[key]
    elif how == 1 and isinstance(container, dict):
        container[dice.choice(KEYS + IDS)] = deepcopy(dice.choice(dice.choice(POOLS)))
    else:
        fitting = FITTING.get(key) if isinstance(key, str) else None
        container[key] = deepcopy(dice.choice(dice.choice(fitting if fitting and how > 3 else POOLS)))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    for key, inner in list(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from places(inner)


def _written(line: Any, dice: random.Random) -> str:
    separators = dice.choice([(",", ":"), (", ", ": "), (" ,\t", " : ")])
    return json.dumps(line, ensure_ascii=dice.random() < 0.5, separators=separators, sort_keys=dice.random() < 0.2)


def _change_text(text: str, dice: random.Random) -> str:
    how = dice.randrange(4)
    if how == 0:
        return _replaced(text, _NUMBER, dice.choice(WRITTEN_NUMBERS), dice)
    if how == 1:
        return _replaced(text, _TEXT, dice.choice(WRITTEN_TEXTS + WRITTEN_NUMBERS), dice)
    if how == 2:
        value = dice.choice(WRITTEN_TEXTS + WRITTEN_NUMBERS + ['"user"', "null", "[]", "{}"])
        return _replaced(text, _OBJECT, "{" + json.dumps(dice.choice(KEYS + list(FITTING))) + f": {value}, ", dice)
    return dice.choice([" ", "\r", "\t", "\ufeff", ""]) + text + dice.choice(["\r", " ", ",", "\0", text, "[" * 300])


def _replaced(text: str, pattern: re.Pattern[str], replacement: str, dice: random.Random) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text
    one = dice.choice(found)
    return text[: one.start()] + replacement + text[one.end() :]
