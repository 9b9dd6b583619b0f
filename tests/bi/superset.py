"""A Superset of the check's own on loopback, and what a person does in it, over its HTTP API.

Nothing here knows what a number means or what is right.
"""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.bi.trouble import Trouble

USER, PASSWORD = "admin", secrets.token_hex(8)
# Every other setting is the one that Superset comes with.
CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = {records!r}
"""
PATIENCE = 120


class Superset:
    """A signed-in administrator of a running Superset."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE, headers={"Referer": address})
        login = {"username": USER, "password": PASSWORD, "provider": "db"}
        self._http.headers["Authorization"] = f"Bearer {self._asked('POST', '/security/login', login)['access_token']}"
        self._http.headers["X-CSRFToken"] = self._asked("GET", "/security/csrf_token/")["result"]

    def database(self, name: str, uri: str) -> int:
        """Connect a database; returns its id."""
        wanted = {"database_name": name, "sqlalchemy_uri": uri, "expose_in_sqllab": True}
        return self._asked("POST", "/database/", wanted)["id"]

    def tables(self, database: int, schema: str) -> dict[str, str]:
        """What it lists in a schema: "table" or "view" by name."""
        listed = self._asked("GET", f"/database/{database}/tables/?q=(force:!t,schema_name:{schema})")["result"]
        return {one["value"]: one["type"] for one in listed}

    def dataset(self, database: int, schema: str, name: str, sql: str | None = None) -> int:
        """Make a dataset of a table or view, or of a query; returns its id."""
        wanted = {"database": database, "schema": schema, "table_name": name} | ({"sql": sql} if sql else {})
        return self._asked("POST", "/dataset/", wanted)["id"]

    def descriptions(self, dataset: int) -> dict[str, str | None]:
        """What the dataset says of each column."""
        columns = self._asked("GET", f"/dataset/{dataset}")["result"]["columns"]
        return {column["column_name"]: column["description"] for column in columns}

    def chart(self, name: str, dataset: int, columns: Sequence[str], metrics: dict[str, str]) -> int:
        """Save a chart of columns, and of metrics as SQL by label; returns its id."""
        adhoc = [{"expressionType": "SQL", "sqlExpression": sql, "label": label} for label, sql in metrics.items()]
        question = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"columns": [*columns], "metrics": adhoc, "row_limit": 50_000}],
            "result_format": "json",
            "result_type": "full",
        }
        wanted = {"slice_name": name, "datasource_id": dataset, "datasource_type": "table", "viz_type": "table"}
        return self._asked("POST", "/chart/", wanted | {"query_context": json.dumps(question)})["id"]

    def chart_data(self, chart: int) -> list[dict[str, Any]]:
        """The rows that a saved chart shows, with numbers as they are written."""
        question = json.loads(self._asked("GET", f"/chart/{chart}")["result"]["query_context"])
        (answer,) = self._asked("POST", "/chart/data", question)["result"]
        return answer["data"]

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        if answer.is_error:
            raise Trouble(f"Superset answered {answer.status_code} to {method} {path}: {answer.text.strip()[:300]}")
        return json.loads(answer.text, parse_float=Decimal)


@contextmanager
def running(programs: Path, folder: Path, records: str) -> Iterator[Superset]:
    """Set Superset up in a folder, and serve it on a free port of loopback.

    `records` is the URL of an empty PostgreSQL database for its own records: on SQLite, Superset refuses a second
    dataset of one name, and so the same view of two databases.
    """
    folder.mkdir()
    config = folder / "superset_config.py"
    config.write_text(CONFIG.format(key=secrets.token_hex(32), records=records))
    own = {"SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(folder), "HOME": str(folder)}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own
    who = ["--username", USER, "--password", PASSWORD, "--email", "admin@example.com"]
    for arguments in (
        ["db", "upgrade"],
        ["fab", "create-admin", *who, "--firstname", "A", "--lastname", "Person"],
        ["init"],
    ):
        command = [programs / "superset", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f"`superset {arguments[0]}` failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    serve = [programs / "gunicorn", "--bind", place, "--workers", "1", "--threads", "4", "--timeout", str(PATIENCE)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([*serve, "superset.app:create_app()"], env=environment, stdout=log, stderr=log)
        try:
            _wait(server, f"http://{place}")
            yield Superset(f"http://{place}")
        finally:
            server.terminate()
            server.wait()


def _wait(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/health", timeout=PATIENCE).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise Trouble("Superset does not answer.")
