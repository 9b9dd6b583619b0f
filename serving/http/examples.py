"""Example values in the API's description: one organization and its user, as they could be answered. Nobody's data."""

from typing import Any

from serving.tables.columns import Table

CHATBOT = "support"
PARAMETERS: dict[str, Any] = {
    "range": "last_month",
    "first_day": "2026-11-01",
    "last_day": "2026-11-20",
    "search": "acme",
    "sort": "-messages",
    "limit": 100,
    "offset": 0,
    "attributes": "now",
    "excluded": "leave_out",
    "plan": ["pro", ""],
    "industry": ["Retail"],
    "organization_id": ["acme"],
    "user_id": ["u1"],
    "device": ["mobile", ""],
    "country": ["DE"],
    "mrr_min": 500,
    "conversations_min": 5,
    "sentiment_max": -0.2,
    "of": "users",
    "by": "week",
}
VALUES: dict[str, Any] = {
    "organization_id": "acme",
    "organization_name": "Acme",
    "user_id": "u1",
    "user_name": "Nina Berg",
    "email": "nina@acme.example",
    "plan": "pro",
    "industry": "Retail",
    "mrr": 499.5,
    "conversations": 2,
    "users": 1,
    "organizations": 1,
    "organization_count": 1,
    "sentiment": -0.25,
    "message_sentiment": -0.3,
    "last_activity_at": "2026-11-20T10:15:00Z",
    "first_seen_at": "2026-03-02T08:00:00Z",
    "messages": 9,
    "scored_conversations": 2,
    "unscored_conversations": 0,
    "satisfied_share": 0.0,
    "neutral_share": 0.5,
    "dissatisfied_share": 0.5,
    "written_conversations": 2,
    "conversation_id": "c1",
    "first_message_at": "2026-11-20T10:14:59Z",
    "last_message_at": "2026-11-20T10:15:00Z",
    "user_messages": 2,
    "scored_messages": 2,
    "score_sum": -0.8,
    "band": "dissatisfied",
    "conversations_change": -2,
    "sentiment_change": -0.25,
    "status": "returning",
    "speakers": 1,
    "has_user_message": True,
    "device": "mobile",
    "country": "DE",
}
OF_ANSWER = {"data_through": "2026-11-22T10:15:00Z", "snapshot_id": "20261122T101800.000000Z"}
RANGE = {"first_day": "2026-11-01", "last_day": "2026-11-20"}


def with_examples(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return described parameters, each with an example where there is one."""
    return [{**one, "example": PARAMETERS[one["name"]]} if one["name"] in PARAMETERS else one for one in parameters]


def values(names: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """Return an example value for each of some columns."""
    return {name: VALUES[name] for name in names}


def rows(table: Table) -> dict[str, Any]:
    """Return an example of a page of rows."""
    row = {
        name: -0.4 if (table.name, name) == ("conversations", "sentiment") else VALUES[name]
        for name in table.column_names
    }
    return {"rows": [row], "total": 1, **RANGE, **OF_ANSWER}
