"""The reviewed mapping `<home>/identity.csv`: which user or organization is really another one, chains resolved.

Who is likely a duplicate is suggested elsewhere; here stands only what a person decided.
"""

from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import PipelineError
from orchestration.home.csv_file import read_rows

COLUMNS = ("chatbot_id", "kind", "from_id", "to_id", "reason")
KINDS = ("user", "organization")


@dataclass(frozen=True)
class Merge:
    """One entity that counts as another: ids as published, `to_id` the end of its chain."""

    chatbot_id: str
    kind: str
    from_id: str
    to_id: str


def read_identity(path: Path) -> list[Merge]:
    """The merges of the file with chains resolved; an absent file has none.

    Raises PipelineError naming file and line for a malformed line, two targets of one id, or a cycle.
    """
    target: dict[tuple[str, str, str], str] = {}
    places: dict[tuple[str, str, str], str] = {}
    for where, row in read_rows(path, COLUMNS, required=COLUMNS[:-1]):
        if row["kind"] not in KINDS:
            raise PipelineError(f"{where}: kind is {row['kind']!r}, which is neither user nor organization.")
        key = (row["chatbot_id"], row["kind"], row["from_id"])
        if target.get(key, row["to_id"]) != row["to_id"]:
            raise PipelineError(f"{where}: {row['from_id']!r} already maps to {target[key]!r}. Keep one of the two.")
        target[key] = row["to_id"]
        places[key] = where
    return [Merge(*key, _end_of_chain(key, target, places[key])) for key in target]


def _end_of_chain(key: tuple[str, str, str], target: dict[tuple[str, str, str], str], where: str) -> str:
    chatbot_id, kind, from_id = key
    chain = [from_id]
    while (chatbot_id, kind, chain[-1]) in target:
        following = target[chatbot_id, kind, chain[-1]]
        if following in chain:
            circle = " -> ".join([*chain, following])
            raise PipelineError(f"{where}: the mapping goes in a circle ({circle}). Delete one of these lines.")
        chain.append(following)
    return chain[-1]
