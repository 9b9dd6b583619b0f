"""The sample as a request log: complete, true to the dataset, the same everywhere, and loaded once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestration.errors import PipelineError
from orchestration.sample import SampleReport, write_sample, write_sample_chatbots
from orchestration.sample.dataset import Conversation, read_conversations
from orchestration.sample.load import _weeks_to

TODAY = date(2026, 11, 22)
Line = dict[str, Any]


@pytest.fixture(scope="module")
def dataset() -> dict[str, Conversation]:
    return {one.conversation_id: one for one in read_conversations()}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleReport]:
    inbox = tmp_path_factory.mktemp("unmoved") / "inbox"
    return inbox, write_sample(inbox, weeks_shift=0, today=TODAY)


@pytest.fixture(scope="module")
def lines(loaded: tuple[Path, SampleReport]) -> list[Line]:
    return [line for file in files_of(loaded[0]) for line in lines_of(file)]


@pytest.fixture(scope="module")
def requests(lines: list[Line]) -> list[Line]:
    return [line["request"] for line in lines]


def files_of(inbox: Path) -> list[Path]:
    return sorted(inbox.rglob("*.jsonl"))


def lines_of(file: Path) -> list[Line]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def content_of(inbox: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in files_of(inbox)}


def test_every_conversation_message_and_person_of_the_dataset_is_in_the_log(
    loaded: tuple[Path, SampleReport], requests: list[Line]
) -> None:
    report = loaded[1]
    users = {request["user"]["id"] for request in requests if "user" in request}
    agents = {request["custom"]["agent_id"] for request in requests if "agent_id" in request.get("custom", {})}
    assert len({request["conversationId"] for request in requests}) == report.conversations == 7_168
    assert sum(len(request["messages"]) for request in requests) == report.messages == 258_145
    assert len(users | agents) == report.people == 1_315
    assert len(requests) == report.requests
    assert len(files_of(loaded[0])) == report.files


def test_texts_times_and_order_are_those_of_the_dataset_and_who_wrote_first_is_the_user(
    lines: list[Line], dataset: dict[str, Conversation]
) -> None:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["received_at"]):
        found[line["request"]["conversationId"]] += line["request"]["messages"]
    for conversation_id, conversation in dataset.items():
        first = conversation.messages[0].sender
        assert found[conversation_id] == [
            {
                "id": f"m{position}",
                "role": "user" if message.sender == first else "assistant",
                "content": message.text,
                "sentAt": message.sent_at.isoformat() + "Z",
            }
            for position, message in enumerate(conversation.messages, start=1)
        ]


def test_the_quirks_of_the_dataset_survive(requests: list[Line]) -> None:
    lengths: Counter[str] = Counter()
    roles: dict[str, set[str]] = defaultdict(set)
    blank = 0
    for request in requests:
        lengths[request["conversationId"]] += len(request["messages"])
        roles[request["conversationId"]] |= {message["role"] for message in request["messages"]}
        blank += sum(not message["content"].strip() for message in request["messages"])
    assert max(lengths.values()) == 2_895
    assert sum(len(found) == 1 for found in roles.values()) == 3_150
    assert blank == 33


def test_requests_end_at_a_silence_or_at_a_hundred_messages(lines: list[Line]) -> None:
    parts: dict[str, list[list[Line]]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["received_at"]):
        parts[line["request"]["conversationId"]].append(line["request"]["messages"])
    silence = timedelta(minutes=10)

    def gap(earlier: Line, later: Line) -> timedelta:
        return datetime.fromisoformat(later["sentAt"]) - datetime.fromisoformat(earlier["sentAt"])

    for found in parts.values():
        for part in found:
            assert len(part) <= 100
            assert all(gap(*pair) <= silence for pair in pairwise(part))
        for part, following in pairwise(found):
            assert len(part) == 100 or gap(part[-1], following[0]) > silence
    assert sum(len(found) > 1 for found in parts.values()) > 1_000


def test_each_file_holds_the_lines_of_one_arrival_day_in_order_of_arrival(loaded: tuple[Path, SampleReport]) -> None:
    for file in files_of(loaded[0]):
        arrivals = [line["received_at"] for line in lines_of(file)]
        assert {arrival[:10] for arrival in arrivals} == {file.stem}
        assert arrivals == sorted(arrivals)


def test_a_request_arrives_shortly_after_its_last_message(lines: list[Line]) -> None:
    for line in lines:
        sent_at = datetime.fromisoformat(line["request"]["messages"][-1]["sentAt"])
        delay = datetime.fromisoformat(line["received_at"]) - sent_at
        assert timedelta(0) < delay < timedelta(seconds=5)


def test_mrr_fits_the_plan_and_is_zero_exactly_for_the_free_one(requests: list[Line]) -> None:
    bounds = {"free": (0, 0), "starter": (9.5, 190), "pro": (24, 1_440), "enterprise": (49.9, 19_960)}
    for request in requests:
        for bearer in (request.get("user", {}), request.get("organization", {})):
            if "mrr" in bearer:
                low, high = bounds[bearer["plan"]]
                assert low <= bearer["mrr"] <= high


def test_some_organizations_change_plan_and_all_that_pay_differently_do_so_at_one_moment(lines: list[Line]) -> None:
    told: dict[str, list[str]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["request"]["messages"][-1]["sentAt"]):
        organization = line["request"].get("organization", {})
        if "plan" in organization:
            told[organization["id"]].append(organization["plan"])
    changes = {
        organization_id: sum(before != after for before, after in pairwise(plans))
        for organization_id, plans in told.items()
    }
    assert max(changes.values()) == 2
    assert sum(count > 0 for count in changes.values()) > 30


def test_the_oddities_of_real_data_are_there(lines: list[Line], requests: list[Line]) -> None:
    opening = [request for request in requests if request["messages"][0]["id"] == "m1"]
    named = [request for request in opening if "user" in request and "organization" in request]
    homes: dict[str, set[str]] = defaultdict(set)
    for request in named:
        homes[request["user"]["id"]].add(request["organization"]["id"])
    assert 100 < len({home for found in homes.values() for home in found}) <= 120
    assert sum(len(found) == 2 for found in homes.values()) > 10
    assert max(len(found) for found in homes.values()) == 2
    assert any("email" not in request["user"] for request in named)
    assert any("industry" not in request["organization"] for request in named)
    assert any("mrr" not in request["organization"] for request in named)
    assert any(request["user"]["plan"] != request["organization"]["plan"] for request in named)
    assert 0 < sum("user" not in request for request in opening) < 400
    assert 0 < sum("organization" not in request for request in opening) < 800
    assert any("session" in request for request in opening)
    assert {line["chatbot_id"] for line in lines} == {"support", "sales"}


def test_no_two_people_share_an_email_and_no_two_organizations_a_name(requests: list[Line]) -> None:
    people = {
        request["user"]["id"]: request["user"].get("email") for request in requests if "name" in request.get("user", {})
    }
    emails = [email for email in people.values() if email]
    organizations = {
        request["organization"]["id"]: request["organization"]["name"]
        for request in requests
        if "name" in request.get("organization", {})
    }
    assert len(set(emails)) == len(emails)
    assert all(email.endswith("example.com") for email in emails)
    assert len(set(organizations.values())) == len(organizations)


def test_the_unmoved_sample_is_byte_for_byte_the_same_on_every_machine(loaded: tuple[Path, SampleReport]) -> None:
    digest = blake2b(b"".join(content_of(loaded[0]).values()), digest_size=8).hexdigest()
    assert digest == "010284c58cf4da3c"


def test_the_newest_arrival_moves_to_one_of_the_seven_days_before_today(dataset: dict[str, Conversation]) -> None:
    conversations = list(dataset.values())
    for days in range(-14, 15):
        today = date(2018, 11, 17) + timedelta(days=days)
        newest = date(2018, 11, 16) + timedelta(weeks=_weeks_to(today, conversations))
        assert 1 <= (today - newest).days <= 7


@pytest.fixture(scope="module")
def killed_and_moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path], SampleReport]:
    """A load that was killed before its end, the files that showed then, and the report of the load after it."""
    inbox = tmp_path_factory.mktemp("moved") / "inbox"
    code = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from orchestration.sample import write_sample\n"
        "write_sample(Path(sys.argv[1]), weeks_shift=0, today=date(2026, 11, 22))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(inbox)], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 60
    while not list(inbox.glob(".sample/*.part")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(inbox.glob(".sample/*.part"))
    showed = files_of(inbox)
    return inbox, showed, write_sample(inbox, today=TODAY)


def test_a_load_killed_before_its_end_shows_no_file_and_the_next_one_starts_anew(
    killed_and_moved: tuple[Path, list[Path], SampleReport], loaded: tuple[Path, SampleReport]
) -> None:
    inbox, showed, report = killed_and_moved
    assert showed == []
    assert len(files_of(inbox)) == report.files == loaded[1].files
    assert not (inbox / ".sample").exists()


def test_a_moved_sample_is_the_unmoved_one_with_later_times(
    killed_and_moved: tuple[Path, list[Path], SampleReport], lines: list[Line]
) -> None:
    inbox, _, report = killed_and_moved
    assert date(2026, 11, 15) <= report.last_arrival.date() < TODAY
    back = timedelta(weeks=report.weeks_shift)
    moved = [line for file in files_of(inbox) for line in lines_of(file)]
    for line in moved:
        line["received_at"] = earlier(line["received_at"], back, "milliseconds")
        for message in line["request"]["messages"]:
            message["sentAt"] = earlier(message["sentAt"], back, "seconds")
    assert moved == lines


def earlier(time_text: str, by: timedelta, timespec: str) -> str:
    moment = datetime.fromisoformat(time_text).replace(tzinfo=None) - by
    return moment.isoformat(timespec=timespec) + "Z"


def test_a_sample_that_is_there_stays_as_it_is_in_later_weeks_and_says_so(
    killed_and_moved: tuple[Path, list[Path], SampleReport],
) -> None:
    inbox, _, report = killed_and_moved
    before = content_of(inbox)
    again = write_sample(inbox, today=TODAY + timedelta(days=30))
    assert again == replace(report, already_there=True)
    assert content_of(inbox) == before
    with pytest.raises(PipelineError, match=f"moved by {report.weeks_shift} weeks, not 0"):
        write_sample(inbox, weeks_shift=0, today=TODAY)


def test_a_load_that_ended_between_two_files_is_finished_a_month_later_with_the_times_it_began_with(
    killed_and_moved: tuple[Path, list[Path], SampleReport],
) -> None:
    inbox, _, report = killed_and_moved
    before = content_of(inbox)
    marker = inbox / "sample" / ".sample.json"
    marker.write_bytes(orjson.dumps(orjson.loads(marker.read_bytes()) | {"complete": False}))
    for file in files_of(inbox)[50:]:
        file.unlink()
    assert write_sample(inbox, today=TODAY + timedelta(days=30)) == report
    assert content_of(inbox) == before


def test_files_of_someone_else_in_the_samples_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "mine.jsonl").write_text("{}\n")
    with pytest.raises(PipelineError, match="someone else"):
        write_sample(tmp_path, today=TODAY)


def test_the_names_of_the_samples_chatbots_never_replace_a_chatbots_file(tmp_path: Path) -> None:
    path = tmp_path / "chatbots.csv"
    assert write_sample_chatbots(path)
    assert path.read_text() == "chatbot_id,name\nsupport,Support assistant\nsales,Sales assistant\n"
    path.write_text("chatbot_id,time_zone\nsupport,Europe/Berlin\n")
    assert not write_sample_chatbots(path)
    assert path.read_text() == "chatbot_id,time_zone\nsupport,Europe/Berlin\n"
