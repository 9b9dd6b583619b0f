"""The file `<home>/exclude.csv`: one's own staff and test accounts, whose conversations no table shows unasked.

Which conversations that are is found when a snapshot is made (`publish/leaving_out.py`); raw and warehouse keep them.
"""

from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import PipelineError
from orchestration.extract.records.keys import normalise_text
from orchestration.home.csv_file import read_rows
from orchestration.identity.mapping import Merge

COLUMNS = ("chatbot_id", "kind", "value", "reason")
KINDS = ("email_domain", "user", "organization")


@dataclass(frozen=True)
class Exclusion:
    """Whose conversations are left out: `value` is an id as published, or an e-mail domain in normal form."""

    chatbot_id: str
    kind: str
    value: str
    reason: str


def read_exclusions(path: Path, merges: list[Merge]) -> list[Exclusion]:
    """The exclusions of the file, each once; an absent file has none. An id that is merged stands for its target.

    Raises PipelineError naming file and line for a malformed line.
    """
    target = {(merge.chatbot_id, merge.kind, merge.from_id): merge.to_id for merge in merges}
    found: dict[tuple[str, str, str], Exclusion] = {}
    for where, row in read_rows(path, COLUMNS, required=COLUMNS[:-1]):
        if row["kind"] not in KINDS:
            raise PipelineError(f"{where}: kind is {row['kind']!r}, which is none of {', '.join(KINDS)}.")
        chatbot_id, kind, value = row["chatbot_id"], row["kind"], row["value"]
        if kind == "email_domain":
            value = normalise_text(value).removeprefix("@")
            if "@" in value or not value:
                raise PipelineError(
                    f"{where}: {row['value']!r} is no domain. Write what stands behind the @ of an e-mail."
                )
        else:
            value = target.get((chatbot_id, kind, value), value)
        found.setdefault((chatbot_id, kind, value), Exclusion(chatbot_id, kind, value, row["reason"]))
    return list(found.values())
