"""One line for each file that a reader takes away. It names who, what and when, and no value that was searched for."""

import json
import os
from datetime import datetime
from pathlib import Path

from serving.access.readers import Reader


def note_export(
    path: Path,
    *,
    at: datetime,
    reader: Reader,
    chatbot_id: str,
    table: str,
    file_format: str,
    snapshot_id: str,
    days: tuple[object, object],
    filters: list[str],
    columns: list[str],
) -> None:
    """Append a JSON line; `filters` are names of parameters."""
    line = {
        "at": at.isoformat(timespec="milliseconds"),
        "reader": reader.name,
        "chatbot_id": chatbot_id,
        "table": table,
        "format": file_format,
        "snapshot_id": snapshot_id,
        "first_day": days[0] and str(days[0]),
        "last_day": days[1] and str(days[1]),
        "filters": filters,
        "columns": columns,
    }
    # One write of one line: lines of several servers do not mix.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
    finally:
        os.close(file)
