"""The two tables as readers see them: names, labels, kinds of value, and what may be searched and filtered.

A column or a filter is declared here and nowhere else: the API's parameters and their description, the statement, the
files, and a page's columns, controls and chips follow. How the values come about is the business of the snapshot's
table macros; their meanings are in its manifest.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text",
    "count",
    "money",
    "sentiment",
    "share",
    "instant",
    "number",
    "boolean",
    "count_change",
    "sentiment_change",
    "trend",
]
TableName = Literal["organizations", "users", "conversations"]


@dataclass(frozen=True)
class Filter:
    """How a column chooses rows, by parameters of its name.

    `values`: any of some texts, compared without case and outer white space; `ids`: any of some ids, as they are;
    `conversations`: the same, but it chooses which conversations count, and with them the rows; `bounds`: at least
    (`_min`) and at most (`_max`); `days`: from (`_from`) one day to (`_to`) another, both included. An empty text
    stands for no value. Of texts and ids also none of some (`_not`), unless `has_not` says otherwise. `label` is for a
    filter that is called otherwise than its column, `choices` for texts that are known beforehand.
    """

    by: Literal["values", "ids", "conversations", "bounds", "days"]
    label: str = ""
    on_page: bool = True
    has_not: bool = True
    choices: tuple[str, ...] = ()


VALUES, BOUNDS, DAYS = Filter("values"), Filter("bounds"), Filter("days")
# The cut points of the conversations' bands, on the mean of a row: beyond 0.2 at nine places, half away from zero.
BANDS = ("satisfied", "neutral", "dissatisfied")
CUT = "0.2000000005"
BAND = f"""
    case when sentiment >= {CUT} then 'satisfied' when sentiment <= -{CUT} then 'dissatisfied'
         when sentiment is not null then 'neutral' end
"""
# Nearly as many values as rows: the search box finds them on a page.
BY_NAME = Filter("values", on_page=False)
# A row beside the period before, from what `comparison` joins to it.
DORMANT = "dormant"
STATUSES = ("new", "returning", "reactivated", DORMANT)
STATUS = f"""
    case when conversations = 0 then '{DORMANT}'
         when range_began_at is null or first_seen_at >= range_began_at then 'new'
         when conversations_before is not null then 'returning'
         when has_before then 'reactivated' end
"""
NOT = "_not"
NEVER_EMPTY: frozenset[Kind] = frozenset({"count", "instant"})


@dataclass(frozen=True)
class Column:
    """One column of a table: its name everywhere, its heading, the kind of its values.

    A chatbot's own field also has its plain name, the name that SQL knows it by, and its meaning (see `custom`). A
    column that the snapshot does not have is `derived` from those of its row, in SQL; it is delivered on request alone.
    One that `is_compared` is derived from the row of the period before too.
    """

    name: str
    label: str
    kind: Kind
    by_default: bool = False
    filter: Filter | None = None
    field: str | None = None
    sql_name: str = ""
    meaning: str | None = None
    derived: str = ""
    is_compared: bool = False

    @property
    def sql(self) -> str:
        """Return the name of the column in SQL."""
        return self.sql_name or self.name

    @property
    def filter_label(self) -> str:
        """Return what a filter by the column is called."""
        return (self.filter and self.filter.label) or self.label

    @property
    def chooses_dormant(self) -> bool:
        """Return whether one of its values is that of rows without activity, which are there only if it is chosen."""
        return self.filter is not None and DORMANT in self.filter.choices

    def filtered_by(self, *ways: str) -> bool:
        """Return whether rows can be chosen by the column in one of these ways."""
        return self.filter is not None and self.filter.by in ways

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the parameters for the least and the greatest value; none if there are no such."""
        if self.filtered_by("days"):
            of = self.name.removesuffix("_at")
            return f"{of}_from", f"{of}_to"
        return (f"{self.name}_min", f"{self.name}_max") if self.filtered_by("bounds") else ()

    @property
    def chosen(self) -> str | None:
        """Return the parameter for values, of which the empty one means none; None if there is no such."""
        is_bound = bool(self.limits)
        return None if self.filter is None or (is_bound and self.kind in NEVER_EMPTY) else self.name

    @property
    def refused(self) -> str | None:
        """Return the parameter for values that rows may not have; None if there is no such."""
        has_not = self.filtered_by("values", "ids") and self.filter is not None and self.filter.has_not
        return f"{self.name}{NOT}" if has_not else None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return every parameter of the filter by the column."""
        return tuple(name for name in (self.chosen, self.refused, *self.limits) if name)


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
        """Return the names of the columns that the snapshot has for every chatbot."""
        return tuple(column.name for column in self.columns if column.field is None and not column.derived)

    @property
    def default_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that a page shows until the reader chooses."""
        return tuple(column.name for column in self.columns if column.by_default)


FURTHER = (
    Column("first_seen_at", "First seen", "instant", filter=DAYS),
    Column("messages", "Messages", "count", filter=BOUNDS),
    Column("scored_conversations", "Scored conversations", "count", filter=BOUNDS),
    Column("unscored_conversations", "Unscored conversations", "count", filter=BOUNDS),
    Column("message_sentiment", "Sentiment by message", "sentiment", filter=BOUNDS),
    Column("satisfied_share", "Satisfied", "share", filter=Filter("bounds", "Satisfied, 0 to 1")),
    Column("neutral_share", "Neutral", "share", filter=Filter("bounds", "Neutral, 0 to 1")),
    Column("dissatisfied_share", "Dissatisfied", "share", filter=Filter("bounds", "Dissatisfied, 0 to 1")),
    Column("written_conversations", "Conversations with a user message", "count", filter=BOUNDS),
    Column(
        "band",
        "Satisfaction",
        "text",
        filter=Filter("values", choices=BANDS),
        derived=BAND,
        meaning="satisfied above 0.2, dissatisfied below -0.2, else neutral, by Sentiment; null without one.",
    ),
    Column(
        "conversations_change",
        "Change of conversations",
        "count_change",
        filter=BOUNDS,
        derived="conversations - conversations_before",
        is_compared=True,
        meaning="Conversations minus those of the period before, which is as long as what the data covers of the "
        "range; null where there was nothing before.",
    ),
    Column(
        "sentiment_change",
        "Change of sentiment",
        "sentiment_change",
        filter=BOUNDS,
        derived="round(sentiment - sentiment_before, 9)",
        is_compared=True,
        meaning="Sentiment minus that of the period before, at nine places; null unless both have one.",
    ),
    Column(
        "status",
        "Status",
        "text",
        filter=Filter("values", choices=STATUSES),
        derived=STATUS,
        is_compared=True,
        meaning="new: first seen in the range; returning: active in the period before too; reactivated: not then, but "
        "earlier; dormant: active before the range and not in it, listed only where it is asked for; null for others "
        "where there is no period before.",
    ),
)

# What pages draw of each row, by the name of the figure: no statement of rows has them, nor any file.
TRENDS = {
    "conversations": Column(
        "conversations_trend",
        "Trend of conversations",
        "trend",
        meaning="Conversations by day, week or month of the range, from 0 to the row's most.",
    ),
    "sentiment": Column(
        "sentiment_trend",
        "Trend of sentiment",
        "trend",
        meaning="Sentiment by day, week or month of the range, from -1 to 1.",
    ),
}

ORGANIZATIONS = Table(
    name="organizations",
    singular="organization",
    id_column="organization_id",
    name_column="organization_name",
    searched=("organization_name", "organization_id"),
    columns=(
        Column("organization_id", "Organization ID", "text", filter=Filter("ids", "Organization")),
        Column("organization_name", "Organization", "text", by_default=True, filter=BY_NAME),
        Column("plan", "Plan", "text", by_default=True, filter=VALUES),
        Column("industry", "Industry", "text", by_default=True, filter=VALUES),
        Column("mrr", "MRR", "money", by_default=True, filter=BOUNDS),
        Column("conversations", "Conversations", "count", by_default=True, filter=BOUNDS),
        Column("users", "Users", "count", by_default=True, filter=BOUNDS),
        Column("sentiment", "Sentiment", "sentiment", by_default=True, filter=BOUNDS),
        Column("last_activity_at", "Last activity", "instant", by_default=True, filter=DAYS),
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
        Column("user_name", "User", "text", by_default=True, filter=BY_NAME),
        Column("email", "Email", "text", by_default=True, filter=BY_NAME),
        Column("organization_id", "Organization ID", "text", filter=Filter("conversations", "Organization")),
        Column("organization_name", "Organization", "text", by_default=True, filter=BY_NAME),
        Column("plan", "Plan", "text", by_default=True, filter=VALUES),
        Column("industry", "Industry", "text", filter=VALUES),
        Column("mrr", "MRR", "money", by_default=True, filter=BOUNDS),
        Column("conversations", "Conversations", "count", by_default=True, filter=BOUNDS),
        Column("sentiment", "Sentiment", "sentiment", by_default=True, filter=BOUNDS),
        Column("last_activity_at", "Last activity", "instant", by_default=True, filter=DAYS),
        *FURTHER,
        Column("organization_count", "Organizations", "count", filter=BOUNDS),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (ORGANIZATIONS, USERS)}
