"""Random histories of a data home, for hypothesis: what arrives, in which order, files and runs, and what goes wrong.

Pools are small on purpose, so that ids, times and arrivals collide.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from orchestration.transform.warehouse import ALWAYS, Window
from tests.support.damage import DISPOSABLE, WAYS
from tests.support.inbox import FORMS, ROTATIONS
from tests.support.requests import Line

CHATBOTS = ("support", "it's")
ZONES = (
    "UTC",
    "America/New_York",
    "America/Havana",  # repeats the hour after midnight in November, skips it in March
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Pacific/Kiritimati",  # 25 hours from the next one
    "Pacific/Pago_Pago",
)
PLACES = ("a", "b/é", "c", "z")  # that senders write to
# Midnights and changes of the clock in the zones above.
MOMENTS = [
    datetime(2026, 3, 8, 5),
    datetime(2026, 3, 8, 7),
    datetime(2026, 4, 4, 11),
    datetime(2026, 4, 4, 14),
    datetime(2026, 10, 31, 18, 30),
    datetime(2026, 11, 1, 0),
    datetime(2026, 11, 1, 4),
    datetime(2026, 11, 1, 5),
    datetime(2026, 11, 1, 10),
    datetime(2026, 11, 1, 11),
]
SHIFTS = [timedelta(seconds=seconds) for seconds in (-7200, -1800, -0.5, 0, 0.000001, 60, 1800, 5400)]
ARRIVALS = [datetime(2026, 11, 2), datetime(2026, 11, 2, 12), datetime(2026, 11, 3, 4, 59, 59, 999999)]

Absent = object()  # a field that is not sent
report: Counter[str] = Counter()  # what the histories of this session held


def _one(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _mostly(usual: st.SearchStrategy[Any], seldom: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Three times in four the one, else the other (`one_of` does not count a strategy twice)."""
    return st.integers(0, 3).flatmap(lambda number: usual if number else seldom)


instants = st.builds(lambda moment, shift: moment + shift, st.sampled_from(MOMENTS), st.sampled_from(SHIFTS))


def _written(instant: datetime, style: str) -> str:
    """One of the ways to write an instant."""
    if style == "local":
        moved = instant.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5, minutes=30)))
        return moved.isoformat()
    if style == "basic":
        return f"{instant:%Y%m%dT%H%M%S.%f} \u221200"
    if style == "week":
        return f"{instant:%G-W%V-%uT%H:%M:%S,%fZ}"
    if style == "ordinal":
        return f"{instant:%Y-%jt%H:%M:%S.%fz}"
    if style == "end of day" and instant.time() == datetime.min.time():
        return f"{instant - timedelta(days=1):%Y-%m-%dT24:00}"
    if style == "leap second" and instant.second == instant.microsecond == 0:
        return f"{instant - timedelta(minutes=1):%Y-%m-%dT%H:%M:60 +00:00}"
    return instant.isoformat() + ("Z" if style == "utc" else "")


styles = _one(*["utc", "local", "bare"] * 4, "basic", "week", "ordinal", "end of day", "leap second")
times = st.builds(_written, instants, styles)


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Line]:
    return st.fixed_dictionaries(fields).map(
        lambda values: {name: value for name, value in values.items() if value is not Absent}
    )


plans = _one(Absent, Absent, "free", "pro", " pro ", None, "", "NULL", 7)
amounts = _one(Absent, Absent, 0, 5000, 49.99, 12.34565, -1.00005, 49.999949999, -3, None, "1,500", True, float("nan"))
industries = _one(Absent, Absent, Absent, "Retail", None)
names = _one(
    Absent, Absent, "Acme", " ACME", "Acme\u200b", "Caf\u00e9", "Cafe\u0301", "Null", "null", "\u00ad", "", None
)
emails = _one(
    Absent, Absent, "Ann@x.example", " ann@X.example ", "ann@x.\u200bexample", "bob@x.example", "nobody", None
)

users = st.one_of(
    _one(Absent, None, {}),
    _object(
        id=_one("u1", "u1", "u2", 7, 7.0, "007", "email:ann@x.example", Absent, None, "", "Null"),
        name=names,
        email=emails,
        plan=plans,
        mrr=amounts,
        industry=industries,
    ),
)
named_organizations = _object(
    id=_one("o1", "o1", "o1", "o2", 12, "name:acme", "id:o1", Absent, " ", [1]),
    name=names,
    plan=plans,
    mrr=amounts,
    industry=industries,
)
organizations = _mostly(named_organizations, _one(Absent, None, {}))
metadata = _object(
    plan=plans,
    mrr=amounts,
    industry=industries,
    source=_one(Absent, "web"),
    seats=_one(Absent, 5, 2.5, "many", True, None),
)
messages = st.lists(
    _object(
        id=_one("m1", "m1", "m2", "m3", Absent, None),
        role=_one("user", "user", "user", "USER", "assistant", "System", "tool", "function"),
        content=_one("Hello", None, [{"type": "text", "text": "Hello"}, {"type": "image"}], {"text": "Hello"}),
        sentAt=_mostly(times, _one(Absent, None)),
    ),
    min_size=1,
    max_size=3,
)
conversations = _one("c1", "c1", "c1", "c2", 4, "obprobe_1")
kinds = _one(Absent, Absent, Absent, Absent, Absent, "organic", "probe", "replay", "odd")

custom = _one(
    *[Absent] * 3,
    {"seats": 3},
    {"seats": 4.5, "beta": True},
    {"seats": " three ", "beta": "null"},
    {"seats": None},
    {"seats": [5], "beta": float("nan")},
)

sessions = _mostly(
    _one(Absent, None, {}),
    _object(device=_one(Absent, "mobile", " desktop ", None, "null", 5), country=_one(Absent, "DE", "US", "")),
)

captures = _object(
    conversationId=conversations,
    userId=_one(*[Absent] * 4, "u2"),
    messages=messages,
    user=users,
    organization=organizations,
    kind=kinds,
    custom=custom,
    metadata=custom,
    session=sessions,
)
tracks = _object(
    conversationId=conversations,
    messages=messages,
    user=users,
    organization=organizations,
    metadata=metadata,
    session=sessions,
)
flats = _object(
    messages=messages,
    session=sessions,
    metadata=_object(
        userId=_one("u1", "u2", Absent, Absent),
        user_id=_one("u1", Absent),
        email=emails,
        organization=names,
        plan=plans,
        mrr=amounts,
        industry=industries,
        seats=_one(Absent, Absent, 3, "three", None),
    ),
)
scores = st.one_of(
    *[st.lists(_one(-1, -0.5, -0.2, 0, 0.2, 0.21, 1), min_size=size, max_size=size) for size in (1, 1, 2, 3, 3, 4)],
    st.lists(_one(0.5, float("nan"), 1.7, None, True, "high"), max_size=2),
)
analyses = _object(
    external_conversation_id=conversations,
    messages=st.lists(
        _object(
            external_message_id=_one("m1", "m1", "m1", "m2", Absent),
            role=_one("user", "user", "user", "user", Absent, "assistant"),
            user_sentiments=scores.map(lambda chunks: [{"score": score} for score in chunks]),
        ),
        min_size=1,
        max_size=2,
    ),
)
arrivals = _mostly(st.sampled_from(ARRIVALS), instants)


def _line(shape: str, request: Line, received_at: datetime, chatbot_id: str) -> Line:
    return {"received_at": f"{received_at}Z", "chatbot_id": chatbot_id, "shape": shape, "request": request}


shapes = {"capture": captures, "track": tracks, "conversations": flats, "analysis": analyses}
lines = _one(*["capture"] * 4, "track", "conversations", *["analysis"] * 2).flatmap(
    lambda shape: st.builds(_line, st.just(shape), shapes[shape], arrivals, _one(*CHATBOTS[:1] * 3, *CHATBOTS))
)
malformed = _one(
    b"{",
    b"[]",
    b"\xff\xfe",
    b"",
    b'{"received_at": "2026-11-02T00:00:00Z", "chatbot_id": "support", "shape": "letter", "request": {}}',
    b'{"received_at": "1970-01-01T00:00:00Z", "chatbot_id": "support", "shape": "capture", "request": {}}',
    b'{"received_at": "2062-01-01T00:00:00Z", "chatbot_id": "support", "shape": "capture", "request":'
    b' {"conversationId": "c1", "messages": [{"role": "user", "content": "x"}]}}',
    b'{"received_at": "2026-11-02T00:00:00Z", "chatbot_id": "support", "shape": "capture", "request":'
    b' {"conversationId": "c1", "messages": [{"role": "user", "sentAt": "2062-01-01T00:00:00Z"}]}}',
    b'{"received_at": "2026-11-02T00:00:00Z", "chatbot_id": "support", "shape": "capture", "request":'
    b' {"conversationId": "c1", "messages": [{"role": "robot", "content": "x"}]}}',
)
_shape = st.fixed_dictionaries({"time_zone": st.sampled_from(ZONES), "mrr_unit": _one("units", "cents")})
settings = _mostly(st.fixed_dictionaries({CHATBOTS[0]: _shape}, optional={CHATBOTS[1]: _shape}), st.just({}))
# Targets stand behind their sources, so that no circle can be drawn; chains can.
IDS = {"user": ("email:ann@x.example", "u1", "7", "u2"), "organization": ("name:acme", "o1", "o2", "12")}


@st.composite
def merges(draw: st.DrawFn) -> tuple[tuple[str, str, str], ...]:
    found = {}
    for kind in draw(_one(["user", "organization"], ["user", "organization"], ["user"], ["organization"])):
        for _ in range(draw(_one(0, 1, 1, 2))):
            source = draw(_one(0, 1, 1, 2))
            found[kind, IDS[kind][source]] = IDS[kind][draw(st.integers(source + 1, len(IDS[kind]) - 1))]
    return tuple((kind, source, target) for (kind, source), target in found.items())


exclusions = st.lists(
    _one(
        ("user", "u1"),
        ("user", "u2"),
        ("user", "email:ann@x.example"),
        ("email_domain", "x.example"),
        ("organization", "o1"),
        ("organization", "name:acme"),
        ("organization", "nobody"),
    ),
    max_size=2,
    unique=True,
).map(tuple)


places = st.sampled_from(PLACES)
forms = st.fixed_dictionaries({place: _one(*["lines"] * 4, *["gzip", "zstd"] * 2, *FORMS) for place in PLACES})
damages = st.lists(st.tuples(st.sampled_from(DISPOSABLE), st.sampled_from(list(WAYS))), min_size=1, max_size=2)


@dataclass
class Step:
    """What happens before a run, and how the run goes."""

    delivered: list[tuple[str, bytes]] = field(default_factory=list)  # place and line
    forms: dict[str, str] = field(default_factory=dict)  # of the logs that begin in this step, by place
    rotations: list[tuple[str, str]] = field(default_factory=list)  # place and how, before anything is delivered
    damages: list[tuple[str, str]] = field(default_factory=list)  # file of the home, and how, before the run
    settings: dict[str, dict[str, str]] | None = None
    merges: tuple[tuple[str, str, str], ...] | None = None
    exclusions: tuple[tuple[str, str], ...] | None = None
    crash: int | None = None  # a run is stopped at one of its places, counted around: -1 is the last
    window: Window = ALWAYS


@dataclass
class History:
    """A life of a data home. After the last step a run over everything is due."""

    steps: list[Step]
    met: Counter[str]

    def __repr__(self) -> str:
        return "\n".join(repr(step) for step in self.steps)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Lines and copies of them in any order, over a few runs, some of which crash."""
    changes_come_alone = draw(_one(False, False, True))
    said = draw(st.lists(lines, min_size=5, max_size=14))
    again = draw(st.lists(st.tuples(st.sampled_from(said), arrivals), max_size=2))
    said += [line | {"received_at": f"{received_at}Z"} for line, received_at in again]
    said += [_twin(*one) for one in draw(st.lists(st.tuples(st.sampled_from(said), plans, names), max_size=2))]
    copies = draw(st.lists(st.sampled_from(said), max_size=3))
    encoded = [_encoded(one) for one in said]
    encoded += [_encoded(one, sort_keys=draw(st.booleans())) for one in copies]
    broken = draw(st.lists(malformed, max_size=1))
    encoded += broken
    encoded = draw(st.permutations(encoded))
    steps = [Step() for _ in range(draw(_one(1, 2, 3, 3)))]
    # Most arrives early, sometimes all, so that later runs find settings and mappings changed for what they need not
    # touch otherwise.
    early = st.sampled_from(draw(_one(steps[:1], [*steps[:1] * 3, *steps], [*steps[:1] * 3, *steps])))
    scores_are_late = draw(_one(True, False))
    for line in encoded:
        step = steps[-1] if scores_are_late and b'"shape": "analysis"' in line else draw(early)
        step.delivered.append((draw(places), line))
    # Of few, so that a later run often finds what an earlier one had.
    all_settings = st.sampled_from([None, draw(settings), draw(settings)])
    all_merges = st.sampled_from([None, (), draw(merges()), draw(merges())])
    all_exclusions = st.sampled_from([None, None, (), draw(exclusions)])
    rotations = draw(_one(st.just([]), st.lists(st.tuples(places, st.sampled_from(ROTATIONS)), max_size=2)))
    for step in steps:
        step.forms = draw(forms)
        step.rotations = draw(rotations)
        step.damages = draw(_mostly(st.just([]), damages))
        step.exclusions = draw(all_exclusions)
        step.settings = draw(all_settings)
        step.merges = draw(all_merges)
        step.crash = draw(st.one_of(st.none(), st.integers(0, 99)))
        step.window = draw(_one(ALWAYS, ALWAYS, Window(None, ARRIVALS[0].date()), Window(ARRIVALS[0].date(), None)))
    if changes_come_alone:
        steps = draw(_changes_alone([one for step in steps for one in step.delivered], draw(forms)))
    met = _met(said, bool(again), copies, steps)
    met["malformed lines"] = len(broken)
    return History(steps, met)


@st.composite
def _changes_alone(draw: st.DrawFn, delivered: list[tuple[str, bytes]], forms: dict[str, str]) -> list[Step]:
    """All arrives at first; then a mapping or settings change, in a run that crashes late, and may be put back.

    Only such a history shows what a change does that nothing else touches.
    """
    before = Step(delivered, forms, settings=draw(settings), merges=draw(merges()))
    changed = draw(_mostly(st.builds(Step, merges=merges()), st.builds(Step, settings=settings)))
    changed.crash = draw(_mostly(st.integers(-8, -1), st.none()))
    put_back = Step(settings=before.settings, merges=before.merges)
    return [before, changed, *draw(_one([], [put_back]))]


def _twin(line: Line, plan: Any, name: Any) -> Line:
    """A line of the same moments about the same people, who have another plan and name: only the order decides."""
    told = {key: value for key, value in (("plan", plan), ("name", name)) if value is not Absent}
    request = line["request"]
    changed = {kind: request[kind] | told for kind in ("user", "organization") if request.get(kind)}
    return line | {"request": request | changed}


def _encoded(line: Line, *, sort_keys: bool = False) -> bytes:
    return json.dumps(line, ensure_ascii=sort_keys, sort_keys=sort_keys).encode()


def _met(said: list[Line], again: bool, copies: list[Line], steps: list[Step]) -> Counter[str]:
    """What a history holds, for the report of a long run."""
    all_settings = [step.settings for step in steps if step.settings]
    order = [json.loads(line)["received_at"] for step in steps for _, line in step.delivered if b"conversation" in line]
    met = Counter[str](examples=1, lines=len(said), runs=len(steps) + 1, crashes=0)
    met["crashes"] = sum(step.crash is not None for step in steps)
    met["runs over a part of the arrival days"] = sum(step.window != ALWAYS for step in steps)
    met["examples with a crash"] = met["crashes"] > 0
    met["examples with late data"] = order != sorted(order)
    met["examples in which only settings or mappings change after the first run"] = len(steps) > 1 and not any(
        step.delivered for step in steps[1:]
    )
    met["examples with copies of lines"] = bool(copies)
    met["examples with a request sent again in another envelope"] = again
    met["examples with merges"] = any(step.merges for step in steps)
    met["examples with merges that change between runs"] = _changes([step.merges for step in steps])
    met["damaged files"] = sum(len(step.damages) for step in steps)
    met["examples with accounts left out"] = any(step.exclusions for step in steps)
    met["examples with settings that change between runs"] = _changes([step.settings for step in steps])
    met["examples with a time zone other than UTC"] = any(
        one.get("time_zone") != "UTC" for given in all_settings for one in given.values()
    )
    for line in said:
        met[f"lines of the shape {line['shape']}"] += 1
    for given in all_settings:
        met.update(f"zone {one['time_zone']}" for one in given.values())
    return met


def _changes(given: list[Any]) -> bool:
    """Whether a later run finds another file than the one before; None leaves it as it is, at first there is none."""
    holding = [given[0] or ()]
    for one in given[1:]:
        holding.append(holding[-1] if one is None else one or ())
    return any(one != before for before, one in pairwise(holding))
