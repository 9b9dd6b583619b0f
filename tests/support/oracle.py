"""Both published tables and the facts behind them, computed a second time: plain Python, from the contract alone.

Reads the inbox, `chatbots.csv` and `identity.csv` of a data home and shares no code with the pipeline. Slow, short, and
the executable form of the rules; files are read in `oracle_home.py`, one line is judged in `oracle_lines.py`, and
custom fields are in `oracle_custom.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.support.inbox import Delivered
from tests.support.oracle_custom import columns_of, custom_history, held_at
from tests.support.oracle_home import exclusions_of, lines_of, mapping_of, settings_of
from tests.support.oracle_lines import Record, Unusable, normalised, read_line

Row = dict[str, Any]
Conversation = tuple[str, str]  # chatbot, id
Entity = tuple[str, str]  # chatbot, id

ATTRIBUTES = {
    "user": ("name", "email", "plan", "industry", "mrr"),
    "organization": ("name", "plan", "industry", "mrr"),
}
SESSION = ("device", "country")  # of a conversation: field by field what was said of it last


class Message(NamedTuple):
    conversation: Conversation
    sent_at: datetime
    day: date  # in the chatbot's zone
    role: str
    score: Fraction | None


@dataclass
class Version:
    """What is known of an entity from an instant on."""

    valid_from: datetime
    fields: Row


class Oracle:
    """The contract, applied to everything in the inbox of a home; on request with what `exclude.csv` leaves out.

    `lines` stand for those of the inbox where files were rotated: the names by which they were read are in them.
    """

    def __init__(self, home: Path, *, lines: Iterable[Delivered] | None = None, with_excluded: bool = False) -> None:
        self.settings = settings_of(home)
        self._merged_into = mapping_of(home)
        self.totals: Counter[str] = Counter(lines=0, accepted=0, duplicates=0, quarantined=0, warnings=0)
        records = sorted(self._records(lines_of(home) if lines is None else lines), key=lambda record: record.order)
        organic = [record for record in records if record.is_organic]
        requests = [record for record in organic if record.messages]
        self.messages = list(self._messages(requests, _newest_scores(records)))
        self.owner = {kind: self._owners(requests, kind) for kind in ATTRIBUTES}
        self._named_users: dict[Conversation, set[Entity]] = defaultdict(set)
        for record in requests:
            if record.user:
                named = self._entity(record.chatbot_id, "user", record.user)
                self._named_users[record.chatbot_id, record.conversation_id].add(named)
        self._sessions: dict[Conversation, Row] = defaultdict(lambda: dict.fromkeys(SESSION))
        for record in sorted(requests, key=lambda record: (record.event_at, record.order)):
            self._sessions[record.chatbot_id, record.conversation_id] |= record.session_fields
        self._messages_of = {kind: self._by_owner(kind) for kind in ATTRIBUTES}
        self.history = {kind: self._history(requests, kind) for kind in ATTRIBUTES}
        self.custom = {kind: custom_history(requests, kind, self._entity) for kind in ATTRIBUTES}
        if not with_excluded:
            self._leave_out(exclusions_of(home))
        self.chatbots = sorted({record.chatbot_id for record in requests} | self.settings.keys())

    def zone(self, chatbot_id: str) -> ZoneInfo:
        return ZoneInfo(self.settings.get(chatbot_id, {}).get("time_zone") or "UTC")

    # What the lines say together.

    def _records(self, lines: Iterable[Delivered]) -> list[Record]:
        """Accepted records, each once: where equal lines arrived, the first of them."""
        first: dict[str, Record] = {}
        for source_file, number, line in lines:
            self.totals["lines"] += 1
            try:
                record = read_line(line, source_file, number)
            except Unusable:
                self.totals["quarantined"] += 1
                continue
            self.totals["warnings"] += record.dropped
            self.totals["duplicates" if record.record_id in first else "accepted"] += 1
            earlier = first.setdefault(record.record_id, record)
            if record.order < earlier.order:
                first[record.record_id] = record
        return list(first.values())

    def _messages(self, requests: list[Record], scores: dict[tuple[Conversation, str], Fraction]) -> Iterator[Message]:
        """Every message once: by its id within the conversation, else by request and position; the first wins."""
        seen = set()
        for record in requests:
            conversation = (record.chatbot_id, record.conversation_id)
            zone = self.zone(record.chatbot_id)
            for position, (message_id, role, sent_at) in enumerate(record.messages):
                key = (conversation, message_id) if message_id else (conversation, record.record_id, position)
                if key in seen:
                    continue
                seen.add(key)
                score = scores.get((conversation, message_id)) if message_id and role == "user" else None
                day = sent_at.replace(tzinfo=UTC).astimezone(zone).date()
                yield Message(conversation, sent_at, day, role, score)

    def _leave_out(self, exclusions: list[tuple[str, str, str]]) -> None:
        """Forget the conversations of those who are excluded, and whoever has no other."""
        excluded: dict[str, set[Entity]] = {"user": set(), "organization": set()}
        for chatbot_id, kind, value in exclusions:
            if kind == "email_domain":
                excluded["user"] |= {
                    user
                    for user, versions in self.history["user"].items()
                    if user[0] == chatbot_id and normalised(versions[-1].fields["email"] or "").endswith(f"@{value}")
                }
            else:
                excluded[kind].add(self._entity(chatbot_id, kind, value))
        before = {kind: set(self._messages_of[kind]) for kind in ATTRIBUTES}
        self.messages = [
            message
            for message in self.messages
            if not any(self.owner[kind].get(message.conversation) in excluded[kind] for kind in ATTRIBUTES)
        ]
        self._messages_of = {kind: self._by_owner(kind) for kind in ATTRIBUTES}
        for kind in ATTRIBUTES:
            gone = excluded[kind] | (before[kind] - set(self._messages_of[kind]))
            self.history[kind] = {one: versions for one, versions in self.history[kind].items() if one not in gone}
            self.custom[kind] = {key: values for key, values in self.custom[kind].items() if key[0] not in gone}

    def _owners(self, requests: list[Record], kind: str) -> dict[Conversation, Entity]:
        """Of the newest request of a conversation that names one: by event time, then arrival."""
        owners = {}
        for record in sorted(requests, key=lambda record: (record.event_at, record.order)):
            if named := getattr(record, kind):
                owners[record.chatbot_id, record.conversation_id] = self._entity(record.chatbot_id, kind, named)
        return owners

    def _by_owner(self, kind: str) -> dict[Entity, list[Message]]:
        found: dict[Entity, list[Message]] = defaultdict(list)
        for message in self.messages:
            if entity := self.owner[kind].get(message.conversation):
                found[entity].append(message)
        return found

    def _entity(self, chatbot_id: str, kind: str, entity_id: str) -> Entity:
        while (chatbot_id, kind, entity_id) in self._merged_into:
            entity_id = self._merged_into[chatbot_id, kind, entity_id]
        return chatbot_id, entity_id

    def _history(self, requests: list[Record], kind: str) -> dict[Entity, list[Version]]:
        """Field by field the newest event wins, ties go to the later arrival; equal neighbours are one version."""
        history: dict[Entity, list[Version]] = defaultdict(list)
        for record in sorted(requests, key=lambda record: (record.event_at, record.order)):
            if not (named := getattr(record, kind)):
                continue
            versions = history[self._entity(record.chatbot_id, kind, named)]
            known = versions[-1].fields if versions else dict.fromkeys(ATTRIBUTES[kind])
            fields = known | self._in_whole_currency(record.chatbot_id, getattr(record, f"{kind}_fields"))
            if versions and versions[-1].valid_from == record.event_at:
                versions[-1].fields = fields
            else:
                versions.append(Version(record.event_at, fields))
        return {entity: _without_repetition(versions) for entity, versions in history.items()}

    # What the tables show.

    def organizations(
        self, chatbot_id: str, first: date | None, last: date | None, clock: str = "range_end"
    ) -> list[Row]:
        """The Organizations table of a range; a null day is unbounded."""
        rows = []
        for entity, found in self._in_range("organization", chatbot_id, first, last).items():
            shown = self._shown("organization", entity, last, clock)
            users = {self.owner["user"].get(conversation) for conversation in found} - {None}
            rows.append(
                {
                    "organization_id": entity[1],
                    "organization_name": shown["name"] or entity[1],
                    **{name: shown[name] for name in ("plan", "industry", "mrr")},
                    "users": len(users),
                    "first_seen_at": self._first_seen("organization", entity),
                    **_measures(found),
                }
            )
        return rows

    def users(self, chatbot_id: str, first: date | None, last: date | None, clock: str = "range_end") -> list[Row]:
        """The Users table of a range; a null day is unbounded."""
        rows = []
        for entity, found in self._in_range("user", chatbot_id, first, last).items():
            shown = self._shown("user", entity, last, clock)
            organization = self._newest_organization(entity, last)
            named = self._shown("organization", organization, last, clock)["name"] if organization else None
            organizations = {self.owner["organization"].get(conversation) for conversation in found} - {None}
            rows.append(
                {
                    "user_id": entity[1],
                    "user_name": shown["name"] or shown["email"] or entity[1],
                    "organization_id": organization and organization[1],
                    "organization_name": organization and (named or organization[1]),
                    **{name: shown[name] for name in ("email", "plan", "industry", "mrr")},
                    "first_seen_at": self._first_seen("user", entity),
                    "organization_count": len(organizations),
                    **_measures(found),
                }
            )
        return rows

    def conversation_days(self) -> list[Row]:
        """One row for each conversation and activity date."""
        days: dict[tuple[Conversation, date], list[Message]] = defaultdict(list)
        for message in self.messages:
            days[message.conversation, message.day].append(message)
        return [
            {
                "chatbot_id": conversation[0],
                "activity_date": day,
                "conversation_id": conversation[1],
                "user_id": self.owner["user"].get(conversation, (None, None))[1],
                "organization_id": self.owner["organization"].get(conversation, (None, None))[1],
                "messages": len(found),
                "user_messages": sum(message.role == "user" for message in found),
                "named_users": len(self._named_users[conversation]),
                **self._sessions[conversation],
                "scored_messages": sum(message.score is not None for message in found),
                "score_sum": float(sum(message.score or 0 for message in found)),
                "first_message_at": min(message.sent_at for message in found),
                "last_message_at": max(message.sent_at for message in found),
            }
            for (conversation, day), found in days.items()
        ]

    def intervals(self, kind: str) -> list[Row]:
        """The history of users or organizations; one row for each validity interval."""
        rows = []
        for entity, versions in self.history[kind].items():
            ends = [version.valid_from for version in versions[1:]] + [None]
            for version, end in zip(versions, ends, strict=True):
                fields = version.fields
                rows.append(
                    {
                        "chatbot_id": entity[0],
                        f"{kind}_id": entity[1],
                        "valid_from": version.valid_from,
                        "valid_to": end,
                        **{name: fields[name] for name in ATTRIBUTES[kind]},
                    }
                )
        return rows

    def custom_values(self, chatbot_id: str, kind: str, last: date | None, clock: str = "range_end") -> list[Row]:
        """The values of custom fields that hold at the end of a day; a null day is unbounded."""
        rows = []
        for (entity, name), values in self.custom[kind].items():
            if entity[0] == chatbot_id and (held := held_at(values, self._end(chatbot_id, last, clock))):
                rows.append({"entity_id": entity[1], "field": name, **columns_of(held)})
        return rows

    def _in_range(
        self, kind: str, chatbot_id: str, first: date | None, last: date | None
    ) -> dict[Entity, dict[Conversation, list[Message]]]:
        """The messages of a range, by entity and conversation."""
        found: dict[Entity, dict[Conversation, list[Message]]] = defaultdict(lambda: defaultdict(list))
        for entity, messages in self._messages_of[kind].items():
            for message in messages if entity[0] == chatbot_id else []:
                if (first is None or first <= message.day) and (last is None or message.day <= last):
                    found[entity][message.conversation].append(message)
        return found

    def _end(self, chatbot_id: str, last: date | None, clock: str) -> datetime | None:
        """The instant before which something must have been said to show; none where everything shows."""
        return (
            None if clock == "now" or last is None else _start_of_day(last + timedelta(days=1), self.zone(chatbot_id))
        )

    def _shown(self, kind: str, entity: Entity, last: date | None, clock: str) -> Row:
        versions = self.history[kind].get(entity)
        if not versions:
            return dict.fromkeys(ATTRIBUTES[kind])
        end = self._end(entity[0], last, clock)
        known = [version for version in versions if end is None or version.valid_from < end]
        return (known[-1] if known else versions[0]).fields

    def _in_whole_currency(self, chatbot_id: str, fields: Row) -> Row:
        """At four places, half away from zero; rounded once."""
        if fields.get("mrr") is None:
            return fields
        cents = self.settings.get(chatbot_id, {}).get("mrr_unit") == "cents"
        units = Fraction(fields["mrr"]) / (100 if cents else 1)
        return fields | {"mrr": Decimal(_rounded(units * 10_000)).scaleb(-4)}

    def _first_seen(self, kind: str, entity: Entity) -> datetime:
        return min(message.sent_at for message in self._messages_of[kind][entity])

    def _newest_organization(self, user: Entity, last: date | None) -> Entity | None:
        """Of the user's conversation with the newest message up to the range's end."""
        times: dict[Conversation, list[datetime]] = defaultdict(list)
        for message in self._messages_of["user"][user]:
            if last is None or message.day <= last:
                times[message.conversation].append(message.sent_at)
        newest = max(times, key=lambda one: (max(times[one]), min(times[one]), one[1]))
        return self.owner["organization"].get(newest)


def _measures(conversations: dict[Conversation, list[Message]]) -> Row:
    """What both tables say about the messages of a range, by conversation."""
    messages = [message for found in conversations.values() for message in found]
    scores = [[one.score for one in found if one.score is not None] for found in conversations.values()]
    means = [_mean(found) for found in scores if found]

    def share(in_band: Callable[[Fraction], bool]) -> float | None:
        return _number(_mean([Fraction(in_band(mean)) for mean in means]))

    return {
        "conversations": len(conversations),
        "written_conversations": sum(any(one.role == "user" for one in found) for found in conversations.values()),
        "messages": len(messages),
        "last_activity_at": max(message.sent_at for message in messages),
        "scored_conversations": len(means),
        "unscored_conversations": len(conversations) - len(means),
        "sentiment": _number(_mean(means)),
        "message_sentiment": _number(_mean([score for found in scores for score in found])),
        "satisfied_share": share(lambda mean: _rounded(mean * 10**9) > 200_000_000),
        "neutral_share": share(lambda mean: abs(_rounded(mean * 10**9)) <= 200_000_000),
        "dissatisfied_share": share(lambda mean: _rounded(mean * 10**9) < -200_000_000),
    }


def _rounded(value: Fraction) -> int:
    """To a whole number, halves away from zero."""
    magnitude = int(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


def _mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction()) / len(values) if values else None


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _newest_scores(records: list[Record]) -> dict[tuple[Conversation, str], Fraction]:
    """By message, the score of the analysis that arrived last."""
    return {
        ((record.chatbot_id, record.conversation_id), message_id): score
        for record in records
        for message_id, score in record.scores
    }


def _without_repetition(versions: list[Version]) -> list[Version]:
    return [one for number, one in enumerate(versions) if number == 0 or one.fields != versions[number - 1].fields]


def _start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; also where the clock skips or repeats midnight."""
    at = datetime(day.year, day.month, day.day) - timedelta(hours=15)
    while at.replace(tzinfo=UTC).astimezone(zone).date() < day:
        at += timedelta(minutes=15)
    return at
