"""Reading the small CSV files that people write, with errors that name file and line. Their meaning is elsewhere."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from orchestration.errors import PipelineError

OTHER_DELIMITERS = ";\t|"  # of spreadsheets, in countries whose decimals have a comma


def read_rows(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with where it stands ("file, line n"); a missing column or cell is empty text. No file, no rows.

    Raises PipelineError for text that is not UTF-8, malformed CSV, an unknown column, or an empty required cell.
    """
    if not path.exists():
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path}: not UTF-8 text ({error.reason}). Save the file as UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = reader.fieldnames or []
        unknown = [column for column in header if column not in columns]
        missing = [column for column in required if column not in header]
        if len(header) == 1 and any(delimiter in header[0] for delimiter in OTHER_DELIMITERS):
            raise PipelineError(f"{path}, line 1: the columns are not separated by commas. Save the file with commas.")
        if unknown or missing:
            fault = f"{unknown[0]!r} is not one of them" if unknown else f"{missing[0]!r} is missing"
            raise PipelineError(f"{path}, line 1: the columns are {','.join(columns)}; {fault}.")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise PipelineError(f"{where}: there are more cells than columns.")
            for column in required:
                if not row[column]:
                    raise PipelineError(f"{where}: {column} is empty.")
            yield where, {column: row.get(column) or "" for column in columns}
    except csv.Error as error:
        raise PipelineError(f"{path}, line {reader.line_num}: not valid CSV ({error}).") from None
