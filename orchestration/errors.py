"""Failures in words for people: the exception that is one sentence, and the sentences for what a machine does."""

import re

# What the operating system and the libraries say, and what that means here.
_MEANINGS = {
    r"no space left|disk is full|disk quota|file too large|not enough space|disk i/o error": (
        "The disk is full, or fails. Free some space, then run the command again: nothing that was accepted is lost"
    ),
    r"read-only file system|readonly database|read-only mode": (
        "The data home cannot be written. Make it writable, or name another one with CLIENTELE_HOME"
    ),
    r"permission denied|not permitted|unable to open database": (
        "There is no permission for a file of the data home. Give this user the right to read and write it"
    ),
    r"is a directory|not a directory|symbolic link|file exists|directory not empty": (
        "A folder or a link stands in the data home where a file belongs, or the reverse. Move it away"
    ),
    r"malformed|not a database|corrupt|checksum|not a valid duckdb|magic bytes|invalid data|deserializ"
    r"|could not read enough bytes": (
        "A file of the data home is damaged. `clientele doctor --repair` names it and repairs what can be repaired"
    ),
}
DAMAGED = list(_MEANINGS)[-1]


class PipelineError(Exception):
    """A failure that a person can act on. Shown as its sentence, without a traceback."""


def explain(message: str) -> str | None:
    """The sentence for what a machine said; None where it says nothing that is known."""
    for pattern, meaning in _MEANINGS.items():
        if re.search(pattern, message, re.IGNORECASE):
            return f"{meaning} ({' '.join(message.split())[:300]})."
    return None


def is_damage(message: str) -> bool:
    """Whether it speaks of a damaged file."""
    return re.search(DAMAGED, message, re.IGNORECASE) is not None
