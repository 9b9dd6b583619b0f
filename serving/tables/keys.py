"""SQL that reads the rows of a few entities alone: by their keys, which are numbers, where ids are long texts.

Which entities are chosen is the business of `query`.
"""

from collections.abc import Sequence

from serving.snapshot import Chatbot
from serving.tables.columns import Table
from serving.tables.masking import shown_id
from serving.tables.query import TableQuery
from serving.tables.statement import Statement, counted


def key_of(table: Table) -> str:
    """Return the column that has the key of a table's entities, of whatever table."""
    return f"{table.singular}_key"


def has_id(table: Table, ids: Sequence[str], query: TableQuery, chatbot: Chatbot) -> Statement:
    """Return SQL for the condition that a row is of an entity whose id, as this reader sees it, is one of some.

    An empty id stands for no entity.
    """
    key = key_of(table)
    entities = counted(f"dim_{table.name}", f"excluded_{table.name}", query, chatbot)
    theirs = f"{shown_id(table, chatbot)} in ({', '.join('?' * len(ids))})"
    none = f" or {key} is null" if "" in ids else ""
    sql = f"({key} in (select {key} from {entities} where chatbot_id = ? and {theirs}){none})"
    return Statement(sql, [chatbot.chatbot_id, *ids])


def chosen_ids(query: TableQuery) -> tuple[str, ...]:
    """Return the ids that rows are chosen by; none if any will do."""
    return tuple(value for column in query.table.columns if column.filtered_by("ids") for value in query.values(column))


def of_these_alone(asked: Statement, these: Sequence[Statement], query: TableQuery, chatbot: Chatbot) -> Statement:
    """Return a query that reads the days of conversations which meet some conditions, and no others.

    Its tables are looked up where it stands, those of the macros that it calls too: what stands before it under the
    name of one is what it reads. Every reference reads the table for itself, and of it what it needs.
    """
    names = ["fct_conversation_days", *(["excluded_conversation_days"] if query.counts_excluded(chatbot) else [])]
    conditions = " and ".join(one.sql for one in these)
    days = ", ".join(f"{name} as not materialized (select * from {name} where {conditions})" for name in names)
    given = [value for one in these for value in one.parameters]
    return asked.around(f"with {days} {asked.sql}", before=given * len(names))
