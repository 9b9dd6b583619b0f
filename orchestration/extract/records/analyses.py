"""Scores of one analysed conversation -> rows, one for each scored message.

The mean over the chunks of a message is taken here, exactly; everything beyond one message belongs to the models.
"""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from orchestration.extract.records.attributes import Row, decimal_of, drop, optional_id
from orchestration.extract.records.faults import FieldWarning, type_name
from orchestration.extract.records.keys import key_of
from orchestration.extract.records.messages import message_objects, role_of

# Three more than conversations are judged by, so that thirds of chunks do not tip a mean.
SCORE_PLACES = 12
_STEP = Decimal(1).scaleb(-SCORE_PLACES)
_WIDE = Context(prec=38, rounding=ROUND_HALF_EVEN)


def analysis_rows(
    request: dict[str, Any],
    received_at: datetime,
    chatbot_id: str,
    conversation_id: str,
    warnings: list[FieldWarning],
) -> list[Row]:
    """The score of each user message that has an external id and a valid chunk."""
    conversation = (conversation_id, key_of(chatbot_id, "conversation", conversation_id))
    rows: list[Row] = []
    for position, message in enumerate(message_objects(request)):
        path = f"messages[{position}]"
        role = None if message.get("role") is None else role_of(message, position)
        message_id = optional_id(message, "external_message_id", f"{path}.external_message_id", warnings)
        scores = _scores(message.get("user_sentiments"), f"{path}.user_sentiments", warnings)
        if not scores or message_id is None:
            continue
        if role not in ("user", None):
            explanation = f"The message is of the role {role}; only user messages are scored."
            drop(warnings, f"{path}.user_sentiments", "not_a_user_message", explanation, message["user_sentiments"])
            continue
        rows.append((position, received_at, chatbot_id, *conversation, message_id, mean_score(scores), len(scores)))
    return rows


def mean_score(scores: list[Decimal]) -> Decimal:
    """The exact mean, rounded half-even to twelve places."""
    if len(scores) == 1:
        return scores[0].quantize(_STEP, context=_WIDE)
    mean = sum(map(Fraction, scores)) / len(scores)
    return Decimal(round(mean * 10**SCORE_PLACES)).scaleb(-SCORE_PLACES)


def _scores(chunks: Any, path: str, warnings: list[FieldWarning]) -> list[Decimal]:
    if chunks is None:
        return []
    if type(chunks) is not list:
        drop(warnings, path, "wrong_type", f"The value is {type_name(chunks)}, not a list.", chunks)
        return []
    scores = []
    for index, chunk in enumerate(chunks):
        value = chunk.get("score") if type(chunk) is dict else chunk
        place = f"{path}[{index}].score"
        if type(chunk) is not dict or isinstance(value, bool) or not isinstance(value, int | float):
            drop(warnings, place, "wrong_type", f"The score is {type_name(value)}, not a number.", value)
            continue
        score = decimal_of(value)
        if score is None or not -1 <= score <= 1:
            drop(warnings, place, "out_of_range", "The score is not a number from -1 to 1.", value)
        else:
            scores.append(score)
    return scores
