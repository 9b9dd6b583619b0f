"""The line of totals above a page's rows, and how they changed. The numbers are read in `totals`."""

from dash import html
from dash.development.base_component import Component

from serving.pages import formats
from serving.tables.totals import Totals

NOUNS = {"conversations": "conversation", "users": "user", "organizations": "organization"}


def totals_line(found: Totals) -> list[Component]:
    """Return the line, in words and numbers; nothing where there is nothing to add up."""
    if not found.totals["conversations"]:
        return []
    parts = [_count(found, name, noun) for name, noun in NOUNS.items()]
    if found.totals["sentiment"] is not None:
        parts.append(_part(f"sentiment {formats.sentiment(found.totals['sentiment'])['text']}", _moved(found)))
    if found.previous_days:
        parts.append(html.Span(f"compared with {formats.days(*found.previous_days)}", className="compared"))
    return parts


def _count(found: Totals, name: str, noun: str) -> Component:
    value = found.totals[name]
    change = found.change[name] if found.change else None
    text = f"{formats.count(value)} {noun}{'' if value == 1 else 's'}"
    return _part(text, None if change is None else formats.change(change))


def _moved(found: Totals) -> str | None:
    change = found.change["sentiment"] if found.change else None
    return None if change is None else f"{change:+.2f}"


def _part(text: str, change: str | None) -> Component:
    return html.Span([text, html.Span(f" ({change})", className="change") if change else None], className="sum")
