"""The pipeline's private DuckDB file: what of raw it has not processed yet, and what a dbt run is handed.

`prepare` before the models run, `commit` after every one of them and every test passed. A crash between the two loses
nothing: what was not committed is still pending, and the models rebuild what is pending from raw. A file whose content
is not what was committed (`seal.py`) is deleted and built anew from raw. The SQL of the models is in `dbt_project`;
consumers never open this file.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.errors import PipelineError
from orchestration.extract.landing.intact import require_intact
from orchestration.extract.landing.ledger import arrivals, committed_files
from orchestration.extract.records.keys import key_of
from orchestration.extract.scoring import score_file_of
from orchestration.home.chatbots import Chatbot, read_chatbots, with_unlisted
from orchestration.home.engine import open_database
from orchestration.identity.mapping import Merge, read_identity
from orchestration.transform.seal import (
    broken_seal,
    close_seal,
    is_rebuilding,
    open_seal,
    seal_path,
    wal_path,
)
from orchestration.transform.standing import hand_out_standing
from orchestration.transform.touched import keep_touched

RAW_TABLES = ("requests", "messages", "analyses", "scores", "custom_fields")

_SCHEMA = """
create schema if not exists raw;
create schema if not exists inputs;
create schema if not exists state;
create table if not exists state.segments (arrival_date date, segment_id varchar, build_id varchar);
-- What the newest run was handed: a run that was killed may have built some of it.
create table if not exists inputs.pending_segments (arrival_date date, segment_id varchar);
create table if not exists state.chatbots
    (chatbot_id varchar, name varchar, time_zone varchar, week_start varchar, currency varchar, mrr_unit varchar);
create table if not exists state.identity (chatbot_id varchar, kind varchar, from_id varchar, to_id varchar);
-- Entities whose mapping a run began to change: they stay here until a run commits.
create table if not exists state.entities_in_doubt (kind varchar, entity_key bigint);
create table if not exists state.build (build_id varchar, fingerprint varchar, data_through timestamp);
"""


@dataclass(frozen=True)
class Window:
    """Arrival days from `first` to `last`, both included; None is unbounded."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


ALWAYS = Window()


class Slice(NamedTuple):
    """What one raw segment holds of one arrival day: the unit in which raw is processed."""

    arrival_date: date
    segment_id: str


@dataclass(frozen=True)
class Work:
    """What a run of the models has to do: raw segments, changed chatbots and changed entities.

    `rebuild` says why the warehouse is built anew from raw; None where it goes on from what it holds.
    """

    segments: int
    chatbots: int
    entities: int
    rebuild: str | None


@dataclass(frozen=True)
class Build:
    """The last committed state: its id and the arrival time of the newest record in it."""

    build_id: str
    data_through: str | None


def models_fingerprint(dbt_project: Path, *settings: str) -> str:
    """Changes when the models or a setting that shapes every number change: then everything is rebuilt from raw."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted([*dbt_project.glob("models/**/*.sql"), *dbt_project.glob("macros/**/*.sql")]):
        digest.update(path.relative_to(dbt_project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((dbt_project / "dbt_project.yml").read_bytes())
    digest.update("\0".join(settings).encode())
    return digest.hexdigest()


@contextmanager
def connect(warehouse: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, opened for writing or for reading. Raises PipelineError when another process is writing it."""
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = open_database(warehouse, read_only=read_only)
    except duckdb.IOException as error:
        if "could not set lock" in str(error).lower():
            raise PipelineError(
                f"{warehouse} is open in another process. Wait for the other refresh to end, or close the program."
            ) from None
        raise
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def read_build(warehouse: Path) -> Build | None:
    """The last committed build; None before the first, and where the warehouse is not what was committed."""
    if not warehouse.exists() or broken_seal(warehouse):
        return None
    try:
        with connect(warehouse, read_only=True) as connection:
            row = connection.execute("select build_id, cast(data_through as varchar) from state.build").fetchone()
    except duckdb.Error:
        return None
    return Build(*row) if row else None


def processed_slices(warehouse: Path) -> list[Slice]:
    """What of raw the committed build holds."""
    with connect(warehouse, read_only=True) as connection:
        rows = connection.execute("select distinct arrival_date, segment_id from state.segments").fetchall()
    return [Slice(*row) for row in rows]


def pending_days(home: Path, warehouse: Path, fingerprint: str, window: Window = ALWAYS) -> tuple[set[date], bool]:
    """Arrival days of landed segments that are not processed, and whether settings, mapping or models changed."""
    if _why_rebuild(home, warehouse, fingerprint):
        return {one.arrival_date for one in _in_window(home, ALWAYS)}, True
    if not warehouse.exists():
        return {one.arrival_date for one in _in_window(home, window)}, False
    with connect(warehouse, read_only=True) as connection:
        todo = _unprocessed(connection, _in_window(home, ALWAYS if is_rebuilding(warehouse) else window))
        chatbots = _changed_chatbots(connection, _known_chatbots(connection, home, set()))
        entities = _changed_entities(connection, read_identity(home / "identity.csv"))
    return {one.arrival_date for one in todo}, bool(chatbots or entities)


def prepare(
    home: Path,
    warehouse: Path,
    fingerprint: str,
    window: Window = ALWAYS,
    *,
    full: bool = False,
    run_id: str = "refresh",
) -> Work:
    """Point the models' sources at what is pending; with `full`, or where the warehouse is unfit, at all of raw.

    From here to `commit` the warehouse is open to the dbt of the run `run_id`. Raises PipelineError for faults in
    `chatbots.csv` and `identity.csv`, and for raw files that are missing or damaged.
    """
    rebuild = _why_rebuild(home, warehouse, fingerprint) or ("it was asked for" if full else None)
    merges = read_identity(home / "identity.csv")
    if rebuild:
        require_intact(home, read=None)
        delete_warehouse(warehouse)
    whole = bool(rebuild) or is_rebuilding(warehouse)
    open_seal(warehouse, run_id, rebuilding=whole)
    with connect(warehouse) as connection:
        connection.execute(_SCHEMA)
        keep_touched(connection)
        begun = connection.execute("select arrival_date, segment_id from inputs.pending_segments").fetchall()
        todo = [
            one
            for one in _unprocessed(connection, _in_window(home, ALWAYS))
            if whole or one.arrival_date in window or one in begun
        ]
        if not rebuild:
            require_intact(home, read={one.segment_id for one in todo})
        return replace(_hand_out(connection, home, merges, todo), rebuild=rebuild)


def prepare_copy(home: Path, copy: Path) -> None:
    """Point the models' sources in a copy of the warehouse, or in a new file, at all of raw."""
    merges = read_identity(home / "identity.csv")
    with connect(copy) as connection:
        connection.execute(_SCHEMA)
        connection.execute("delete from state.segments")
        _hand_out(connection, home, merges, _in_window(home, ALWAYS))


def delete_warehouse(warehouse: Path) -> None:
    """Delete the file with all that belongs to it. Raises PipelineError when another process has it open."""
    if warehouse.exists():
        with suppress(duckdb.Error), connect(warehouse):
            pass  # a file that another process has open must not be deleted under it
    for path in (warehouse, wal_path(warehouse), seal_path(warehouse)):
        path.unlink(missing_ok=True)
    shutil.rmtree(by_hand_folder(warehouse), ignore_errors=True)


def by_hand_folder(warehouse: Path) -> Path:
    """Where dbt works that a person starts: on a copy, which goes when the warehouse is built anew."""
    return warehouse.with_name("by_hand")


def commit(warehouse: Path, fingerprint: str, build_id: str) -> None:
    """Mark what `prepare` handed out as processed. Call it after the models and their tests passed."""
    with connect(warehouse) as connection:
        connection.begin()
        connection.execute(
            "insert into state.segments select arrival_date, segment_id, ? from inputs.pending_segments", [build_id]
        )
        connection.execute("delete from state.chatbots")
        connection.execute("insert into state.chatbots select * exclude (is_changed) from inputs.chatbots")
        connection.execute("delete from state.identity")
        connection.execute("insert into state.identity select chatbot_id, kind, from_id, to_id from inputs.identity")
        connection.execute("delete from state.entities_in_doubt")
        (data_through,) = connection.execute(
            """
            select max(received_at) from (
                select max(data_through) as received_at from state.build
                union all select max(received_at) from raw.requests
                union all select max(received_at) from raw.analyses
            )
            """
        ).fetchall()[0]
        connection.execute("delete from state.build")
        connection.execute("insert into state.build values (?, ?, ?)", [build_id, fingerprint, data_through])
        connection.commit()
    close_seal(warehouse)


def _why_rebuild(home: Path, warehouse: Path, fingerprint: str) -> str | None:
    """Why the warehouse cannot go on from what it holds; None where it can, and before the first run."""
    if not warehouse.exists():
        # With a window, the next publication would show that window only.
        traces = (home / "published" / "current", home / "raw" / "counts.sqlite")
        return "it was deleted" if any(map(os.path.lexists, traces)) else None
    if fault := broken_seal(warehouse):
        return fault
    try:
        with connect(warehouse) as connection:
            built = connection.execute("select fingerprint from state.build").fetchone()
    except duckdb.Error:
        return "its file is damaged"
    return "the models, the scorer or who is erased changed" if built and built[0] != fingerprint else None


def _hand_out(connection: duckdb.DuckDBPyConnection, home: Path, merges: list[Merge], todo: list[Slice]) -> Work:
    _point_at_raw(connection, home, todo)
    hand_out_standing(connection)
    seen = connection.execute("select distinct chatbot_id from raw.requests where traffic = 'organic'").fetchall()
    chatbots = _known_chatbots(connection, home, {chatbot_id for (chatbot_id,) in seen})
    changed_chatbots = _changed_chatbots(connection, chatbots)
    changed_entities = _changed_entities(connection, merges)
    _write_inputs(connection, chatbots, changed_chatbots, merges, changed_entities)
    return Work(len(todo), len(changed_chatbots), len(changed_entities), None)


def _in_window(home: Path, window: Window) -> list[Slice]:
    return [one for one in map(Slice._make, arrivals(home)) if one.arrival_date in window]


def _unprocessed(connection: duckdb.DuckDBPyConnection, found: list[Slice]) -> list[Slice]:
    done = set(connection.execute("select arrival_date, segment_id from state.segments").fetchall())
    return [one for one in found if one not in done]


def _point_at_raw(connection: duckdb.DuckDBPyConnection, home: Path, todo: list[Slice]) -> None:
    """Hand out the slices: a view over each raw table with just their rows, as a file may hold other days too.

    Its columns have the types of today, whatever the files of earlier versions hold: two widths of decimal would
    make a third.
    """
    _replace(connection, "inputs.pending_segments (arrival_date date, segment_id varchar)", list(todo))
    segment_ids = {one.segment_id for one in todo}
    for table in RAW_TABLES:
        schema = home / "raw" / table / "schema.parquet"
        files = [schema]
        if table == "scores":
            found = (score_file_of(home, path) for path in _files_of(home, "messages", segment_ids))
            files += [path for path in found if path.exists()]
        else:
            files += _files_of(home, table, segment_ids)
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        columns = connection.execute("describe from read_parquet(?)", [str(schema)]).fetchall()
        typed = ", ".join(f'cast(raw."{name}" as {kind}) as "{name}"' for name, kind, *_ in columns)
        connection.execute(
            f"""
            create or replace view raw.{table} as
            select {typed}, pending.arrival_date
            from read_parquet([{listed}], hive_partitioning = false, union_by_name = true) as raw
            inner join inputs.pending_segments as pending
                on raw.segment_id = pending.segment_id and cast(raw.received_at as date) = pending.arrival_date
            """
        )


def _files_of(home: Path, table: str, segment_ids: set[str]) -> list[Path]:
    return [home / file.path for file in committed_files(home, table) if file.segment_id in segment_ids]


def _known_chatbots(connection: duckdb.DuckDBPyConnection, home: Path, seen: set[str]) -> list[Chatbot]:
    return with_unlisted(read_chatbots(home / "chatbots.csv"), seen | _chatbots_with_facts(connection))


def _chatbots_with_facts(connection: duckdb.DuckDBPyConnection) -> set[str]:
    built = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'fct_conversation_days'"
    ).fetchone()
    if not built:
        return set()
    rows = connection.execute("select distinct chatbot_id from marts.fct_conversation_days").fetchall()
    return {chatbot_id for (chatbot_id,) in rows}


def _changed_chatbots(connection: duckdb.DuckDBPyConnection, chatbots: list[Chatbot]) -> set[str]:
    """Ids whose settings are not those of the last commit; a chatbot that is no longer known counts too."""
    applied = {row[0]: row for row in connection.execute("select * from state.chatbots").fetchall()}
    current = {chatbot.chatbot_id: astuple(chatbot) for chatbot in chatbots}
    return {one for one in applied.keys() | current.keys() if applied.get(one) != current.get(one)}


def _reshaped_chatbots(connection: duckdb.DuckDBPyConnection, chatbots: list[Chatbot]) -> set[str]:
    """Ids of chatbots with facts whose time zone or MRR unit may not be what the facts were built with."""
    rows = connection.execute("select chatbot_id, time_zone, mrr_unit from state.chatbots").fetchall()
    applied = {chatbot_id: shape for chatbot_id, *shape in rows}
    return {
        chatbot.chatbot_id
        for chatbot in chatbots
        if applied.get(chatbot.chatbot_id) != [chatbot.time_zone, chatbot.mrr_unit]
    } & _chatbots_with_facts(connection)


def _changed_entities(connection: duckdb.DuckDBPyConnection, merges: list[Merge]) -> set[tuple[str, int]]:
    """Kind and key of both ends of every mapping that is not as it was at the last commit."""
    applied = {Merge(*row) for row in connection.execute("select * from state.identity").fetchall()}
    in_doubt = {(kind, key) for kind, key in connection.execute("select * from state.entities_in_doubt").fetchall()}
    changed = applied.symmetric_difference(merges)
    return in_doubt | {
        (merge.kind, key_of(merge.chatbot_id, merge.kind, text))
        for merge in changed
        for text in (merge.from_id, merge.to_id)
    }


def _write_inputs(
    connection: duckdb.DuckDBPyConnection,
    chatbots: list[Chatbot],
    changed_chatbots: set[str],
    merges: list[Merge],
    changed_entities: set[tuple[str, int]],
) -> None:
    """Replace the input tables in one transaction, and note what is about to change before anything changes."""
    reshaped = _reshaped_chatbots(connection, chatbots)
    connection.begin()
    _replace(
        connection,
        "inputs.chatbots (chatbot_id varchar, name varchar, time_zone varchar, week_start varchar,"
        " currency varchar, mrr_unit varchar, is_changed boolean)",
        [(*astuple(chatbot), chatbot.chatbot_id in reshaped) for chatbot in chatbots],
    )
    _replace(
        connection,
        "inputs.identity (chatbot_id varchar, kind varchar, from_id varchar, from_key bigint,"
        " to_id varchar, to_key bigint)",
        [
            (
                merge.chatbot_id,
                merge.kind,
                merge.from_id,
                key_of(merge.chatbot_id, merge.kind, merge.from_id),
                merge.to_id,
                key_of(merge.chatbot_id, merge.kind, merge.to_id),
            )
            for merge in merges
        ],
    )
    _replace(connection, "inputs.changed_entities (kind varchar, entity_key bigint)", sorted(changed_entities))
    connection.execute("delete from state.entities_in_doubt")
    connection.execute("insert into state.entities_in_doubt select * from inputs.changed_entities")
    connection.executemany(
        "delete from state.chatbots where chatbot_id = ?", [[""], *([one] for one in changed_chatbots)]
    )
    connection.commit()


def _replace(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    connection.execute(f"create or replace table {table}")
    if rows:
        unnested = ", ".join("unnest(?)" for _ in rows[0])
        connection.execute(
            f"insert into {table.split(' ')[0]} select {unnested}", [list(c) for c in zip(*rows, strict=True)]
        )
