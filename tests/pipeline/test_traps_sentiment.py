"""Traps 13 to 23: how scores become the sentiment of a user or an organization."""

import random
from decimal import Decimal
from typing import Any

import pytest

from tests.support.pipeline import Pipeline
from tests.support.requests import Line, analysis, capture, said

DAY = "2026-03-10"
LATER = "2026-03-20T00:00:00Z"


def scored(conversation: str, *messages: list[Any], user: str = "ann", day: str = DAY, at: str = LATER) -> list[Line]:
    """A conversation of user messages, each with its chunk scores; an empty list is a message without a score."""
    sent = [said(f"m{n}", f"{day}T10:{n // 60:02}:{n % 60:02}Z") for n in range(len(messages))]
    scores = {f"m{n}": chunks for n, chunks in enumerate(messages)}
    request = capture(conversation, *sent, user={"id": user}, organization={"id": "acme"})
    return [request, analysis(conversation, scores, at)]


def acme(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.organizations()["acme"]


def test_trap_13_each_conversation_counts_once_and_the_message_mean_stands_beside(pipeline: Pipeline) -> None:
    pipeline.run(*scored("a", [-1], [-1], [-1], [-1]), *scored("b", [1]))
    assert acme(pipeline)["sentiment"] == 0
    assert acme(pipeline)["message_sentiment"] == -0.6


def test_trap_14_the_mean_of_a_range_is_not_the_mean_of_its_days(pipeline: Pipeline) -> None:
    lines = scored("a", *[[-0.5]] * 100, day="2026-03-09")
    lines += scored("a2", [1], day="2026-03-10")
    pipeline.run(*lines)
    assert acme(pipeline)["message_sentiment"] == pytest.approx(-0.485, abs=5e-4)
    # A conversation of two days is one conversation, whose mean is that of its messages.
    one = capture("c", said("x1", "2026-03-09T10:00:00Z"), said("x2", "2026-03-10T10:00:00Z"), user={"id": "bob"})
    two = capture("c", said("x3", "2026-03-10T11:00:00Z"), user={"id": "bob"})
    pipeline.run(one, two, analysis("c", {"x1": [-1], "x2": [0.5], "x3": [0.5]}, LATER))
    assert pipeline.users()["bob"]["sentiment"] == 0


def test_trap_15_without_a_score_is_not_zero(pipeline: Pipeline) -> None:
    pipeline.run(*scored("a", [-0.8], [], []), *scored("b", []))
    row = acme(pipeline)
    assert (row["sentiment"], row["message_sentiment"]) == (-0.8, -0.8)
    assert (row["conversations"], row["scored_conversations"], row["unscored_conversations"]) == (2, 1, 1)


def test_trap_16_chunks_average_to_the_message_first(pipeline: Pipeline) -> None:
    pipeline.run(*scored("a", [-1, -1, -1], [1]))
    assert acme(pipeline)["sentiment"] == 0
    assert acme(pipeline)["message_sentiment"] == 0
    pipeline.run(*scored("b", [-1, 0.5, 0.2], user="bob"))
    assert pipeline.users()["bob"]["sentiment"] == -0.1


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_trap_17_only_user_messages_are_scored(pipeline: Pipeline, role: str) -> None:
    request = capture(
        "c", said("m0", f"{DAY}T10:00:00Z"), said("m1", f"{DAY}T10:00:01Z", role=role), user={"id": "ann"}
    )
    # Once the analysis says who spoke, once only the request knows it.
    pipeline.run(request, analysis("c", {"m0": [0.4]}, LATER), analysis("c", {"m1": [-1]}, LATER, role=role))
    assert pipeline.users()["ann"]["message_sentiment"] == 0.4
    pipeline.run(analysis("c", {"m1": [-1]}, "2026-03-21T00:00:00Z"))
    assert pipeline.users()["ann"]["message_sentiment"] == 0.4
    assert pipeline.users()["ann"]["messages"] == 2


def test_trap_18_of_two_analyses_the_newer_one_counts_alone(pipeline: Pipeline) -> None:
    old, new = (analysis("a", {"m0": [score]}, f"2026-03-{day}T00:00:00Z") for score, day in ((-1, 20), (0.5, 21)))
    pipeline.run(scored("a", [-0.1], at="2026-03-19T00:00:00Z")[0], new)
    pipeline.run(old)  # arrives last, but was made first
    row = acme(pipeline)
    assert (row["sentiment"], row["message_sentiment"], row["scored_conversations"]) == (0.5, 0.5, 1)


def test_trap_18_a_copy_of_an_old_analysis_is_no_new_analysis(pipeline: Pipeline) -> None:
    """Two analyses of one moment: the later file wins. A copy of the loser in a third file used to win over it."""
    first, second = (analysis("a", {"m0": [score]}, LATER) for score in (0.5, -0.5))
    pipeline.run(scored("a", [0])[0])
    pipeline.run(first, file="a.jsonl").run(second, file="m.jsonl").run(first, file="z.jsonl")
    assert acme(pipeline)["sentiment"] == -0.5


def test_trap_18_an_analysis_without_sentiments_takes_no_score_away(pipeline: Pipeline) -> None:
    pipeline.run(*scored("a", [0.5]), analysis("a", {"m0": []}, "2026-03-22T00:00:00Z"))
    assert acme(pipeline)["sentiment"] == 0.5


def test_trap_19_a_late_score_belongs_to_the_day_of_its_message(pipeline: Pipeline) -> None:
    request, late = scored("a", [-0.7], at="2026-03-13T12:00:00Z")
    pipeline.run(request)
    assert acme(pipeline)["sentiment"] is None
    pipeline.run(late)
    assert pipeline.organizations(DAY, DAY)["acme"]["sentiment"] == -0.7
    assert pipeline.organizations("2026-03-13", "2026-03-13") == {}


def test_trap_19_a_score_may_arrive_before_its_message(pipeline: Pipeline) -> None:
    request, score = scored("a", [-0.7])
    pipeline.run(score)
    assert pipeline.query("from fct_conversation_days") == []
    assert acme(pipeline.run(request))["sentiment"] == -0.7


@pytest.mark.parametrize("bad", [float("nan"), 1.7, -1.0000001, float("inf"), True, "0.5", None])
def test_trap_20_a_bad_score_is_dropped_alone_and_reported(pipeline: Pipeline, bad: Any) -> None:
    pipeline.run(*scored("a", [0.25, bad], [bad]))
    row = acme(pipeline)
    assert (row["sentiment"], row["message_sentiment"]) == (0.25, 0.25)
    (receipt,) = pipeline.query("select accepted, quarantined, warnings from receipts")
    assert receipt == {"accepted": 2, "quarantined": 0, "warnings": 2}


def test_trap_20_bad_scores_neither_poison_a_mean_nor_come_first_in_an_order(pipeline: Pipeline) -> None:
    pipeline.run(
        *scored("bad", [float("nan")], [1.7], user="bad"),
        *scored("mixed", [float("nan")], [0.5], user="mixed"),
        *scored("good", [0.9], user="good"),
    )
    for order in ("desc", "asc"):
        rows = pipeline.query(f"select user_id, sentiment from users('support', null, null) order by sentiment {order}")
        found = [(row["user_id"], row["sentiment"]) for row in rows]
        assert found[-1] == ("bad", None)
        assert sorted(found[:-1]) == [("good", 0.9), ("mixed", 0.5)]


def test_trap_21_the_size_of_the_sample_stands_beside_the_sentiment(pipeline: Pipeline) -> None:
    lines = scored("one", [-1], user="once")
    for number in range(200):
        lines += scored(f"c{number}", [-0.6], user="often")
    users = pipeline.run(*lines).users()
    assert (users["once"]["sentiment"], users["once"]["scored_conversations"]) == (-1, 1)
    assert (users["often"]["sentiment"], users["often"]["scored_conversations"]) == (-0.6, 200)
    unhappiest = "select user_id from users('support', null, null) where scored_conversations >= 5 order by sentiment"
    assert pipeline.query(unhappiest) == [{"user_id": "often"}]


@pytest.mark.parametrize(
    ("scores", "band"),
    [
        ([0.2], "neutral"),
        ([-0.2], "neutral"),
        ([0.1, 0.3], "neutral"),
        ([0.2004], "satisfied"),
        ([-0.2004], "dissatisfied"),
        ([0.200000001], "satisfied"),
    ],
)
def test_trap_22_bands_are_decided_on_unrounded_values(pipeline: Pipeline, scores: list[float], band: str) -> None:
    row = acme(pipeline.run(*scored("a", *[[score] for score in scores])))
    shares = {name: row[f"{name}_share"] for name in ("satisfied", "neutral", "dissatisfied")}
    assert shares == {"satisfied": 0, "neutral": 0, "dissatisfied": 0} | {band: 1}


def test_trap_23_digits_do_not_depend_on_the_order_of_arrival(pipeline: Pipeline) -> None:
    draws = random.Random(23)
    lines = [
        line
        for number in range(60)
        for line in scored(f"c{number}", *[[draws.uniform(-1, 1) for _ in range(3)] for _ in range(3)])
    ]
    first = acme(pipeline.run(*lines))
    for _ in range(3):
        draws.shuffle(lines)
        again = Pipeline(pipeline.home.with_name(f"again{draws.random()}"), pipeline.project)
        try:
            assert acme(again.run(*lines[:90]).run(*lines[90:])) == first
        finally:
            again.close()
    assert pipeline.query("select distinct typeof(score_sum) as type from fct_conversation_days") == [
        {"type": "DECIMAL(18,12)"}
    ]
    assert isinstance(pipeline.query("select score_sum from fct_conversation_days")[0]["score_sum"], Decimal)


def test_trap_61_a_mean_of_exactly_a_fifth_is_neutral_although_its_thirds_have_no_end(pipeline: Pipeline) -> None:
    pipeline.run(*scored("a", [1, 1, 0], [1, 1, 0], [-1, -1, -0.2]))
    row = acme(pipeline)
    assert (row["satisfied_share"], row["neutral_share"], row["dissatisfied_share"]) == (0, 1, 0)
    assert row["sentiment"] == pytest.approx(0.2, abs=1e-11)


@pytest.mark.parametrize(("score", "band"), [(0.2000000004, "neutral"), (0.2000000005, "satisfied")])
def test_trap_61_bands_are_judged_at_nine_places_with_halves_away_from_zero(
    pipeline: Pipeline, score: float, band: str
) -> None:
    pipeline.run(*scored("a", [score]), *scored("b", [-score], user="bob"))
    negative = {"satisfied": "dissatisfied"}.get(band, band)
    assert (pipeline.users()["ann"][f"{band}_share"], pipeline.users()["bob"][f"{negative}_share"]) == (1, 1)


def test_scores_that_arrive_alone_in_a_later_run_reach_their_conversation(pipeline: Pipeline) -> None:
    pipeline.run(capture("c1", said("m1", "2026-03-01T10:00:00Z"), user={"id": "ann"}), file="first.jsonl")
    assert pipeline.users()["ann"]["sentiment"] is None
    pipeline.run(analysis("c1", {"m1": [0.5]}, "2026-03-01T11:00:00Z"), file="scores.jsonl")
    assert pipeline.users()["ann"]["sentiment"] == 0.5
