"""The ledger `refresh_changes`: which published days a run changed, by how much, and why.

Found by comparing the previous snapshot with the new one, so that only what readers see change is listed; what was
touched (`transform/touched.py`) limits the comparison and tells the reasons. It holds counts only, and no identity.
"""

from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.erasure.tombstones import NOBODY, Tombstones

# One row for each reason, so that reasons can be filtered and counted; the day's totals are the same in each.
LEDGER = """
create table snapshot.refresh_changes (
    run_id varchar not null,
    published_at timestamp not null,
    chatbot_id varchar not null,
    activity_date date not null,
    reason varchar not null,
    changed_conversations bigint not null,
    changed_versions bigint not null,
    conversations_before bigint not null,
    conversations_after bigint not null,
    messages_before bigint not null,
    messages_after bigint not null,
    scored_messages_before bigint not null,
    scored_messages_after bigint not null,
    score_sum_before decimal(38, 12) not null,
    score_sum_after decimal(38, 12) not null
)
"""
_COMPARED = ("fct_conversation_days", "dim_users", "dim_organizations", "chatbots")
# Columns of the histories that are no attribute.
_NOT_ATTRIBUTES = {"chatbot_id", "valid_from", "valid_to", "shown_from_date", "shown_to_date", "first_seen_at"}


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    previous: Path | None,
    *,
    only_touched: bool,
    run_id: str,
    published_at: datetime,
    erased: Tombstones = NOBODY,
) -> None:
    """Create the ledger in the attached `snapshot`: the previous snapshot's rows, then those of this run.

    `previous` is the previous snapshot's DuckDB file. The snapshot's marts are written, and what was touched stands in
    the temporary table `touched`: all of what can have changed where `only_touched` says so.
    """
    _attach_previous(connection, previous)
    _touch_exclusions(connection)
    _find_erased(connection, erased)
    _find_conversations(connection, only_touched=only_touched)
    _explain_conversations(connection)
    _find_versions(connection, only_touched=only_touched)
    connection.execute(LEDGER)
    if _columns(connection, "previous", "refresh_changes"):
        connection.execute("insert into snapshot.refresh_changes by name select * from previous.refresh_changes")
    _write_days(connection, run_id, published_at)
    connection.execute("detach previous")


def _attach_previous(connection: duckdb.DuckDBPyConnection, previous: Path | None) -> None:
    """Attach the previous snapshot; before the first there is an empty one."""
    if previous is not None:
        connection.execute("attach '{}' as previous (read_only)".format(str(previous).replace("'", "''")))
        return
    connection.execute("attach ':memory:' as previous")
    connection.execute("create table previous.snapshot_info (built_at timestamp, data_through timestamp)")
    for table in _COMPARED:
        connection.execute(f"create table previous.{table} as select * from snapshot.{table} limit 0")


def _find_erased(connection: duckdb.DuckDBPyConnection, erased: Tombstones) -> None:
    """The conversations that were erased since the previous snapshot, with the users and organizations they were of."""
    connection.execute("create temp table erased (kind varchar, entity_key bigint)")
    if erased.erased_at is None:
        return
    connection.execute(
        """
        insert into erased
        with conversations as (
            select days.* from previous.fct_conversation_days as days, previous.snapshot_info as info
            where days.conversation_key in (select unnest(?::bigint[])) and info.built_at < ?
        )
        select distinct unnest(['conversation', 'user', 'organization']),
            unnest([conversation_key, user_key, organization_key])
        from conversations
        """,
        [sorted(erased.conversation_keys), erased.erased_at],
    )


def _touch_exclusions(connection: duckdb.DuckDBPyConnection) -> None:
    """Conversations that `exclude.csv` leaves out on one side alone are touched by it."""
    sides = [f"select conversation_key from {side}.excluded_conversation_days" for side in ("previous", "snapshot")]
    if not _columns(connection, "previous", "excluded_conversation_days"):
        sides[0] = "select conversation_key from snapshot.excluded_conversation_days limit 0"
    connection.execute(
        f"""
        insert into touched
        with before as ({sides[0]}), after as ({sides[1]})
        select 'conversation', conversation_key, 'exclusion'
        from ((from before except from after) union (from after except from before))
        """
    )


def _columns(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> set[str]:
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and table_name = ?", [database, table]
    ).fetchall()
    return {name for (name,) in rows}


def _find_conversations(connection: duckdb.DuckDBPyConnection, *, only_touched: bool) -> None:
    """One row per conversation and day that is not as it was. When the conversation began is no number of the day."""
    kept = (
        "conversation_key in (select entity_key from touched where kind = 'conversation')" if only_touched else "true"
    )
    # Snapshots of older versions know no sessions: then nothing is said of them.
    knows_sessions = {"device", "country"} <= _columns(connection, "previous", "fct_conversation_days")
    session = "row(new.device, new.country) is distinct from row(old.device, old.country)"
    connection.execute(
        f"""
        create temp table changed_conversations as
        with old as (select * from previous.fct_conversation_days where {kept}),
        new as (select * from snapshot.fct_conversation_days where {kept}),
        compared as (
            select
                coalesce(new.chatbot_id, old.chatbot_id) as chatbot_id,
                coalesce(new.activity_date, old.activity_date) as activity_date,
                coalesce(new.conversation_key, old.conversation_key) as conversation_key,
                row(new.messages, new.user_messages, new.first_message_at, new.last_message_at) is distinct from
                    row(old.messages, old.user_messages, old.first_message_at, old.last_message_at)
                    as has_other_messages,
                row(new.scored_messages, new.score_sum) is distinct from row(old.scored_messages, old.score_sum)
                    as has_other_scores,
                row(new.user_key, new.organization_key) is distinct from row(old.user_key, old.organization_key)
                    and new.conversation_key = old.conversation_key as has_other_owner,
                {session if knows_sessions else "false"} and new.conversation_key = old.conversation_key
                    as has_other_session
            from old
            full outer join new
                on old.conversation_key = new.conversation_key and old.activity_date = new.activity_date
        )
        select * from compared
        where has_other_messages or has_other_scores or has_other_owner or has_other_session
        """
    )


def _explain_conversations(connection: duckdb.DuckDBPyConnection) -> None:
    """Each changed conversation and day with every reason that explains what is other about it; `other` without one."""
    connection.execute(
        """
        create temp table explained_conversations as
        with clock as (
            select
                chatbots.chatbot_id,
                cast(timezone(chatbots.time_zone, timezone('UTC', info.data_through)) as date) as seen_through
            from snapshot.chatbots as chatbots
            cross join previous.snapshot_info as info
        ),
        explained as (
            select
                changed.*,
                case
                    when changed.conversation_key in (select entity_key from erased where kind = 'conversation')
                        then 'erasure'
                    when touched.reason = 'exclusion' and has_other_messages then 'exclusion'
                    when touched.reason = 'request' and has_other_messages
                        then if(changed.activity_date < clock.seen_through, 'late message', 'message')
                    when touched.reason = 'request' and has_other_owner then 'owner'
                    when touched.reason = 'request' and has_other_session then 'attribute'
                    when touched.reason = 'score' and has_other_scores then 'score'
                    when touched.reason = 'identity' and has_other_owner then 'identity'
                    when touched.reason = 'settings' and (has_other_messages or has_other_scores) then 'settings'
                end as reason
            from changed_conversations as changed
            left join touched on touched.kind = 'conversation' and touched.entity_key = changed.conversation_key
            left join clock on clock.chatbot_id = changed.chatbot_id
        )
        select distinct chatbot_id, activity_date, conversation_key, coalesce(reason, 'other') as reason
        from explained
        qualify reason is not null or count(reason) over (partition by conversation_key, activity_date) = 0
        """
    )


def _find_versions(connection: duckdb.DuckDBPyConnection, *, only_touched: bool) -> None:
    """One row per instant from which a user or an organization that readers know shows other attributes than it did.

    Both histories are compared at every beginning of a version in either. The first attributes of a new one are no
    change: its messages are.
    """
    kept = "entity_key in (select entity_key from touched where kind != 'conversation')" if only_touched else "true"
    connection.execute(
        f"""
        create temp table changed_versions as
        with old as ({_versions(connection, "previous", kept)}),
        new as ({_versions(connection, "snapshot", kept)}),
        beginnings as (
            select
                coalesce(new.kind, old.kind) as kind,
                coalesce(new.entity_key, old.entity_key) as entity_key,
                coalesce(new.chatbot_id, old.chatbot_id) as chatbot_id,
                coalesce(new.begins_at, old.begins_at) as begins_at,
                coalesce(new.valid_from, old.valid_from) as valid_from
            from old
            full outer join new
                on old.kind = new.kind and old.entity_key = new.entity_key and old.begins_at = new.begins_at
        )
        select
            beginnings.*,
            cast(timezone(chatbots.time_zone, timezone('UTC', beginnings.valid_from)) as date) as activity_date,
            case
                when (beginnings.kind, beginnings.entity_key) in (select (kind, entity_key) from erased) then 'erasure'
                when previously.mrr_unit != chatbots.mrr_unit then 'settings'
                when exists (
                    select 1 from touched
                    where
                        touched.kind = beginnings.kind and touched.entity_key = beginnings.entity_key
                        and touched.reason = 'identity'
                ) then 'identity'
                else 'attribute'
            end as reason
        from beginnings
        asof join old
            on old.kind = beginnings.kind and old.entity_key = beginnings.entity_key
            and old.begins_at <= beginnings.begins_at
        asof join new
            on new.kind = beginnings.kind and new.entity_key = beginnings.entity_key
            and new.begins_at <= beginnings.begins_at
        inner join snapshot.chatbots as chatbots on beginnings.chatbot_id = chatbots.chatbot_id
        inner join previous.chatbots as previously on beginnings.chatbot_id = previously.chatbot_id
        where old.attributes is distinct from new.attributes
        """
    )


def _versions(connection: duckdb.DuckDBPyConnection, side: str, kept: str) -> str:
    """SQL for the versions of one side, with the attributes that both sides have as one value.

    The first version begins before everything: it shows on earlier days too.
    """
    selects = []
    for kind in ("user", "organization"):
        table, own = f"dim_{kind}s", {f"{kind}_id", f"{kind}_key"}
        both = _columns(connection, "previous", table) & _columns(connection, "snapshot", table)
        attributes = ", ".join(f'cast("{name}" as varchar)' for name in sorted(both - own - _NOT_ATTRIBUTES))
        selects.append(
            f"select '{kind}' as kind, {kind}_key as entity_key, chatbot_id, valid_from,"
            " if(shown_from_date is null, timestamp '0001-01-01', valid_from) as begins_at,"
            f" [{attributes}] as attributes from {side}.{table} where {kept.replace('entity_key in', f'{kind}_key in')}"
        )
    return " union all ".join(selects)


def _write_days(connection: duckdb.DuckDBPyConnection, run_id: str, published_at: datetime) -> None:
    """Add this run's rows to the ledger: the changed days by reason, with their totals on both sides."""
    totals = """
        select chatbot_id, activity_date, count(*) as conversations, sum(messages) as messages,
            sum(scored_messages) as scored_messages, sum(score_sum) as score_sum
        from {}.fct_conversation_days semi join changed using (chatbot_id, activity_date)
        group by chatbot_id, activity_date
    """
    sides = ", ".join(
        f"coalesce({side}.{measure}, 0)"
        for measure in ("conversations", "messages", "scored_messages", "score_sum")
        for side in ("old", "new")
    )
    connection.execute(
        f"""
        insert into snapshot.refresh_changes
        with changed as (
            select
                chatbot_id,
                activity_date,
                reason,
                count(conversation_key) as changed_conversations,
                count(entity_key) as changed_versions
            from (
                select chatbot_id, activity_date, reason, conversation_key, null as entity_key
                from explained_conversations
                union all
                select chatbot_id, activity_date, reason, null, entity_key from changed_versions
            )
            group by chatbot_id, activity_date, reason
        ),
        old as ({totals.format("previous")}),
        new as ({totals.format("snapshot")})
        select ?, ?, chatbot_id, activity_date, reason, changed_conversations, changed_versions, {sides}
        from changed
        left join old using (chatbot_id, activity_date)
        left join new using (chatbot_id, activity_date)
        order by chatbot_id, activity_date, reason
        """,
        [run_id, published_at],
    )
