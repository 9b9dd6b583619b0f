"""How assets report to people: progress in the run's log; tables, times, sizes and columns in metadata."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime

import dagster as dg
import pandas as pd
import pyarrow as pa
from rich.filesize import decimal

# Who answers for the assets; a team of whoever runs the pipeline.
OWNERS = ["team:clientele"]
ROWS = 20
SECONDS_BETWEEN_LINES = 2.0


def progress_log(context: dg.AssetExecutionContext, doing: str) -> Callable[[int, int], None]:
    """A callback (done, total) that writes a log line at most every two seconds."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            context.log.info(f"{doing}: {done:,} of {total:,}")

    return report


def preview(rows: pd.DataFrame | Iterable[object]) -> dg.MarkdownMetadataValue:
    """The first rows as a table for the Dagster UI; takes a frame or dataclass instances."""
    frame = (
        rows
        if isinstance(rows, pd.DataFrame)
        else pd.DataFrame([asdict(row) for row in rows if is_dataclass(row) and not isinstance(row, type)])
    )
    return dg.MetadataValue.md(frame.head(ROWS).to_markdown(index=False) if len(frame) else "none")


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """The columns of a Parquet table, for the catalog."""
    return dg.TableSchema([dg.TableColumn(field.name, str(field.type)) for field in schema])


def readable_size(size: int) -> str:
    """A number of bytes for people."""
    return decimal(size)


def instant(utc: datetime | str | None) -> dg.TimestampMetadataValue | str:
    """A UTC time without a zone, which the UI shows in the reader's; a dash where there is none."""
    if utc is None:
        return "–"
    at = datetime.fromisoformat(utc) if isinstance(utc, str) else utc
    return dg.MetadataValue.timestamp(at.replace(tzinfo=UTC))
