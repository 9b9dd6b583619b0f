"""What a page is asked for, and the answers to it that several parts of the page need.

Each part reads what it shows through here; what does not depend on order and page is remembered, so that sorting costs
the rows alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from serving.pages import links
from serving.snapshot import Chatbot, Snapshot
from serving.tables.activity import closed
from serving.tables.columns import Table
from serving.tables.query import TableQuery
from serving.tables.ranges import Days, today_of

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A state of one chatbot's table, of one snapshot, at an instant. `search` is the query string that asks it.

    On the page of one row, `entity_id` says whose it is; the overview asks as Organizations does.
    """

    snapshot: Snapshot
    chatbot: Chatbot
    query: TableQuery
    search: str
    now: datetime
    entity_id: str | None = None
    is_overview: bool = False

    @property
    def table(self) -> Table:
        """Return the table, with the chatbot's own fields."""
        return self.query.table

    @property
    def days(self) -> Days:
        """Return the days asked for; None is an open end."""
        return self.query.days(self.chatbot, self.now)

    @property
    def today(self) -> date:
        """Return the day that it is for the chatbot."""
        return today_of(self.chatbot, self.now)

    @property
    def covered(self) -> date | None:
        """Return the day that the data runs through; None without data."""
        through = self.snapshot.data_through
        return through and today_of(self.chatbot, through)

    def closed_days(self) -> Days:
        """Return the days with open ends closed."""
        return self.remembered("days", lambda: closed(self.snapshot, self.query, self.chatbot, self.now))

    def remembered(self, what: str, read: Callable[[], T]) -> T:
        """Return an answer that depends on range, search and filters, and neither on order nor on page."""
        about = (self.table.name, self.entity_id, links.question(self.search), self.days)
        return self.of_chatbot(f"{what} of a table", read, *about)

    def of_chatbot(self, what: str, read: Callable[[], T], *about: object) -> T:
        """Return an answer about the chatbot that depends on nothing else than what is given."""
        return self.snapshot.answer(self.chatbot, (what, self.today, *about), read)
