"""A round of questions to the read API that the settings name: about which chatbots, and what people are told of it."""

from collections.abc import Callable

import pyarrow.parquet as pq

from orchestration.extract.read_api.collecting import Collected, collect
from orchestration.home.chatbots import read_chatbots
from orchestration.settings import Settings


def collect_scores(settings: Settings, progress: Callable[[int, int], None]) -> Collected:
    """Scores of the chatbots that are named or published, as files in the inbox.

    Nothing is raised where the read API gives no answer: what has arrived is refreshed all the same.
    """
    published = settings.published / "current" / "chatbots.parquet"
    chatbots = {chatbot.chatbot_id for chatbot in read_chatbots(settings.home / "chatbots.csv")}
    if published.exists():
        chatbots |= set(pq.read_table(published, columns=["chatbot_id"])["chatbot_id"].to_pylist())
    key = settings.openbat_api_key.get_secret_value()
    return collect(settings.home, settings.inbox, settings.openbat_api_url, key, chatbots, progress)


def told(collected: Collected) -> list[str]:
    """What people are told of a round, in sentences; its fault is not among them."""
    said = [f"read API: asked for {collected.asked} conversations, {collected.changed} have new scores"]
    if collected.unknown:
        said.append(f"read API: it does not know these chatbots: {', '.join(collected.unknown)}")
    return said
