"""The totals above a page's rows, and how they changed. The numbers are read in `totals`, in tables."""

from dataclasses import dataclass, field
from datetime import date

from serving.pages import formats
from serving.snapshot import Chatbot
from serving.tables.ranges import Days
from serving.tables.totals import Totals

COUNTED = {"conversations": "conversation", "users": "user", "organizations": "organization"}
# What a conversation lacks that is in no row of a table.
OWNERS = {"organizations": "an organization", "users": "a user"}


@dataclass(frozen=True)
class Figure:
    """A total with its name, how it changed, and what it was before."""

    name: str
    text: str
    change: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class TotalsLine:
    """The figures of a result; what they are compared with, if anything; and what is in none of them."""

    figures: list[Figure] = field(default_factory=list)
    compared: str | None = None
    beside: str | None = None


def totals_line(
    found: Totals, chatbot: Chatbot, table: str, days: Days, covered: date | None, unassigned: int = 0
) -> TotalsLine:
    """Return the totals in words and numbers; nothing where there is nothing to add up.

    `days` are those of the range; of these the data covers those up to `covered`. `unassigned` conversations of the
    range are in no row.
    """
    beside = _beside(unassigned, table)
    mrr = found.totals.get("mrr")
    paid = [] if mrr is None else [Figure("MRR", formats.money(mrr, chatbot.currency))]
    if not found.totals["conversations"]:  # no rows, or dormant ones, which pay
        return TotalsLine(paid, beside=beside)
    figures = [_count(found, name, noun) for name, noun in COUNTED.items()]
    if found.totals["sentiment"] is not None:
        figures.append(_sentiment(found))
    return TotalsLine([*figures, *paid], _compared(found, days, covered), beside)


def _compared(found: Totals, days: Days, covered: date | None) -> str | None:
    if found.previous_days is None:
        return None
    last = min(day for day in (days.last, covered) if day is not None)
    return f"{formats.days(days.first, last)} compared with {formats.days(*found.previous_days)}"


def _beside(unassigned: int, table: str) -> str | None:
    if not unassigned:
        return None
    one = unassigned == 1
    which = f"conversation{'' if one else 's'} without {OWNERS[table]}"
    return f"{formats.count(unassigned)} {which} {'is' if one else 'are'} in no row"


def _count(found: Totals, name: str, noun: str) -> Figure:
    value = found.totals[name]
    label = noun if value == 1 else f"{noun}s"
    if found.previous is None:
        return Figure(label, formats.count(value))
    before = found.previous[name]
    change = found.change[name] if found.change else None
    return Figure(
        label,
        formats.count(value),
        None if change is None else formats.change(change),
        formats.count(before),
    )


def _sentiment(found: Totals) -> Figure:
    now = found.totals["sentiment"]
    before = found.previous["sentiment"] if found.previous else None
    text = _signed(now)
    if before is None:
        return Figure("sentiment", text)
    return Figure("sentiment", text, f"{now - before:+.2f}", _signed(before))


def _signed(sentiment: float) -> str:
    return formats.sentiment(sentiment)["text"]
