"""The ledger of changes: which published days a run changed, by how much, and why. On real snapshots."""

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.transform.warehouse import Window
from tests.support.pipeline import Crash, Pipeline, Project
from tests.support.publishing import Publisher
from tests.support.requests import Line, analysis, capture, deliver, said, write_chatbots, write_identity

ARRIVED = "2026-03-20T00:00:00Z"
MEASURES = ("conversations", "messages", "scored_messages", "score_sum")


def visit(conversation: str, *messages: Line, user: str = "ann", received_at: str = ARRIVED, **attributes: Any) -> Line:
    named = {"user": {"id": user, **attributes}, "organization": {"id": "acme"}}
    return capture(conversation, *messages, received_at=received_at, **named)


def at(day: int, hour: int = 10) -> str:
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


FIRST = (
    visit("c1", said("m1", at(10)), said("m2", at(10, 11), role="assistant")),
    visit("c2", said("m3", at(12)), user="bob", plan="free"),
    analysis("c1", {"m1": [0.5]}, ARRIVED),
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Publisher:
    return Publisher(Pipeline(tmp_path_factory.mktemp("prepared") / "home", project)).run(*FIRST)


@pytest.fixture
def publisher(prepared: Publisher, memory: Path) -> Iterator[Publisher]:
    """A home in which two conversations are published: c1 of the 10th with a score, c2 of the 12th without one."""
    copy = prepared.copied(memory / "home")
    yield copy
    copy.pipeline.close()


def changes(publisher: Publisher, run: str | None = None) -> dict[tuple[int, str], dict[str, Any]]:
    """A run's rows, the newest's without one, by day of the month and reason."""
    rows = publisher.query("from refresh_changes where run_id = ?", run or f"run-{publisher.pipeline.runs}")
    return {(row["activity_date"].day, row["reason"]): row for row in rows}


def amounts(row: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Before and after of what is different."""
    pairs = {name: (row[f"{name}_before"], row[f"{name}_after"]) for name in MEASURES}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_the_first_publication_lists_its_days_with_nothing_before(publisher: Publisher) -> None:
    found = changes(publisher)
    assert found.keys() == {(10, "message"), (10, "score"), (12, "message")}
    assert amounts(found[10, "message"]) == {
        "conversations": (0, 1),
        "messages": (0, 2),
        "scored_messages": (0, 1),
        "score_sum": (0, Decimal("0.5")),
    }
    assert amounts(found[12, "message"]) == {"conversations": (0, 1), "messages": (0, 1)}


def test_a_late_message_changes_exactly_its_day(publisher: Publisher) -> None:
    publisher.run(visit("c2", said("m4", at(11)), user="bob", plan="free"))
    found = changes(publisher)
    assert found.keys() == {(11, "late message")}
    assert amounts(found[11, "late message"]) == {"conversations": (0, 1), "messages": (0, 1)}
    assert found[11, "late message"]["changed_conversations"] == 1


def test_another_device_is_a_changed_attribute_of_each_day_of_the_conversation(publisher: Publisher) -> None:
    again = visit("c1", said("m1", at(10)))
    again["request"]["session"] = {"device": "mobile"}
    publisher.run(again)
    found = changes(publisher)
    assert {key: amounts(row) for key, row in found.items()} == {(10, "attribute"): {}}
    assert found[10, "attribute"]["changed_conversations"] == 1


def test_trap_43_a_message_of_years_ago_is_listed_on_its_day(publisher: Publisher) -> None:
    publisher.run(visit("c2", said("m4", "2001-01-01T10:00:00Z"), user="bob", plan="free"))
    (row,) = publisher.query("from refresh_changes where activity_date < date '2026-01-01'")
    assert (row["activity_date"], row["reason"]) == (date(2001, 1, 1), "late message")
    assert amounts(row) == {"conversations": (0, 1), "messages": (0, 1)}


def test_a_message_of_the_newest_day_is_not_late_and_the_chatbots_zone_says_which_day_that_is(
    publisher: Publisher,
) -> None:
    # Data runs through midnight of the 20th in UTC: still the 19th in New York.
    publisher.run(visit("c3", said("m5", at(20, 1)), received_at=at(20, 2)))
    assert changes(publisher).keys() == {(20, "message")}
    write_chatbots(publisher.home, support={"time_zone": "America/New_York"})
    publisher.run(visit("c4", said("m6", at(20, 3)), received_at=at(20, 3)))
    assert changes(publisher).keys() == {(19, "message"), (19, "settings"), (20, "settings")}


def test_a_new_score_changes_its_day_by_its_amount(publisher: Publisher) -> None:
    publisher.run(analysis("c1", {"m1": [-0.25]}, "2026-03-21T00:00:00Z"))
    found = changes(publisher)
    assert found.keys() == {(10, "score")}
    assert amounts(found[10, "score"]) == {"score_sum": (Decimal("0.5"), Decimal("-0.25"))}


def test_a_score_that_says_the_same_again_changes_nothing(publisher: Publisher) -> None:
    publisher.run(analysis("c1", {"m1": [0.5]}, "2026-03-21T00:00:00Z"))
    assert changes(publisher) == {}


def test_a_message_that_moves_to_another_day_lists_both_days(publisher: Publisher) -> None:
    # The first arrival decides when m3 was sent, and this one arrived before.
    publisher.run(visit("c2", said("m3", at(14)), user="bob", received_at="2026-03-15T00:00:00Z"))
    found = changes(publisher)
    assert amounts(found[12, "late message"]) == {"conversations": (1, 0), "messages": (1, 0)}
    assert amounts(found[14, "late message"]) == {"conversations": (0, 1), "messages": (0, 1)}


def test_a_corrected_owner_lists_the_days_of_the_whole_conversation(publisher: Publisher) -> None:
    publisher.run(visit("c1", said("m7", at(21)), user="carl", received_at=at(21)))
    found = changes(publisher)
    assert found.keys() == {(10, "owner"), (21, "message")}
    assert (found[10, "owner"]["changed_conversations"], amounts(found[10, "owner"])) == (1, {})


def test_a_merge_lists_the_days_whose_conversations_have_another_owner(publisher: Publisher) -> None:
    write_identity(publisher.home, ("user", "bob", "ann"))
    publisher.run()
    found = changes(publisher)
    assert (12, "identity") in found
    assert {reason for _, reason in found} == {"identity"}
    assert found[12, "identity"]["changed_conversations"] == 1
    write_identity(publisher.home)
    publisher.run()
    assert changes(publisher)[12, "identity"]["changed_conversations"] == 1


def test_a_changed_time_zone_lists_the_days_whose_messages_moved(publisher: Publisher) -> None:
    publisher.run(visit("c3", said("m5", at(15, 2))))
    write_chatbots(publisher.home, support={"time_zone": "America/New_York"})
    publisher.run()
    found = changes(publisher)
    assert found.keys() == {(14, "settings"), (15, "settings")}
    assert amounts(found[15, "settings"]) == {"conversations": (1, 0), "messages": (1, 0)}


def test_a_changed_attribute_is_listed_on_the_day_from_which_it_shows(publisher: Publisher) -> None:
    publisher.run(visit("c2", said("m8", at(16)), user="bob", plan="pro"))
    found = changes(publisher)
    assert found.keys() == {(16, "late message"), (16, "attribute")}
    assert found[16, "attribute"]["changed_versions"] == 1
    publisher.run(visit("c2", said("m9", at(13)), user="bob", plan="trial"))
    assert changes(publisher).keys() == {(13, "late message"), (13, "attribute")}


def test_a_late_request_without_the_plan_takes_it_from_the_days_before_it_was_sent(publisher: Publisher) -> None:
    # Before the first known version that one shows: until now `free`, now a version without a plan.
    publisher.run(visit("c2", said("m4", at(11)), user="bob"))
    assert changes(publisher).keys() == {(11, "late message"), (11, "attribute")}


def test_an_mrr_in_another_unit_changes_attributes_and_no_day_of_conversations(publisher: Publisher) -> None:
    publisher.run(visit("c2", said("m8", at(16)), user="bob", mrr=4900))
    write_chatbots(publisher.home, support={"mrr_unit": "cents"})
    publisher.run()
    assert changes(publisher).keys() == {(16, "settings")}
    assert changes(publisher)[16, "settings"]["changed_conversations"] == 0


def test_a_refresh_that_changes_nothing_adds_nothing(publisher: Publisher) -> None:
    before = publisher.query("from refresh_changes order by all")
    publisher.run(FIRST[0]).publish()
    assert publisher.query("from refresh_changes order by all") == before


def test_a_rebuild_and_a_deleted_warehouse_keep_the_ledger_and_add_only_what_changed(publisher: Publisher) -> None:
    before = publisher.query("from refresh_changes order by all")
    publisher.pipeline.refresh(full=True)
    publisher.publish()
    assert publisher.query("from refresh_changes order by all") == before
    shutil.rmtree(publisher.pipeline.warehouse.parent)
    publisher.run(visit("c3", said("m5", at(15))))
    assert changes(publisher).keys() == {(15, "late message")}
    assert publisher.query("from refresh_changes where run_id = 'run-1' order by all") == before


def test_what_runs_before_the_publication_changed_is_listed_by_it(publisher: Publisher) -> None:
    # Neither run was published: one failed in between, one was killed behind the facts.
    pipeline = publisher.pipeline
    pipeline.run(visit("c3", said("m5", at(15))))
    deliver(pipeline.home, visit("c4", said("m6", at(16)), received_at=at(25)))
    with pytest.raises(Crash):
        pipeline.refresh(crash_after=len(pipeline.project.models))
    # And this one is of another arrival day: it also finishes what the killed one had begun.
    deliver(pipeline.home, analysis("c1", {"m1": [1]}, at(26)))
    pipeline.refresh(Window(date(2026, 3, 26), None))
    publisher.publish()
    assert changes(publisher).keys() == {(15, "late message"), (16, "late message"), (10, "score")}
    publisher.run(analysis("c1", {"m1": [0]}, "2026-03-27T00:00:00Z"))
    assert changes(publisher).keys() == {(10, "score")}


def test_the_change_of_a_snapshot_that_was_never_noted_as_published_is_found_by_comparing_all(
    publisher: Publisher,
) -> None:
    shutil.copytree(publisher.folder, publisher.home / "kept", symlinks=True)
    publisher.run(visit("c3", said("m5", at(15))))
    shutil.rmtree(publisher.folder)
    (publisher.home / "kept").rename(publisher.folder)
    publisher.run(analysis("c1", {"m1": [1]}, "2026-03-26T00:00:00Z"))
    assert changes(publisher).keys() == {(10, "score"), (15, "other")}
