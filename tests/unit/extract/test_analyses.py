"""Scores by file: which count, and their exact mean."""

from decimal import Decimal
from typing import Any

import pytest
from request_log_samples import analysis, envelope, read, row, warned


def scored(*messages: dict[str, Any]) -> list[tuple[int, str, Decimal, int]]:
    """Position, message id, score and chunks of every row of an analysis of these messages."""
    line = envelope("analysis", {"external_conversation_id": "c1", "messages": list(messages)})
    return [(found[0], *found[5:]) for found in read(line).analyses]


def message(message_id: Any, *scores: Any, role: str = "user") -> dict[str, Any]:
    return {"external_message_id": message_id, "role": role, "user_sentiments": [{"score": score} for score in scores]}


def test_trap_16_chunks_average_to_their_message() -> None:
    assert scored(message("a", -1, -1, -1), message("b", 1)) == [(0, "a", Decimal(-1), 3), (1, "b", Decimal(1), 1)]


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ((0.1, 0.2), "0.15"),
        ((1, 0, 0), "0.333333333333"),
        ((1, 1, 0), "0.666666666667"),
        ((0.1, 0.1, 0.1), "0.1"),
        ((5e-13,), "0"),
        ((1.5e-12,), "2e-12"),
        ((1e-12, 0), "0"),
        ((3e-12, 0), "2e-12"),
        ((1e-12, 5e-324), "1e-12"),
        ((-1, 1), "0"),
    ],
)
def test_the_mean_is_exact_to_twelve_places_with_halves_to_even(scores: tuple[float, ...], mean: str) -> None:
    assert row(analysis(*scores), "analyses")["score"] == Decimal(mean)


def test_trap_17_only_user_messages_are_scored() -> None:
    assert scored(message("a", 1, role="assistant"), message("b", 1, role="system")) == []


def test_trap_20_a_bad_chunk_is_dropped_alone() -> None:
    assert scored(message("a", float("nan"), 1.7, "1", None, 0.5)) == [(0, "a", Decimal("0.5"), 1)]
    assert len(warned(analysis(float("nan"), 1.7, "1", None, 0.5))) == 4


def test_a_message_without_a_valid_chunk_is_not_analysed() -> None:
    assert scored(message("a"), message("b", float("nan")), {"external_message_id": "c", "role": "user"}) == []


def test_a_message_without_external_id_is_not_scored() -> None:
    assert scored(message(None, 1), message("", 1), {"role": "user", "user_sentiments": [{"score": 1}]}) == []


def test_both_scores_of_a_message_listed_twice_are_kept_with_their_positions() -> None:
    assert scored(message("a", 1), message("a", 0)) == [(0, "a", Decimal(1), 1), (1, "a", Decimal(0), 1)]


def test_numbers_as_ids_are_their_text_in_analyses_too() -> None:
    line = envelope("analysis", {"external_conversation_id": 5, "messages": [message(7, 1)]})
    assert (row(line, "analyses")["conversation_id"], row(line, "analyses")["message_id"]) == ("5", "7")


def test_an_analysis_has_no_request_and_no_message_rows() -> None:
    record = read(analysis(0.5))
    assert (record.request, record.messages, record.custom_fields) == (None, [], [])
