"""A publication to PostgreSQL: what differs from what stands there, in one transaction.

Readers see the snapshot before or the one after, whole, and wait for nothing: rows are deleted and inserted, never
truncated. Behind an erasure the tables' files are written anew as well, each while its readers wait, so that no block
of them holds anyone erased. Another version's tables are filled beside the old ones, then swapped.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from orchestration.publish.pointer import fault_of
from orchestration.publish.postgres.connection import (
    MEANINGS,
    PostgresFault,
    Session,
    connected,
    literal,
    quoted,
)
from orchestration.publish.postgres.definition import DRAFT, KEYS, LASTING, NULLABLE
from orchestration.publish.postgres.differences import Snapshots, opened

# How long a lock is waited for, unless the URL's options say otherwise.
LOCK_TIMEOUT = "10s"
OLDEST_VERSION = 15
# What stands in a schema, a line each: tables and views, their columns, row-level security and policies, and functions.
STANDING = """
    select 'relation ' || relname || ' ' || relkind::text || relrowsecurity::text || relforcerowsecurity::text as line
    from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v')
    union all
    select 'column ' || relname || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
    from pg_attribute inner join pg_class on pg_class.oid = attrelid
    where relnamespace = $1::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped
    union all
    select 'policy ' || relname || ' ' || polname
    from pg_policy inner join pg_class on pg_class.oid = polrelid where relnamespace = $1::regnamespace
    union all
    select 'function ' || proname || ' ' || pg_get_function_identity_arguments(oid) || ' ' || md5(prosrc)
    from pg_proc where pronamespace = $1::regnamespace
"""


class Way(StrEnum):
    """How a publication writes."""

    NOTHING = "nothing: it is up to date"
    CHANGES = "what changed"
    EVERYTHING = "everything"
    ANEW = "everything, anew"


@dataclass(frozen=True)
class State:
    """What stands in the schema: the snapshot, the definition of tables and functions, and the sweeps behind it."""

    snapshot_id: str
    definition: str
    erasures: int


@dataclass(frozen=True)
class Publication:
    """What a publication did: how, the rows that it deleted and inserted, and texts that held a NUL."""

    snapshot_id: str
    way: Way
    deleted: int
    inserted: int
    texts_with_nul: int


def is_current(url: str, published: Path, erasures: int) -> bool:
    """Whether the schema holds the published snapshot. Raises PostgresFault where that cannot be asked."""
    folder = (published / "current").resolve()
    if not folder.exists():
        return True
    with connected(url) as session, opened(folder, None, _spill_in(published)) as snapshots:
        return _state(session, _schema(session)) == State(folder.name, snapshots.definition.fingerprint, erasures)


def publish(url: str, published: Path, erasures: int) -> Publication:
    """Make the schema hold the published snapshot; `erasures` is the generation of the tombstones behind it.

    Raises PostgresFault, with everything as it was, when that cannot be done.
    """
    folder = (published / "current").resolve()
    with connected(url) as session:
        schema = _prepare(session)
        state = _state(session, schema)
        before = published / "snapshots" / state.snapshot_id if state else None
        old = before if before and before.is_dir() and fault_of(before) is None else None
        with opened(folder, old, _spill_in(published)) as snapshots:
            wanted = State(folder.name, snapshots.definition.fingerprint, erasures)
            if state == wanted:
                return Publication(folder.name, Way.NOTHING, 0, 0, 0)
            if state is None or state.definition != wanted.definition:
                return _make_anew(session, schema, snapshots, wanted)
            try:
                if state.erasures == erasures:
                    return _update(session, schema, snapshots, wanted, has_old=old is not None)
                unclean = replace(wanted, erasures=state.erasures)
                made = _update(session, schema, snapshots, unclean, has_old=False)
                _clean(session, schema, snapshots, wanted)
                return made
            except PostgresFault as fault:
                if fault.sqlstate in MEANINGS:
                    raise
            # Somebody else changed the schema: a table, a column or rows are not what was left there.
            session.rollback()
            return _make_anew(session, schema, snapshots, wanted)


def _spill_in(published: Path) -> Path:
    return published.parent / "warehouse"


def _prepare(session: Session) -> str:
    """Refuse servers that will not do, and hold off other publications; returns the schema's name."""
    version, encoding, lock_timeout = session.rows(
        "select current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),"
        " current_setting('lock_timeout')"
    )[0]
    if version < OLDEST_VERSION:
        raise PostgresFault(f"it is version {version}, and {OLDEST_VERSION} is the oldest that will do")
    if encoding != "UTF8":
        raise PostgresFault(f"its database is encoded as {encoding}. Make one with the encoding UTF8")
    schema = _schema(session)
    if lock_timeout == "0":
        session.run(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        session.commit()
    session.script(f"do $$ begin perform pg_advisory_xact_lock(hashtext({literal(f'clientele {schema}')})); end $$")
    return schema


def _schema(session: Session) -> str:
    ((schema,),) = session.rows("select coalesce(nullif(current_setting('clientele.schema', true), ''), 'clientele')")
    return str(schema)


def _state(session: Session, schema: str) -> State | None:
    """What stands in the schema; None where it is not ours, not yet or not any more.

    It is not ours any more where somebody else took away or changed what a publication left there; what was added to
    it does no harm.
    """
    table = f"{quoted(schema)}.publication"
    ((exists,),) = session.rows("select to_regclass($1) is not null", table)
    found = session.rows(f"select snapshot_id, definition, erasures from {table}") if exists else []
    if not found:
        return None
    snapshot_id, noted, erasures = found[0]
    definition, *left = noted.splitlines()
    return State(snapshot_id, definition, erasures) if set(left) <= _standing(session, schema) else None


def _standing(session: Session, schema: str) -> set[str]:
    return {line for (line,) in session.rows(STANDING, quoted(schema))}


def _update(session: Session, schema: str, snapshots: Snapshots, wanted: State, *, has_old: bool) -> Publication:
    """Delete and insert rows: those that differ from the old snapshot, or all."""
    deleted = inserted = 0
    for table in snapshots.definition.tables:
        name, staged, gone = f"{quoted(schema)}.{table}", f"come_{table}", f"gone_{table}"
        session.run(f"create temp table {staged} (like {name}) on commit drop")
        if not has_old:
            session.ingest(staged, snapshots.everything(table))
            deleted += session.rows(f"select count(*) from {name}")[0][0]
            inserted += snapshots.count(table)
            session.run(f"delete from {name}")
        else:
            left, come = snapshots.changed(table)
            deleted, inserted = deleted + left.num_rows, inserted + come.num_rows
            if left.num_rows:
                keys = ", ".join(KEYS[table])
                session.run(f"create temp table {gone} on commit drop as select {keys} from {name} with no data")
                session.ingest(gone, left)
                _delete(session, table, name, gone)
            if not come.num_rows:
                continue
            session.ingest(staged, come)
        session.run(f"insert into {name} select * from {staged}")
    _finish(session, schema, snapshots, wanted)
    way = Way.CHANGES if has_old else Way.EVERYTHING
    return Publication(wanted.snapshot_id, way, deleted, inserted, snapshots.texts_with_nul())


def _delete(session: Session, table: str, name: str, gone: str) -> None:
    """Delete the rows whose keys are gone. Nulls are compared apart: a join on them has no hash."""
    nullable = NULLABLE.get(table)
    others = [f"kept.{key} = gone.{key}" for key in KEYS[table] if key != nullable]
    equal = [f"kept.{nullable} = gone.{nullable}", f"kept.{nullable} is null and gone.{nullable} is null"]
    for condition in equal if nullable else ["true"]:
        session.run(f"delete from {name} as kept using {gone} as gone where {' and '.join([*others, condition])}")


def _clean(session: Session, schema: str, snapshots: Snapshots, wanted: State) -> None:
    """Write the tables' files anew, without what was deleted; only then is the erasure noted as done."""
    for table in snapshots.definition.tables:
        session.run_alone(f"vacuum (full, analyze) {quoted(schema)}.{table}")
    _note(session, schema, wanted)
    session.commit()


def _make_anew(session: Session, schema: str, snapshots: Snapshots, wanted: State) -> Publication:
    """Fill new tables beside the old ones, then put them in their place with all that belongs to them."""
    definition = snapshots.definition
    if not session.rows("select from pg_namespace where nspname = $1", schema):
        session.run(f"create schema {quoted(schema)}")
    session.script(definition.tables_sql(schema))
    inserted = 0
    for table in definition.tables:
        session.ingest(f"{DRAFT}{table}", snapshots.everything(table), schema)
        inserted += snapshots.count(table)
    session.script(definition.keys_sql(schema))
    session.script(_drop_sql(session, schema))
    session.script(definition.names_sql(schema))
    session.script(definition.rest_sql(schema))
    _finish(session, schema, snapshots, wanted)
    return Publication(wanted.snapshot_id, Way.ANEW, 0, inserted, snapshots.texts_with_nul())


def _drop_sql(session: Session, schema: str) -> str:
    """Statements that drop all that an earlier publication made: the schema is Clientele's alone.

    What something outside depends on is not dropped: PostgreSQL then refuses.
    """
    relations = session.rows(
        "select case relkind when 'v' then 'view' else 'table' end, relname from pg_class"
        " where relnamespace = $1::regnamespace and relkind in ('r', 'v') and relname !~ $2"
        " and relname != all (string_to_array($3, ','))",
        quoted(schema),
        f"^{DRAFT}",
        ",".join(LASTING),
    )
    functions = session.rows(
        "select 'function', proname || '(' || pg_get_function_identity_arguments(oid) || ')' from pg_proc"
        " where pronamespace = $1::regnamespace",
        quoted(schema),
    )
    found: dict[str, list[str]] = {"view": [], "function": [], "table": []}
    for kind, name in relations:
        found[kind].append(f"{quoted(schema)}.{quoted(name)}")
    for kind, signature in functions:
        name, _, arguments = signature.partition("(")
        found[kind].append(f"{quoted(schema)}.{quoted(name)}({arguments}")
    return "\n".join(f"drop {kind} {', '.join(names)};" for kind, names in found.items() if names)


def _finish(session: Session, schema: str, snapshots: Snapshots, wanted: State) -> None:
    """Hold the tables against the snapshot, note what stands there now, and show it."""
    name = quoted(schema)
    counts = " union all ".join(f"select '{one}', count(*) from {name}.{one}" for one in snapshots.definition.tables)
    for table, count in session.rows(counts):
        if count != snapshots.count(table):
            raise PostgresFault(f"its table {table} has {count:,} rows, and the snapshot {snapshots.count(table):,}")
    _note(session, schema, wanted)
    session.commit()


def _note(session: Session, schema: str, state: State) -> None:
    name = f"{quoted(schema)}.publication"
    definition = "\n".join([state.definition, *sorted(_standing(session, schema))])
    session.script(
        f"delete from {name}; insert into {name}"
        f" values ({literal(state.snapshot_id)}, {literal(definition)}, {state.erasures});"
    )
