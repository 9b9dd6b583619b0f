"""The two tables as readers see them: names, labels, kinds of value, and what may be searched and filtered.

A column or a filter is declared here and nowhere else: the API's parameters and their description, the statement, the
files, and a page's columns, controls and chips follow. How the values come about is the business of the snapshot's
table macros; their meanings are in its manifest.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "money", "sentiment", "share", "instant", "number", "boolean"]
TableName = Literal["organizations", "users", "conversations"]


@dataclass(frozen=True)
class Filter:
    """How a column chooses rows, by parameters of its name.

    `values`: any of some texts, compared without case and outer white space; `ids`: any of some ids, as they are;
    `conversations`: the same, but it chooses which conversations count, and with them the rows; `bounds`: at least
    (`_min`) and at most (`_max`). An empty text stands for no value. `label` is for a filter that is called otherwise
    than its column.
    """

    by: Literal["values", "ids", "conversations", "bounds"]
    label: str = ""
    on_page: bool = True


VALUES, BOUNDS = Filter("values"), Filter("bounds")
# Bounds that a link or a program asks for, and the page does not offer.
SELDOM = Filter("bounds", on_page=False)


@dataclass(frozen=True)
class Column:
    """One column of a table: its name everywhere, its heading, the kind of its values.

    A chatbot's own field also has its plain name, the name that SQL knows it by, and its meaning (see `custom`).
    """

    name: str
    label: str
    kind: Kind
    by_default: bool = False
    filter: Filter | None = None
    field: str | None = None
    sql_name: str = ""
    meaning: str | None = None

    @property
    def sql(self) -> str:
        """Return the name of the column in SQL."""
        return self.sql_name or self.name

    @property
    def filter_label(self) -> str:
        """Return what a filter by the column is called."""
        return (self.filter and self.filter.label) or self.label

    def filtered_by(self, *ways: str) -> bool:
        """Return whether rows can be chosen by the column in one of these ways."""
        return self.filter is not None and self.filter.by in ways


@dataclass(frozen=True)
class Table:
    """One of the two tables, or their receipt. `id_column` is unique in it and breaks every tie."""

    name: TableName
    singular: str
    id_column: str
    name_column: str
    searched: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column of that name; an unknown name is a KeyError."""
        return {column.name: column for column in self.columns}[name]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return every column's name, in the order of the table."""
        return tuple(column.name for column in self.columns)

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that the table has for every chatbot."""
        return tuple(column.name for column in self.columns if column.field is None)

    @property
    def default_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that a page shows until the reader chooses."""
        return tuple(column.name for column in self.columns if column.by_default)


FURTHER = (
    Column("first_seen_at", "First seen", "instant"),
    Column("messages", "Messages", "count", filter=SELDOM),
    Column("scored_conversations", "Scored conversations", "count", filter=BOUNDS),
    Column("unscored_conversations", "Unscored conversations", "count", filter=SELDOM),
    Column("message_sentiment", "Sentiment by message", "sentiment", filter=SELDOM),
    Column("satisfied_share", "Satisfied", "share", filter=SELDOM),
    Column("neutral_share", "Neutral", "share", filter=SELDOM),
    Column("dissatisfied_share", "Dissatisfied", "share", filter=SELDOM),
    Column("written_conversations", "Conversations with a user message", "count", filter=BOUNDS),
)

ORGANIZATIONS = Table(
    name="organizations",
    singular="organization",
    id_column="organization_id",
    name_column="organization_name",
    searched=("organization_name", "organization_id"),
    columns=(
        Column("organization_id", "Organization ID", "text", filter=Filter("ids", "Organization")),
        Column("organization_name", "Organization", "text", by_default=True),
        Column("plan", "Plan", "text", by_default=True, filter=VALUES),
        Column("industry", "Industry", "text", by_default=True, filter=VALUES),
        Column("mrr", "MRR", "money", by_default=True, filter=BOUNDS),
        Column("conversations", "Conversations", "count", by_default=True, filter=BOUNDS),
        Column("users", "Users", "count", by_default=True, filter=BOUNDS),
        Column("sentiment", "Sentiment", "sentiment", by_default=True, filter=BOUNDS),
        Column("last_activity_at", "Last activity", "instant", by_default=True),
        *FURTHER,
    ),
)

USERS = Table(
    name="users",
    singular="user",
    id_column="user_id",
    name_column="user_name",
    searched=("user_name", "email", "user_id"),
    columns=(
        Column("user_id", "User ID", "text", filter=Filter("ids", "User", on_page=False)),
        Column("user_name", "User", "text", by_default=True),
        Column("email", "Email", "text", by_default=True),
        Column("organization_id", "Organization ID", "text", filter=Filter("conversations", "Organization")),
        Column("organization_name", "Organization", "text", by_default=True),
        Column("plan", "Plan", "text", by_default=True, filter=VALUES),
        Column("industry", "Industry", "text", filter=VALUES),
        Column("mrr", "MRR", "money", by_default=True, filter=BOUNDS),
        Column("conversations", "Conversations", "count", by_default=True, filter=BOUNDS),
        Column("sentiment", "Sentiment", "sentiment", by_default=True, filter=BOUNDS),
        Column("last_activity_at", "Last activity", "instant", by_default=True),
        *FURTHER,
        Column("organization_count", "Organizations", "count", filter=SELDOM),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (ORGANIZATIONS, USERS)}
