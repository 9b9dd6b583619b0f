"""User ids under which several e-mails or names stand, read from a published snapshot: most likely placeholders.

How many there are of a chatbot is also in the published table `data_quality`. Nothing is dropped or merged here.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.identity.suggestions import add_normalised


@dataclass(frozen=True)
class Placeholder:
    """A user id with what stands under it, now or earlier: e-mails and names in their newest spelling."""

    chatbot_id: str
    user_id: str
    emails: list[str]
    names: list[str]


def placeholders(database: Path, chatbot_id: str | None = None) -> list[Placeholder]:
    """Such ids of all chatbots or of one, those with the most e-mails and names first."""
    with duckdb.connect(str(database.resolve()), read_only=True) as connection:
        add_normalised(connection)
        rows = connection.execute(
            """
            with spellings as (
                select chatbot_id, user_id, shown_from_date, 'email' as kind, email as spelling from dim_users
                union all
                select chatbot_id, user_id, shown_from_date, 'name', user_name from dim_users
            ),
            values_of as (
                select
                    chatbot_id,
                    user_id,
                    kind,
                    max_by(spelling, coalesce(shown_from_date, date '0001-01-01')) as spelling
                from spellings
                where spelling is not null and not starts_with(user_id, 'email:') and (? is null or chatbot_id = ?)
                group by chatbot_id, user_id, kind, normalised(spelling)
            )
            select
                chatbot_id,
                user_id,
                coalesce(list(spelling order by spelling) filter (where kind = 'email'), []) as emails,
                coalesce(list(spelling order by spelling) filter (where kind = 'name'), []) as names
            from values_of
            group by chatbot_id, user_id
            having len(emails) > 1 or len(names) > 1
            order by len(emails) + len(names) desc, chatbot_id, user_id
            """,
            [chatbot_id, chatbot_id],
        ).fetchall()
    return [Placeholder(*row) for row in rows]
