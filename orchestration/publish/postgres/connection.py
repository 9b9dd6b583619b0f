"""The server of `CLIENTELE_POSTGRES_URL`: opening a connection, running SQL, and its faults as sentences.

What is written through it is in `publication.py`. No sentence holds the password.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from adbc_driver_manager import Error

from orchestration.errors import PipelineError

SCHEMES = ("postgresql://", "postgres://")
# A server that does not answer is given up after this; what the URL says wins.
DEFAULTS = {"connect_timeout": "10", "application_name": "clientele"}
SCRIPT = "$clientele_script$"

_REFUSED = r"password authentication|no password supplied|pg_hba\.conf|role .* does not exist|not permitted to log in"
# Only these texts of libpq are shown: others may quote the URL.
_REACHED = re.compile(r"connection to server (at|on) .*", re.DOTALL)
MEANINGS = {
    "55P03": "another session holds a lock on what it is to change. Try again when that has ended",
    "42501": "its user lacks a right. Let it own the schema, or grant what is missing",
    "2BP01": "something outside its schema depends on what is to be replaced. Drop that first, and make it again after",
    "42P06": "something that is not Clientele's has the name of one of its objects",
    "53100": "its disk is full. Free some space",
    "25006": "it takes no writes: it is a standby, or set to read-only",
}


class PostgresFault(PipelineError):
    """PostgreSQL could not be read or written: a clause for people; `sqlstate` is None where no server answered."""

    def __init__(self, clause: str, sqlstate: str | None = None) -> None:
        super().__init__(clause)
        self.sqlstate = sqlstate


class Session:
    """One transaction at a time on one connection; whatever is not committed is undone when it ends."""

    def __init__(self, connection: adbc.Connection, url: str) -> None:
        self._connection = connection
        self._url = url
        self.cursor = connection.cursor()

    def rows(self, sql: str, *values: object) -> list[tuple]:
        """The rows of a query; values stand for $1, $2, ..."""
        with faults(self._url):
            return list(self.cursor.execute(sql, values or None).fetchall())

    def run(self, sql: str) -> None:
        """One statement without an answer."""
        with faults(self._url):
            self.cursor.execute(sql)

    def run_alone(self, sql: str) -> None:
        """One statement that may stand in no transaction."""
        with faults(self._url):
            self._connection.adbc_connection.set_autocommit(True)
            try:
                self.cursor.execute(sql)
            finally:
                self._connection.adbc_connection.set_autocommit(False)

    def script(self, statements: str) -> None:
        """Many statements in one round trip."""
        self.run(f"do {SCRIPT} begin execute $clientele_statements${statements}$clientele_statements$; end {SCRIPT}")

    def ingest(self, table: str, rows: pa.Table | pa.RecordBatchReader, schema: str | None = None) -> None:
        """Append rows to a table with the same columns: a temporary one where no schema is given."""
        with faults(self._url):
            self.cursor.adbc_ingest(table, rows, mode="append", temporary=schema is None, db_schema_name=schema)

    def commit(self) -> None:
        """End the transaction: all of it is now seen."""
        with faults(self._url):
            self._connection.commit()

    def rollback(self) -> None:
        """End the transaction: nothing of it ever was."""
        with faults(self._url):
            self._connection.rollback()


@contextmanager
def connected(url: str) -> Iterator[Session]:
    """A session on the server. Raises PostgresFault where it cannot be had."""
    if not url.startswith(SCHEMES):
        raise PostgresFault(_UNUSABLE)
    more = [f"{name}={value}" for name, value in DEFAULTS.items() if f"{name}=" not in url]
    with faults(url):
        connection = adbc.connect(url + ("&" if "?" in url else "?") + "&".join(more))
    with closing(connection):
        session = Session(connection, url)
        with closing(session.cursor):
            yield session


@contextmanager
def faults(url: str) -> Iterator[None]:
    """What PostgreSQL and its driver raise, as PostgresFault."""
    try:
        yield
    except Error as error:
        raise PostgresFault(without_password(_clause(error), url), error.sqlstate) from None


def without_password(text: str, url: str) -> str:
    """The text without the password of the URL, or a part of one that was written without escapes."""
    secret = re.match(r"\w+://[^:@/?]*:(?P<password>.*)@", url)
    secrets = [secret["password"]] if secret else []
    secrets += re.findall(r"[?&](?:ssl)?password=([^&]*)", url)
    pieces = {piece for one in secrets for piece in (one, unquote(one), *re.split(r"[:/?#@%]", one)) if len(piece) > 2}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "***")
    return text


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"{}"'.format(name.replace('"', '""'))


def literal(text: str | None) -> str:
    """A text as a literal of SQL."""
    return "null" if text is None else "'{}'".format(text.replace("'", "''"))


_UNUSABLE = (
    "CLIENTELE_POSTGRES_URL cannot be used. Write it as postgresql://user:password@host:5432/database, with a host that"
    " is known, and with special characters of the password escaped (@ as %40)"
)


def _clause(error: Error) -> str:
    message = re.sub(r"^\w+: (\[libpq\] )?", "", str(error))
    if error.sqlstate is None:
        reached = _REACHED.search(message)
        if reached is None:
            return _UNUSABLE if "Failed to connect" in str(error) else f"it failed ({_one_line(message)})"
        said = _one_line(reached[0])
        if re.search(_REFUSED, said):
            return f"the server refuses the user or the password of CLIENTELE_POSTGRES_URL ({said})"
        return f"the server of CLIENTELE_POSTGRES_URL cannot be reached ({said})"
    said = _one_line(re.sub(r"\s*Query was: .*", "", message.split("ERROR:", 1)[-1], flags=re.DOTALL))
    meaning = MEANINGS.get(error.sqlstate)
    return f"{meaning} ({said})" if meaning else f"the server says: {said}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
