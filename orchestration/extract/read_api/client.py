"""Questions to the upstream's read API, and its faults as sentences. Which to ask is no business of this module."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from orchestration.errors import PipelineError

ROOT = "/api/v1"
PAGE = 100  # the most that the API gives
WRITE_ONLY = "ob_live_"
_CONNECT, _READ = 10, 60  # seconds
_TRIES = 4
BACKOFF = 0.5  # seconds, which double
_LONGEST_WAIT = 120  # seconds
# What passes: too many questions (with the seconds to wait), and a server that is not up.
_PASSING = (429, 500, 502, 503, 504)


class ReadApiFault(PipelineError):
    """The read API gave no answer that can be used."""


class BadAnswer(ReadApiFault):
    """One question has no answer that can be used; others may have one."""


class UnknownThere(BadAnswer):
    """The read API has no such chatbot or conversation for this key."""


class ReadApi:
    """One session with the API. Every method raises ReadApiFault, a sentence that says what to do."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/").removesuffix(ROOT) + ROOT
        if not url.startswith(("http://", "https://")):
            raise ReadApiFault(f"OPENBAT_API_URL is {url!r}: it has to begin with https://.")
        if not key or not key.isascii() or not key.isprintable():
            raise ReadApiFault("OPENBAT_API_KEY is empty or no key. Make a key for reading, and set it beside the URL.")
        if key.startswith(WRITE_ONLY):
            raise ReadApiFault(f"OPENBAT_API_KEY is a key for sending ({WRITE_ONLY}...). Make one for reading.")
        patience = Retry(
            _TRIES,
            connect=_TRIES // 2,
            read=_TRIES // 2,
            status_forcelist=_PASSING,
            allowed_methods=["GET"],
            backoff_factor=BACKOFF,
            retry_after_max=_LONGEST_WAIT,
            raise_on_status=False,
        )
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))
        self._session.headers["Accept"] = "application/json"
        # Not as a header: what a person's .netrc says of the host would be sent in its place.
        self._session.auth = partial(_with_key, key)

    def conversations(self, chatbot_id: str | None, first: datetime, last: datetime) -> Iterator[tuple[list[Any], int]]:
        """The pages of what was said between two instants, each with how many conversations there are in all."""
        asked = {"from": _iso(first), "to": _iso(last), "limit": str(PAGE)}
        if chatbot_id is not None:
            asked["chatbotId"] = chatbot_id
        page = 1
        while True:
            answer = self._get("conversations", asked | {"page": str(page)})
            listed, total = answer.get("conversations"), answer.get("total")
            if type(listed) is not list or type(total) is not int or any(type(one) is not dict for one in listed):
                raise self._not_ours("a list of conversations")
            yield listed, total
            if not listed or page * PAGE >= total:
                return
            page += 1

    def conversation(self, upstream_id: str) -> dict[str, Any]:
        """A conversation with its messages and their scores."""
        answer = self._get(f"conversations/{quote(upstream_id, safe='')}", {})
        inner = answer.get("conversation")
        found = inner if type(inner) is dict and "messages" not in answer else answer
        if type(found.get("messages")) is not list:
            raise self._not_ours("a conversation with its messages")
        return found

    def _get(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._session.get(f"{self._url}/{path}", params=asked, timeout=(_CONNECT, _READ))
        except requests.RequestException as fault:
            reason = type(fault).__name__
            raise ReadApiFault(
                f"The read API at {self._url} cannot be reached ({reason}): look at OPENBAT_API_URL, or try again."
            ) from None
        if answer.status_code == 401:
            raise ReadApiFault(f"The read API at {self._url} does not know the key of OPENBAT_API_KEY. Make a new one.")
        if answer.status_code == 403:
            raise ReadApiFault(f"The key of OPENBAT_API_KEY may not read at {self._url}. Make one that may.")
        if answer.status_code == 404:
            raise UnknownThere(f"The read API at {self._url} has no {path} for this key. Look at OPENBAT_API_URL.")
        if answer.status_code != 200:
            raise BadAnswer(f"The read API at {self._url} answered {answer.status_code} for {path}. Try again later.")
        try:
            value = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            value = None
        if type(value) is not dict:
            raise self._not_ours("an object")
        return value

    def _not_ours(self, expected: str) -> BadAnswer:
        return BadAnswer(
            f"What answers at {self._url} is not the read API: {expected} was asked for. Look at OPENBAT_API_URL."
        )


def _with_key(key: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = f"Bearer {key}"
    return request


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
