"""The file `<home>/labels.csv`: what people call a chatbot's own fields. What the fields hold is not here."""

from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import PipelineError
from orchestration.home.csv_file import read_rows

COLUMNS = ("chatbot_id", "field", "label")


@dataclass(frozen=True)
class Label:
    """What one of a chatbot's own fields is called where people read it."""

    chatbot_id: str
    field: str
    label: str


def read_labels(path: Path) -> list[Label]:
    """The labels of the file; an absent file has none. A field that was never sent may have one already.

    Raises PipelineError naming file and line for a malformed line, and for a field or a label given twice.
    """
    fields: set[tuple[str, str]] = set()
    found: dict[tuple[str, str], Label] = {}
    for where, row in read_rows(path, COLUMNS, required=COLUMNS):
        one = Label(row["chatbot_id"], row["field"], " ".join(row["label"].split()))
        if not one.label:
            raise PipelineError(f"{where}: label is empty.")
        if (one.chatbot_id, one.field) in fields:
            raise PipelineError(f"{where}: field {one.field!r} has a label already. Keep one line.")
        called = found.setdefault((one.chatbot_id, one.label), one)
        if called is not one:
            raise PipelineError(f"{where}: {one.label!r} is already what {called.field!r} is called. Choose another.")
        fields.add((one.chatbot_id, one.field))
    return list(found.values())
