"""Settings of the chatbots: `<home>/chatbots.csv`, checked. What they mean for the numbers is in the models."""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from orchestration.errors import PipelineError
from orchestration.home.csv_file import read_rows

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("units", "cents")


@dataclass(frozen=True)
class Chatbot:
    """One chatbot's settings; the defaults are those of a chatbot that is not listed.

    `mrr_unit` is the unit in which MRR is sent (`units` of currency or `cents`); `time_zone` is an IANA name.
    """

    chatbot_id: str
    name: str = ""
    time_zone: str = "UTC"
    week_start: str = "monday"
    currency: str = "USD"
    mrr_unit: str = "units"


COLUMNS = tuple(Chatbot.__dataclass_fields__)


def read_chatbots(path: Path) -> list[Chatbot]:
    """The chatbots listed in the file; an absent file lists none, an empty cell takes the default.

    Raises PipelineError naming file, line, column and what is allowed.
    """
    chatbots: dict[str, Chatbot] = {}
    for where, row in read_rows(path, COLUMNS, required=("chatbot_id",)):
        chatbot = _chatbot(row, where)
        if chatbot.chatbot_id in chatbots:
            raise PipelineError(f"{where}: chatbot {chatbot.chatbot_id!r} is listed twice. Keep one line.")
        chatbots[chatbot.chatbot_id] = chatbot
    return list(chatbots.values())


def with_unlisted(listed: list[Chatbot], seen: set[str]) -> list[Chatbot]:
    """The listed chatbots and, with default settings, those that were only seen in the data; names filled, by id."""
    known = {chatbot.chatbot_id: chatbot for chatbot in [*(Chatbot(one) for one in seen), *listed]}
    return [
        Chatbot(**{**asdict(chatbot), "name": chatbot.name or chatbot.chatbot_id})
        for _, chatbot in sorted(known.items())
    ]


@cache
def _time_zones() -> frozenset[str]:
    """Every IANA name; finding them reads a folder of hundreds of files."""
    return frozenset(available_timezones())


def _chatbot(cells: dict[str, str], where: str) -> Chatbot:
    texts = {column: cell if column == "chatbot_id" else cell.strip() for column, cell in cells.items()}
    chatbot = Chatbot(**{column: text for column, text in texts.items() if text})
    for column, allowed in (("week_start", WEEKDAYS), ("mrr_unit", UNITS)):
        if getattr(chatbot, column) not in allowed:
            raise PipelineError(
                f"{where}: {column} is {getattr(chatbot, column)!r}, which is none of {', '.join(allowed)}."
            )
    if chatbot.time_zone not in _time_zones():
        raise PipelineError(
            f"{where}: time_zone {chatbot.time_zone!r} is not known. Use an IANA name such as Europe/Berlin."
        )
    if not (len(chatbot.currency) == 3 and chatbot.currency.isalpha() and chatbot.currency.isupper()):
        raise PipelineError(f"{where}: currency {chatbot.currency!r} is not an ISO 4217 code such as USD.")
    return chatbot
