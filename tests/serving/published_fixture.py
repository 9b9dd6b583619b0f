"""Builds a published directory like the publisher's: small, with the rows on which delivery goes wrong.

The table macros are the real ones, and so is what `exclude.csv` leaves out; every value a test expects can be computed
by calling them.
"""

import json
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration.home.labels import Label
from orchestration.identity.exclusions import Exclusion
from orchestration.identity.suggestions import add_normalised
from orchestration.publish.changes import LEDGER
from orchestration.publish.labelling import write_labels
from orchestration.publish.leaving_out import write_marts
from orchestration.publish.snapshot import QUALITY
from orchestration.publish.views import write_views
from orchestration.publish.zone_offsets import write_zone_offsets
from serving.engine import READER
from tests.serving.published_changes import CHANGES

MACROS = Path(__file__).parents[2] / "orchestration/publish/table_macros.sql"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DATA_THROUGH = datetime(2026, 11, 22, 10, 15)
CHATBOTS = [
    ("support", "Acme Support", "UTC", "monday", "USD", "units"),
    ("kolkata", "Kolkata Helpdesk", "Asia/Kolkata", "sunday", "INR", "units"),
    ("quiet", "Quiet Bot", "America/New_York", "monday", "EUR", "cents"),
    ("eu/neu é", "New Bot", "UTC", "monday", "USD", "units"),
]
SCHEMA = """
create table fct_conversation_days (
    chatbot_id varchar, activity_date date, conversation_id varchar, user_id varchar, organization_id varchar,
    messages integer, scored_messages integer, score_sum decimal(18, 12), first_message_at timestamp,
    last_message_at timestamp, device varchar, country varchar, conversation_started_at timestamp,
    conversation_key bigint, user_key bigint,
    organization_key bigint, user_messages integer as (messages), named_users integer as (1),
    other_language_messages integer as (0), no_known_word_messages integer as (0)
);
create table dim_organizations (
    chatbot_id varchar, organization_key bigint, organization_id varchar, organization_name varchar, plan varchar,
    industry varchar, mrr decimal(18, 4), valid_from timestamp, valid_to timestamp, shown_from_date date,
    shown_to_date date, first_seen_at timestamp
);
create table dim_users (
    chatbot_id varchar, user_key bigint, user_id varchar, user_name varchar, email varchar, plan varchar,
    industry varchar, mrr decimal(18, 4), valid_from timestamp, valid_to timestamp, shown_from_date date,
    shown_to_date date, first_seen_at timestamp
);
create table dim_custom_values (
    chatbot_id varchar, kind varchar, entity_id varchar, field varchar, value_type varchar, text_value varchar,
    number_value decimal(38, 9), boolean_value boolean, valid_from timestamp, valid_to timestamp, shown_from_date date,
    shown_to_date date, entity_key bigint
);
create table custom_fields (
    chatbot_id varchar, field varchar, value_type varchar, is_mixed boolean, users bigint, organizations bigint
);
create table fct_user_days as select * from fct_conversation_days;
create table fct_organization_days as select * from fct_conversation_days;
create table chatbots (
    chatbot_id varchar, name varchar, time_zone varchar, week_start varchar, currency varchar, mrr_unit varchar
);
"""
NOT_MARTS = """
create table snapshot_info (snapshot_id varchar, built_at timestamp, data_through timestamp);
create table receipts (source_file varchar, run_id varchar, lines bigint, accepted bigint);
"""
CUSTOM_FIELDS = """
insert into custom_fields
select
    chatbot_id, field, max_by(value_type, valid_from), count(distinct value_type) > 1,
    count(*) filter (where kind = 'user' and valid_to is null),
    count(*) filter (where kind = 'organization' and valid_to is null)
from dim_custom_values
group by all
"""
MEANINGS = {"mrr": "Monthly recurring revenue in whole currency.", "sentiment": "Average over scored conversations."}


@dataclass
class Rows:
    """The rows of a snapshot, before it is written."""

    facts: list[tuple] = field(default_factory=list)
    organizations: dict[tuple[str, str], list[tuple]] = field(default_factory=dict)
    users: dict[tuple[str, str], list[tuple]] = field(default_factory=dict)
    custom_values: list[tuple] = field(default_factory=list)
    chatbots: list[tuple] = field(default_factory=lambda: list(CHATBOTS))

    def chatbot(self, chatbot: str) -> None:
        """Add a chatbot with the usual settings."""
        self.chatbots.append((chatbot, chatbot, "UTC", "monday", "USD", "units"))

    def organization(self, chatbot: str, key: str, name: str | None, plan=None, industry=None, mrr=None) -> None:
        """Add an organization with one version."""
        self.organizations[chatbot, key] = [(name, plan, industry, mrr, None, None)]

    def user(self, chatbot: str, key: str, name=None, email=None, plan=None, industry=None, mrr=None) -> None:
        """Add a user with one version."""
        self.users[chatbot, key] = [(name, email, plan, industry, mrr, None, None)]

    def custom(
        self, chatbot: str, kind: str, key: str, shown_from: date | None = None, shown_to: date | None = None, **values
    ) -> None:
        """Add values of custom fields, each of which holds from one day to another."""
        for name, value in values.items():
            of = {str: "text", bool: "boolean"}.get(type(value), "number")
            typed = [value if of == one else None for one in ("text", "number", "boolean")]
            ends = (_instant(shown_from), _instant(shown_to, False), shown_from, shown_to)
            self.custom_values.append((chatbot, kind, key, name, of, *typed, *ends, _key(chatbot, key)))

    def conversation(
        self,
        chatbot: str,
        at: str,
        user: str | None,
        organization: str | None,
        scores: Iterable[float] = (),
        messages=2,
        device: str | None = None,
        country: str | None = None,
    ) -> None:
        """Add a conversation on one day of the chatbot's zone, with the scores of its user messages."""
        instant = datetime.fromisoformat(at)
        zone = next(row[2] for row in self.chatbots if row[0] == chatbot)
        day = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        scores = [Decimal(str(score)) for score in scores]
        number = len(self.facts) + 1
        row = (chatbot, day, f"c{number}", user, organization, messages, len(scores), sum(scores, Decimal(0)))
        keys = (number, user and _key(chatbot, user), organization and _key(chatbot, organization))
        self.facts.append((*row, instant, instant, device, country, instant, *keys))


def _key(chatbot: str, text: str) -> int:
    return int.from_bytes(f"{chatbot}/{text}".encode()[-7:]) ^ hash_of(f"{chatbot}/{text}")


def hash_of(text: str) -> int:
    """Return a number for a text that is the same in every process."""
    return random.Random(text).getrandbits(62)


def interesting_rows() -> Rows:
    """Return rows with nulls, ties, odd names, spellings of one plan, and a stranger of the same id elsewhere."""
    rows = Rows()
    odd = [
        ("00123", "100% Co", "Enterprise", "Retail", "5000.00"),
        ("1000", "1000 Co", "enterprise ", "Retail", "5000.00"),
        ("a_b", "a_b", "pro", "Software", "99.5000"),
        ("axb", "axb", "pro", "Software", "0"),
        ("cmd", "=cmd()", None, "Finance", "1234.5678"),
        ("minus", "-5 degrees", "free", None, None),
        ("quotes", 'Say "hi", twice\nand on', "free", "Média", "12.10"),
        ("istanbul", "İstanbul Lojistik", "ENTERPRISE", "Retail", "250000"),
        ("cafe", "Cafe\u0301 Zürich", "pro", "Média", "42"),
        ("noname", None, None, None, None),
        ("empty", "Ødegård & Søn", "pro", "Software", "8200"),
    ]
    scores = [(-0.2004,), (-0.2,), (0.2,), (0.9, 0.7), (-0.9,), (), (0.0,), (-0.6,), (0.6,), (), (0.2001,)]
    for index, ((key, name, plan, industry, mrr), scored) in enumerate(zip(odd, scores, strict=True)):
        rows.organization("support", key, name, plan, industry, mrr and Decimal(mrr))
        user = f"{index:05}"
        rows.user(
            "support", user, None if index % 4 == 3 else f"Person {index}", f"p{index}@example.com", plan, industry
        )
        rows.conversation("support", f"2026-11-{10 + index}T08:{index:02}:00.{index}00", user, key, scored)
    rows.organizations["support", "a_b"] = [
        ("a_b", "free", "Software", Decimal("9"), None, date(2026, 11, 1)),
        ("a_b", "pro", "Software", Decimal("99.5"), date(2026, 11, 1), None),
    ]
    rows.conversation("support", "2026-10-31T23:59:59.5", "00002", "a_b", (0.5,))
    rows.conversation("support", "2026-09-03T12:00:00", "00004", "cmd", (0.1,))
    rows.user("support", "loner", "Łucja Loner", None, None, None, Decimal("-20"))
    rows.conversation("support", "2026-11-15T10:00:00", "loner", None, (-0.75,))
    rows.user("support", "+1555", None, None, "pro")
    rows.conversation("support", "2026-11-15T10:00:00", "+1555", "cafe")
    rows.conversation("support", "2026-11-16T10:00:00", None, "cafe", (1,))
    # Talks for two organizations and for none: the newest is the second.
    rows.user("support", "mover", "Mo Ver", "mover@example.com", "pro", None, Decimal("7"))
    rows.conversation("support", "2026-11-02T10:00:00", "mover", "minus", (-0.5,), 3)
    rows.conversation("support", "2026-11-03T10:00:00", "mover", "minus", (-0.1,), 4)
    rows.conversation("support", "2026-11-04T10:00:00", "mover", "empty", (0.6,), 5)
    rows.conversation("support", "2026-11-01T10:00:00", "mover", None, (0.4,), 6)
    _add_many(rows, random.Random(7))
    _add_custom_fields(rows)
    rows.organization("kolkata", "00123", "Kolkata Secrets", "Hidden plan", "Hidden industry", Decimal("777777"))
    rows.user("kolkata", "k1", "Kolkata Person", "secret@example.in", "Hidden plan", "Hidden industry")
    rows.conversation("kolkata", "2026-10-31T18:45:00", "k1", "00123", (0.3,))
    rows.organization("quiet", "q", "Quiet GmbH", "pro", "Retail", Decimal("10"))
    rows.user("quiet", "q", "Quiet Person", "q@example.de")
    rows.conversation("quiet", "2026-09-03T15:00:00", "q", "q", (0.3,))
    return rows


def _add_custom_fields(rows: Rows) -> None:
    """Add a number, a text, a boolean, a field of many types, names with odd marks, and a stranger's field."""
    change = date(2026, 11, 1)
    values: dict[str, dict[str, Any]] = {
        "00123": {"seats": 5, "tier": "Gold", "beta": True, 'size, "m²"': 7},
        "1000": {"seats": Decimal("12.5"), "tier": "gold ", "beta": False, 'size, "m²"': "large", "Seats": "upper"},
        "cmd": {"seats": -3, "tier": "=1+1"},
        "axb": {"seats": 1234567, 'size, "m²"': True, "nested.name": "x"},
    }
    for key, fields in values.items():
        rows.custom("support", "organization", key, **fields)
    rows.custom("support", "organization", "a_b", None, change, seats=9, tier="silver")
    rows.custom("support", "organization", "a_b", change, None, seats=40)
    for user, seats in (("00000", 3), ("00001", 2), ("loner", 0)):
        rows.custom("support", "user", user, seats=seats)
    rows.custom("kolkata", "organization", "00123", secret="Hidden value", seats=777777)
    rows.custom("kolkata", "user", "k1", secret="Hidden value")


def _add_many(rows: Rows, chance: random.Random) -> None:
    """Add organizations and users like any others, many of them with equal values."""
    first, second = ["Blue", "North", "Iron", "Clear", "Green"], ["River", "Peak", "Labs", "Foods", "Air", "Motors"]
    plans, industries = ["free", "pro", "pro", "Enterprise", None], ["Retail", "Software", "Finance", "Health", None]
    for index, name in enumerate(f"{a} {b}" for a in first for b in second):
        mrr = chance.choice([None, 0, 49, 49, 499, 1200.5, 4800, 26000])
        mrr = None if mrr is None else Decimal(str(mrr))
        rows.organization("support", f"o{index}", name, chance.choice(plans), chance.choice(industries), mrr)
        for number in range(chance.randint(1, 4)):
            user = f"u{index}-{number}"
            person = f"{chance.choice(['Ana', 'Ben', 'Chen', 'Dia', 'Eva'])} {name.split()[0]}son"
            rows.user("support", user, person, f"{user}@example.com", chance.choice(plans), None, mrr)
            for _ in range(chance.randint(1, 3)):
                at = datetime(2026, 11, 1) + timedelta(minutes=chance.randrange(21 * 24 * 60))
                scores = [round(chance.uniform(-1, 1), 2) for _ in range(chance.randint(0, 3))]
                rows.conversation("support", at.isoformat(), user, f"o{index}", scores, chance.randint(2, 9))


def publish(
    published: Path,
    rows: Rows | None = None,
    snapshot_id: str = "s1",
    data_through=DATA_THROUGH,
    exclusions: Sequence[Exclusion] = (),
    labels: Sequence[Label] = (),
) -> Path:
    """Write a snapshot into a published directory and make it the current one; return its directory."""
    rows = rows or interesting_rows()
    directory = published / "snapshots" / snapshot_id
    directory.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{directory / 'clientele.duckdb'}' as snapshot (storage_version 'v1.0.0')")
        add_normalised(connection)
        connection.execute("create schema marts; use marts")
        connection.execute(SCHEMA)
        _insert(connection, "fct_conversation_days", rows.facts)
        first_seen = _first_seen(rows)
        for table, entities in (("dim_organizations", rows.organizations), ("dim_users", rows.users)):
            versions = [
                (chatbot, _key(chatbot, key), key, *version[:-2], _instant(version[-2]), _instant(version[-1], False),
                 *version[-2:], first_seen.get((chatbot, key)))
                for (chatbot, key), history in entities.items()
                for version in history
            ]  # fmt: skip
            _insert(connection, table, versions)
        _insert(connection, "dim_custom_values", rows.custom_values)
        connection.execute(CUSTOM_FIELDS)
        _insert(connection, "chatbots", rows.chatbots)
        connection.execute("use snapshot")
        write_marts(connection, "memory.marts", exclusions)
        write_labels(connection, labels)
        connection.execute(NOT_MARTS)
        _insert(connection, "snapshot_info", [(snapshot_id, NOW.replace(tzinfo=None), data_through)])
        write_zone_offsets(connection, NOW, data_through and data_through.replace(tzinfo=UTC))
        connection.execute(MACROS.read_text())
        write_views(connection)
        connection.execute(QUALITY.read_text())
        connection.execute(LEDGER)
        _insert(connection, "refresh_changes", CHANGES)
    _write_manifest(directory, snapshot_id, data_through)
    _point(published / "current", Path("snapshots") / snapshot_id)
    if not (published / "current.duckdb").is_symlink():
        (published / "current.duckdb").symlink_to("current/clientele.duckdb")
    return directory


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    if rows:
        connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def _first_seen(rows: Rows) -> dict[tuple[str, str], datetime]:
    seen: dict[tuple[str, str], datetime] = {}
    for row in rows.facts:
        for key in (row[3], row[4]):
            if key is not None:
                seen[row[0], key] = min(seen.get((row[0], key), row[8]), row[8])
    return seen


def _instant(day: date | None, lowest: bool = True) -> datetime | None:
    if day is None:
        return datetime(2026, 1, 1) if lowest else None
    return datetime(day.year, day.month, day.day)


def _write_manifest(directory: Path, snapshot_id: str, data_through: datetime) -> None:
    columns = [{"name": name, "type": "", "meaning": meaning, "unit": None} for name, meaning in MEANINGS.items()]
    tables = {"organizations": {"columns": columns}, "users": {"columns": columns}}
    about = {"snapshot_id": snapshot_id, "built_at": NOW.isoformat(), "data_through": f"{data_through.isoformat()}Z"}
    (directory / "manifest.json").write_text(json.dumps({**about, "tables": tables, "checks": []}))


def _point(link: Path, target: Path) -> None:
    new = link.with_name(f"{link.name}.new")
    new.symlink_to(target)
    os.replace(new, link)


def read(published: Path, statement: str, *parameters: Any) -> list[tuple]:
    """Run SQL on the current snapshot, in a process that may be serving it: then DuckDB wants the same settings."""
    file = (published / "current.duckdb").resolve()
    with duckdb.connect(file, read_only=True, config=dict(READER)) as connection:
        return connection.execute(statement, parameters).fetchall()
