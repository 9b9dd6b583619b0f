"""Whether a finished snapshot holds what raw says it must, before consumers see it. What raw says: `raw_counts.py`.

Facts are held against raw by chatbot, staging by its rows, receipts against the ledger's segments, and days against the
previous snapshot: one that shrank needs a reason in the ledger of changes.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import PipelineError
from orchestration.home.engine import open_memory
from orchestration.publish.raw_counts import Counts, Expected

NAMED = 3
# What is left out of the tables is accepted all the same.
_EVERY_DAY = "from snapshot.fct_conversation_days union all from snapshot.excluded_conversation_days"
# What the manifest of a snapshot says was checked.
RECONCILED = (
    "records, conversations and messages of every chatbot are those of raw",
    "no day holds less than in the snapshot before without a reason in the ledger of changes",
)


@dataclass(frozen=True)
class Balance:
    """One chatbot: what raw says, and what was found."""

    chatbot_id: str
    records: int
    records_found: int
    conversations: int
    conversations_found: int
    messages: int
    messages_found: int

    @property
    def is_even(self) -> bool:
        return (self.records, self.conversations, self.messages) == (
            self.records_found,
            self.conversations_found,
            self.messages_found,
        )


@dataclass(frozen=True)
class Reconciliation:
    """All chatbots, and a sentence for everything that does not agree."""

    balances: tuple[Balance, ...]
    faults: tuple[str, ...]


class Unreconciled(PipelineError):
    """The snapshot does not hold what raw says."""

    def __init__(self, found: Reconciliation) -> None:
        super().__init__(
            "The new snapshot does not hold what was accepted, and was not published; the previous one stays. "
            + " ".join(found.faults)
            + " Run `clientele refresh` again: it rebuilds the warehouse and counts raw anew."
        )
        self.reconciliation = found


def reconcile(snapshot: Path, warehouse: Path, previous: Path | None, expected: Expected) -> Reconciliation:
    """Hold the DuckDB file of a draft against raw, the ledger and the previous snapshot's DuckDB file."""
    with open_memory(warehouse.parent) as connection:
        for name, file in (("snapshot", snapshot), ("warehouse", warehouse), ("previous", previous)):
            if file is not None:
                connection.execute("attach '{}' as {} (read_only)".format(str(file).replace("'", "''"), name))
        balances = balance(connection, f"({_EVERY_DAY})", "warehouse.staging.stg_requests", expected.chatbots)
        faults = [
            f"Chatbot {one.chatbot_id}: raw has {one.records:,} request records, {one.conversations:,} conversations"
            f" and {one.messages:,} messages, but {one.records_found:,}, {one.conversations_found:,} and"
            f" {one.messages_found:,} were found."
            for one in balances
            if not one.is_even
        ]
        read = connection.execute(
            "select cast(coalesce(sum(columns(['lines', 'accepted', 'duplicates', 'quarantined'])), 0) as bigint)"
            " from snapshot.receipts"
        ).fetchone()
        if read != expected.lines:
            faults.append(
                f"The receipts say {read} lines, accepted, duplicates and quarantined; the segments {expected.lines}."
            )
        if previous is not None and (days := _shrunken_days(connection)):
            named = ", ".join(f"{day} of {chatbot_id}" for chatbot_id, day in days[:NAMED])
            faults.append(f"{len(days):,} days hold less than before, and nothing that arrived explains it: {named}.")
    return Reconciliation(tuple(balances), tuple(faults[: NAMED + 2]))


def balance(
    connection: duckdb.DuckDBPyConnection, facts: str, staging: str, expected: dict[str, Counts]
) -> list[Balance]:
    """Every chatbot that raw, the facts or staging know."""
    published = {
        chatbot_id: (conversations, messages)
        for chatbot_id, conversations, messages in connection.execute(
            f"select chatbot_id, count(distinct conversation_key), cast(sum(messages) as bigint) from {facts}"
            " group by chatbot_id"
        ).fetchall()
    }
    staged = dict(connection.execute(f"select chatbot_id, count(*) from {staging} group by chatbot_id").fetchall())
    balances = []
    for chatbot_id in sorted(expected.keys() | published.keys() | staged.keys()):
        raw, (conversations, messages) = expected.get(chatbot_id, Counts()), published.get(chatbot_id, (0, 0))
        balances.append(
            Balance(
                chatbot_id,
                raw.records,
                staged.get(chatbot_id, 0),
                raw.conversations,
                conversations,
                raw.messages,
                messages,
            )
        )
    return balances


def _shrunken_days(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Days with fewer conversations or messages than in the previous snapshot, and no reason in the ledger."""
    days = (
        "select chatbot_id, activity_date, count(*) as conversations, sum(messages) as messages"
        " from {}.fct_conversation_days group by all"
    )
    return connection.execute(
        f"""
        with old as ({days.format("previous")}),
        new as ({days.format("snapshot")}),
        explained as (
            select chatbot_id, activity_date from snapshot.refresh_changes, snapshot.snapshot_info
            where published_at = built_at and reason != 'other'
        )
        select old.chatbot_id, cast(old.activity_date as varchar)
        from old
        left join new on old.chatbot_id = new.chatbot_id and old.activity_date = new.activity_date
        anti join explained
            on old.chatbot_id = explained.chatbot_id and old.activity_date = explained.activity_date
        where coalesce(new.conversations, 0) < old.conversations or coalesce(new.messages, 0) < old.messages
        order by all
        """
    ).fetchall()
