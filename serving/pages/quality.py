"""The panel "Data quality" of a page: how complete one chatbot's data is, and what in it does not agree.

The numbers are of all time and of the whole chatbot, whatever the page's range and filters.
"""

from dataclasses import dataclass

from serving.pages import formats
from serving.pages.asked import Asked
from serving.tables.quality import read_whole_quality, unread_files

SHARES = {
    "user_id_share": ("User id", "Not known by e-mail only, and not anonymous"),
    "organization_share": ("Organization", "The conversation names an organization"),
    "plan_share": ("Plan", "The organization has a plan now"),
    "mrr_share": ("MRR", "The organization has an MRR now; 0 is one"),
    "scored_share": ("Sentiment", "At least one message is scored"),
}
# Singular, plural, and what to do about it; text between backquotes is a command or a file.
CONFLICTS = {
    "shared_emails": (
        "e-mail belongs to several users",
        "e-mails belong to several users",
        "review with `clientele identity suggest`",
    ),
    "shared_ids": (
        "user id has several e-mails or names",
        "user ids have several e-mails or names",
        "look for placeholders with `clientele identity placeholders`",
    ),
    "shared_names": (
        "name belongs to several organizations",
        "names belong to several organizations",
        "review with `clientele identity suggest`",
    ),
    "known_names": (
        "organization without an id has the name or id of another",
        "organizations without an id have the name or id of another",
        "merge the true ones in `identity.csv`",
    ),
    "mrr_unit_conflicts": (
        "organization has an MRR that differs from a user's by a factor of 100",
        "organizations have an MRR that differs from a user's by a factor of 100",
        "check which one is sent in cents",
    ),
    "several_users_conversations": (
        "conversation names several users",
        "conversations name several users",
        "each counts for the one named last",
    ),
}


@dataclass(frozen=True)
class Share:
    """How many of the conversations have something, in words and from 0 to 100, and what that means."""

    label: str
    text: str
    percent: float
    meaning: str


@dataclass(frozen=True)
class Conflict:
    """How often two things do not agree, and what to do about it; backquotes stand around commands and files."""

    count: str
    text: str


@dataclass(frozen=True)
class Quality:
    """The panel of a chatbot."""

    about: str
    shares: list[Share]
    conflicts: list[Conflict]
    unread: Conflict | None


def quality(asked: Asked) -> Quality | None:
    """Return the panel of a chatbot; None where the snapshot has no such table."""
    return asked.of_chatbot("quality", lambda: _read(asked))


def _read(asked: Asked) -> Quality | None:
    found = read_whole_quality(asked.snapshot, asked.chatbot)
    if found is None:
        return None
    count = found["conversations"]
    return Quality(
        about=f"{count:,} conversation{'' if count == 1 else 's'} of {asked.chatbot.name}, all time",
        shares=[
            Share(label, percent(found[name]), (found[name] or 0) * 100, meaning)
            for name, (label, meaning) in SHARES.items()
        ],
        conflicts=[_conflict(name, found[name]) for name in CONFLICTS if found[name]],
        unread=_unread(unread_files(asked.snapshot)),
    )


def _unread(count: int) -> Conflict | None:
    said = "file of the inbox was not read" if count == 1 else "files of the inbox were not read"
    return Conflict(formats.count(count), f"{said}: see `clientele status`") if count else None


def _conflict(name: str, count: int) -> Conflict:
    one, several, advice = CONFLICTS[name]
    return Conflict(formats.count(count), f"{one if count == 1 else several}: {advice}")


def percent(share: float | None) -> str:
    """Return a share in whole percent, which says 0 % and 100 % only where that is exact; a dash without one."""
    if share is None:
        return formats.MISSING
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"
