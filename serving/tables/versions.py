"""Which version of an entity's attributes is shown: the rule of the table macros, for what reads the history itself."""

from datetime import date

from serving.tables.query import Attributes
from serving.tables.ranges import Days

# Takes the day of `shown_at`, twice.
SHOWN = """
    (shown_from_date is null or shown_from_date <= ?) and (shown_to_date is null or shown_to_date > ?)
"""


def shown_at(days: Days, attributes: Attributes) -> date:
    """Return the day whose end decides: the range's last one, or none that is later, for what holds now."""
    return days.last if attributes == "range_end" and days.last is not None else date.max
