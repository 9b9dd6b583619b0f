"""The scores of many analyses -> columns, as `records/analyses.py` reads those of one."""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.extract.bulk.columns import Places, decimals, ids
from orchestration.extract.bulk.gather import Analyses
from orchestration.extract.bulk.messages import lower_roles
from orchestration.extract.landing.schemas import SCORE
from orchestration.extract.records.analyses import SCORE_PLACES, mean_score

# A float whose digits end by this place has them as its shortest decimal: it holds 15 digits, and a score has one more.
_SHIFT = 10**9
_MOST_CHUNKS = 1_000  # so that a sum is far from the largest integer


class Scored(NamedTuple):
    """The messages that have an id and a score, their columns, and the odd messages."""

    messages: Places
    ids: pa.Array
    means: pa.Array
    chunks: pa.Array
    odd: list[int]


def read_scores(analyses: Analyses) -> Scored:
    """Read the scores of the messages of analyses."""
    odd: list[int] = []
    roles = lower_roles(["user" if role is None else role for role in analyses.roles], odd)
    message_ids = ids(analyses.message_ids, odd)
    chunks = np.array(analyses.chunks, np.int64)
    has_scores = np.flatnonzero(chunks)
    has_id = message_ids.is_valid().to_numpy(zero_copy_only=False)[has_scores]
    messages = has_scores[has_id]
    is_user = pc.equal(roles, "user").fill_null(True).to_numpy(zero_copy_only=False)
    odd += messages[~is_user[messages]].tolist()
    return Scored(
        messages,
        message_ids.take(pa.array(messages)),
        decimals(_means(analyses.scores, chunks[has_scores])[has_id], SCORE),
        pa.array(chunks[messages], pa.int32()),
        odd,
    )


def _means(scores: list[Any], chunks: Places) -> Places:
    """The means of so many scores each, in units of the last place: in integers where the scores have few decimals."""
    if not len(chunks):
        return chunks
    first = np.cumsum(chunks) - chunks
    floats = np.array(scores, np.float64)
    shifted = np.rint(floats * _SHIFT)
    short = np.logical_and.reduceat(shifted / _SHIFT == floats, first) & (chunks < _MOST_CHUNKS)
    sums = np.add.reduceat(shifted.astype(np.int64), first) * (10**SCORE_PLACES // _SHIFT)
    means, rest = np.divmod(sums, chunks)
    means += (2 * rest > chunks) | ((2 * rest == chunks) & (means % 2 == 1))  # half to even
    for place in np.flatnonzero(~short).tolist():
        mean = mean_score([Decimal(repr(score)) for score in scores[first[place] : first[place] + chunks[place]]])
        means[place] = int(mean.scaleb(SCORE_PLACES))
    return means
