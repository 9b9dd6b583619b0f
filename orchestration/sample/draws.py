"""Repeatable draws: the same key gives the same number in every process, on every machine, for ever.

Python's own `hash()` and `random` are not used: the first differs between processes, the second between versions.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def draw(*key: str) -> float:
    """A number in [0, 1) that depends on the key alone."""
    digest = blake2b("\0".join(key).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def draw_between(low: int, high: int, *key: str) -> int:
    """A whole number from low to high, both included."""
    return low + int(draw(*key) * (high - low + 1))


def pick(options: Sequence[T], *key: str) -> T:
    """One of the options, each as likely as the others."""
    return options[int(draw(*key) * len(options))]


def pick_weighted(options: Sequence[T], weights: Sequence[float], *key: str) -> T:
    """One of the options, each as likely as its weight."""
    left = draw(*key) * sum(weights)
    for option, weight in zip(options, weights, strict=True):
        left -= weight
        if left < 0:
            return option
    return options[-1]
