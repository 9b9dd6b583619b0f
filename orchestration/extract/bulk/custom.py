"""The custom fields of many requests -> rows, each different set of them read once by `records/names.py`: most repeat.

What decides the rows is their key, as JSON: unlike Python's values, in which 1 is True and 1.0, it tells all apart.
"""

from functools import lru_cache
from typing import Any

import orjson

from orchestration.extract.records.attributes import Row
from orchestration.extract.records.faults import FieldWarning
from orchestration.extract.records.names import FLAT_METADATA, TRACK_METADATA, flat_names, object_names

_RESERVED = {"capture": frozenset[str](), "track": TRACK_METADATA, "conversations": FLAT_METADATA}
_KEYS = 1 << 13
_LONGEST_KEY = 1024  # bytes; longer ones are not remembered, which bounds the memory


def custom_fields(shape: str, metadata: dict[str, Any], custom: Any) -> tuple[Row, ...] | None:
    """The custom fields in two maps of a request; none where one is odd."""
    reserved = _RESERVED[shape]
    fields = {name: value for name, value in metadata.items() if name not in reserved} if reserved else metadata
    if not fields and custom is None:
        return ()
    key = orjson.dumps((shape, fields, custom))
    return _rows(key) if len(key) <= _LONGEST_KEY else _rows.__wrapped__(key)


@lru_cache(_KEYS)
def _rows(key: bytes) -> tuple[Row, ...] | None:
    shape, metadata, custom = orjson.loads(key)
    request = {"metadata": metadata, "custom": custom}
    warnings: list[FieldWarning] = []
    names = flat_names(request, warnings) if shape == "conversations" else object_names(request, shape, warnings)
    return None if warnings else tuple(names.custom.values())
