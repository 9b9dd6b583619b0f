"""How a page writes numbers, money, sentiment and times.

What the values mean, and which rows are shown, is decided elsewhere; exports and the API do not use these formats.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from serving.snapshot import Chatbot
from serving.tables.columns import Column

MISSING = "—"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "AUD": "A$", "CAD": "C$", "BRL": "R$"}
# Every label reaches up to its bound; whether the bound itself belongs to it is the second value.
SENTIMENT_LABELS = (
    (-0.6, True, "Very Negative", "very-negative"),
    (-0.2, False, "Negative", "negative"),
    (0.2, True, "Neutral", "neutral"),
    (0.6, False, "Positive", "positive"),
)
BEST_SENTIMENT = ("Very Positive", "very-positive")


def count(value: int) -> str:
    """Return a count with thousands separators."""
    return f"{value:,}"


def money(value: Decimal, currency: str) -> str:
    """Return an amount with its currency, in full: cents only where there are any, and parts of them alike."""
    places = 0 if value == value.to_integral_value() else 2 if value == round(value, 2) else 4
    amount = f"{abs(value):,.{places}f}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'-' if value < 0 else ''}{symbol}{amount}"


def number(value: Decimal) -> str:
    """Return a number with thousands separators and the decimal places that it has."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float) -> str:
    """Return a share as a whole percentage."""
    return f"{value:.0%}"


def change(value: float) -> str:
    """Return a relative change as a signed whole percentage."""
    text = f"{value:+.0%}"
    return "±0%" if text in ("+0%", "-0%") else text


def sentiment(value: float) -> dict[str, str]:
    """Return a sentiment's label by its unrounded value, its signed two decimals, and the tone of its colour."""
    text = f"{value:+.2f}"
    label, tone = BEST_SENTIMENT
    for bound, inclusive, bound_label, bound_tone in SENTIMENT_LABELS:
        if value < bound or (inclusive and value == bound):
            label, tone = bound_label, bound_tone
            break
    return {"label": label, "tone": tone, "text": "0.00" if float(text) == 0 else text}


def day(value: date) -> str:
    """Return a day like Nov 22, 2026."""
    return f"{value:%b} {value.day}, {value.year}"


def days(first: date | None, last: date | None) -> str:
    """Return a range of days, without saying twice what both ends share."""
    if first is None or last is None:
        return f"{day(first)} onwards" if first else f"Until {day(last)}" if last else "All time"
    if first == last:
        return day(first)
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    end = str(last.day) if first.month == last.month else f"{last:%b} {last.day}"
    return f"{first:%b} {first.day} – {end}, {last.year}"


def instant(value: datetime, time_zone: str, with_zone: bool = False) -> str:
    """Return an instant like Nov 22, 2026, 10:15 AM in a zone; a time without a zone is UTC."""
    local = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(ZoneInfo(time_zone))
    name = local.tzname() or ""
    zone = f"UTC{name}" if name[:1] in "+-" else name
    text = f"{day(local)}, {local.hour % 12 or 12}:{local:%M %p}"
    return f"{text} {zone}" if with_zone and zone else text


def own_value(value: str | Decimal | bool | None) -> str:
    """Return a value of one of the chatbot's own fields, of whatever type it is."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return MISSING if value is None else number(value) if isinstance(value, Decimal) else value


def cell(column: Column, value: Any, chatbot: Chatbot) -> Any:
    """Return what a cell of the page shows."""
    if value is None:
        return None if column.kind == "sentiment" else MISSING
    match column.kind:
        case "count":
            return count(value)
        case "money":
            return money(value, chatbot.currency)
        case "number":
            return number(value)
        case "boolean":
            return "Yes" if value else "No"
        case "share":
            return share(value)
        case "count_change":
            return f"{value:+,}" if value else "0"
        case "sentiment_change":
            text = f"{value:+.2f}"
            return "0.00" if float(text) == 0 else text
        case "sentiment":
            return sentiment(value)
        case "instant":
            return instant(value, chatbot.time_zone)
    return value
