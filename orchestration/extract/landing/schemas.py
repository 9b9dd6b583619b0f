"""The columns of every raw table, in order: what the staging models rely on.

One row of `requests` per accepted line that is not an analysis; a line delivered twice has its rows twice.
"""

import pyarrow as pa

INSTANT = pa.timestamp("us")  # naive, UTC
MRR = pa.decimal128(22, 9)
SCORE = pa.decimal128(13, 12)
# Decimal and not double: equal digits on every engine, and whole numbers of up to 29 digits stay whole.
FIELD_NUMBER = pa.decimal128(38, 9)

_SOURCE = [("segment_id", pa.string()), ("source_file", pa.string()), ("source_line", pa.int64())]
_RECORD = [*_SOURCE, ("record_id", pa.string())]
_ARRIVAL = [("received_at", INSTANT), ("chatbot_id", pa.string())]
_CONVERSATION = [("conversation_id", pa.string()), ("conversation_key", pa.int64())]


def _attributes(*fields: tuple[str, pa.DataType]) -> list[tuple[str, pa.DataType]]:
    return [column for name, kind in fields for column in ((f"has_{name}", pa.bool_()), (name, kind))]


REQUESTS = pa.schema(
    [
        *_RECORD,
        *_ARRIVAL,
        ("shape", pa.string()),
        ("traffic", pa.string()),
        *_CONVERSATION,
        ("event_at", INSTANT),
        ("user_id", pa.string()),
        ("user_key", pa.int64()),
        ("organization_id", pa.string()),
        ("organization_key", pa.int64()),
        *_attributes(
            ("user_name", pa.string()),
            ("user_email", pa.string()),
            ("user_plan", pa.string()),
            ("user_industry", pa.string()),
            ("user_mrr", MRR),
            ("user_created_at", INSTANT),
            ("organization_name", pa.string()),
            ("organization_plan", pa.string()),
            ("organization_industry", pa.string()),
            ("organization_mrr", MRR),
        ),
        ("session_id", pa.string()),
        ("page_url", pa.string()),
        ("referrer", pa.string()),
        *_attributes(("device", pa.string()), ("country", pa.string())),
    ]
)
MESSAGES = pa.schema(
    [
        *_RECORD,
        ("position", pa.int32()),
        *_ARRIVAL,
        ("traffic", pa.string()),
        *_CONVERSATION,
        ("message_id", pa.string()),
        ("role", pa.string()),
        ("content", pa.string()),
        ("sent_at", INSTANT),
    ]
)
ANALYSES = pa.schema(
    [
        *_RECORD,
        ("position", pa.int32()),
        *_ARRIVAL,
        *_CONVERSATION,
        ("message_id", pa.string()),
        ("score", SCORE),
        ("chunks", pa.int32()),
    ]
)
CUSTOM_FIELDS = pa.schema(
    [
        *_RECORD,
        *_ARRIVAL,
        ("field", pa.string()),
        ("value_type", pa.string()),
        ("text_value", pa.string()),
        ("number_value", FIELD_NUMBER),
        ("boolean_value", pa.bool_()),
    ]
)
WARNINGS = pa.schema(
    [
        *_RECORD,
        *_ARRIVAL,
        ("path", pa.string()),
        ("reason", pa.string()),
        ("explanation", pa.string()),
        ("excerpt", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("segment_id", pa.string()),
        ("run_id", pa.string()),
        *_SOURCE[1:],
        ("byte_offset", pa.int64()),
        ("chatbot_id", pa.string()),
        ("reason", pa.string()),
        ("explanation", pa.string()),
        ("line", pa.binary()),
        ("read_at", INSTANT),
    ]
)
RECEIPTS = pa.schema(
    [
        ("run_id", pa.string()),
        ("source_file", pa.string()),
        ("first_line", pa.int64()),
        ("last_line", pa.int64()),
        ("bytes_read", pa.int64()),
        ("lines", pa.int64()),
        ("accepted", pa.int64()),
        ("duplicates", pa.int64()),
        ("quarantined", pa.int64()),
        ("warnings", pa.int64()),
        ("waiting_bytes", pa.int64()),
        ("problem", pa.string()),
        ("read_at", INSTANT),
    ]
)

INPUT_FILES = pa.schema([("source_file", pa.string()), ("outcome", pa.string()), ("reason", pa.string())])

# The tables under raw/: a folder each, in it one file a segment.
RAW_TABLES = {
    "requests": REQUESTS,
    "messages": MESSAGES,
    "analyses": ANALYSES,
    "custom_fields": CUSTOM_FIELDS,
    "warnings": WARNINGS,
}

# The same without the first columns, which have one value in a whole segment.
BARE_TABLES = {
    table: pa.schema([field for field in schema if field.name not in ("segment_id", "source_file")])
    for table, schema in RAW_TABLES.items()
}
