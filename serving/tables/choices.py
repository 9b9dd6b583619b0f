"""What a filter offers to choose from: values, how many rows each would leave, and what chosen ones are called.

Which rows a filter keeps is in `results`; how a page shows its choices is in pages.
"""

from dataclasses import dataclass
from datetime import datetime

from serving.snapshot import Chatbot, Snapshot
from serving.tables import custom
from serving.tables.columns import STATUSES, Column
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.query_models import query_of
from serving.tables.ranges import Days
from serving.tables.results import rows_of
from serving.tables.statement import IN_RANGE, Statement, counted, counted_days, folded, searchable


@dataclass(frozen=True)
class Choice:
    """A value that a filter offers, and how many rows the table would have by it; None where that is not known."""

    value: str
    label: str
    rows: int | None


def read_choices(
    snapshot: Snapshot, query: TableQuery, column: str, chatbot: Chatbot, now: datetime, text: str = "", most: int = 100
) -> list[Choice]:
    """Read what a filter on a column offers: the values that most rows have which the query's other filters keep.

    Spellings that differ in case or outer white space are one choice, labelled as the newest row spells it. The empty
    value is a choice of its own. `text` keeps the choices that contain it.
    """
    days = query.days(chatbot, now)
    of = query.table.column(column)
    others = query.without(of).model_copy(update={"columns": [column], "sort": query.table.id_column})
    if of.chooses_dormant:
        others = others.model_copy(update={column: ["", *STATUSES]})
    asked = (others.question(), days, column, text.strip(), most)
    return snapshot.answer(
        chatbot, ("choices", *asked), lambda: _read(snapshot, others, of, chatbot, days, text.strip(), most)
    )


def _read(
    snapshot: Snapshot, query: TableQuery, column: Column, chatbot: Chatbot, days: Days, text: str, most: int
) -> list[Choice]:
    if column.filtered_by("conversations"):
        offered = _organizations_with_rows(query, chatbot, days, snapshot)
    else:
        offered = _values_with_rows(query, column, chatbot, days, snapshot)
    sql = f"""
        with choices as ({offered.sql})
        select coalesce(newest_value, ''), coalesce(trim(label), ''), row_count
        from choices
        where ? = '' or contains({searchable("label")}, {searchable("?")})
        order by row_count desc, {searchable("label")} nulls last, folded_value
        limit ?
    """
    return [Choice(*row) for row in offered.around(sql, after=[text, text, most]).read(snapshot)]


def _values_with_rows(query: TableQuery, column: Column, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return the statement for a column's values, each in the spelling of its newest row; ids by their names."""
    kept = rows_of(query, chatbot, days, snapshot)
    is_id = column.filtered_by("ids")
    shown = column.sql if is_id else custom.text_of(column)
    newest = "first({} order by last_activity_at desc, {})"
    sql = f"""
        select
            coalesce({shown if is_id else folded(shown)}, '') as folded_value,
            {newest.format(shown, query.table.id_column)} as newest_value,
            {newest.format(query.table.name_column if is_id else shown, query.table.id_column)} as label,
            count(*) as row_count
        from ({kept.sql})
        group by all
    """
    return kept.around(sql)


def _organizations_with_rows(query: TableQuery, chatbot: Chatbot, days: Days, snapshot: Snapshot) -> Statement:
    """Return the statement for the organizations, and how many users the table has when one is chosen.

    What is asked of figures is then asked of those of that organization's conversations alone: how many users these
    leave is not counted, and unknown.
    """
    columns = query.table.columns
    of_figures = [column for column in columns if _is_of_conversations(column) and query.filters(column)]
    of_users = query
    for column in of_figures:
        of_users = of_users.without(column)
    chosen, kept = "", Statement("", [])
    if query.search.strip() or any(map(of_users.filters, columns)):
        kept = rows_of(of_users, chatbot, days, snapshot)
        chosen = f"and {shown_id(query.table, chatbot)} in (select {query.table.id_column} from ({kept.sql}))"
    every = query_of("organizations", chatbot)(attributes=query.attributes, excluded=query.excluded)
    named = rows_of(every, chatbot, days, snapshot)
    sql = f"""
        select
            coalesce(organization_id, '') as folded_value,
            folded_value as newest_value,
            any_value(organization_name) as label,
            {"cast(null as bigint)" if of_figures else "count(distinct user_key)"} as row_count
        from (
            select * from {counted_days(query, chatbot)}
            where chatbot_id = ? and user_key is not null
                and {IN_RANGE} {chosen}
        )
        left join (select organization_id, organization_name from ({named.sql})) using (organization_id)
        group by all
    """
    holds = (*kept.holds, *named.holds)
    return Statement(sql, [chatbot.chatbot_id, *days, *kept.parameters, *named.parameters], holds)


def _is_of_conversations(column: Column) -> bool:
    """Return whether a user's value depends on which of the conversations count."""
    figures = column.kind in ("count", "sentiment", "share") or column.name in ("last_activity_at", "organization_name")
    return column.field is None and (figures or bool(column.derived))


def read_organization_names(
    snapshot: Snapshot, query: TableQuery, chatbot: Chatbot, organization_ids: list[str]
) -> dict[str, str]:
    """Read the newest names of organizations of a chatbot that count, by id."""
    sql = f"""
        select organization_id, coalesce(organization_name, organization_id)
        from {counted("dim_organizations", "excluded_organizations", query, chatbot)}
        where chatbot_id = ? and organization_id in (select unnest(?::varchar[])) and valid_to is null
    """
    return dict(Statement(sql, [chatbot.chatbot_id, organization_ids]).read(snapshot))
