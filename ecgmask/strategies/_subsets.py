"""Random subsets of a fixed size."""

from __future__ import annotations

from math import floor

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies.masks import BoolArray

AT_ONCE = 2**16  # keys that stay in the cache of a processor while their rows are chosen


def count_hidden(n: int, ratio: float) -> int:
    """Return how many of `n` are hidden where ``floor((1 - ratio) * n)`` are seen."""
    return n - floor((1 - ratio) * n + SLACK)


def draw_subsets(n_rows: int, n: int, size: int, rng: Generator) -> BoolArray:
    """Return ``(n_rows, n)`` with `size` of each row ``True``, every set equally likely."""
    chosen = np.empty((n_rows, n), dtype=np.bool_)
    n_at_once = max(1, AT_ONCE // n)
    for first in range(0, n_rows, n_at_once):
        rows = chosen[first : first + n_at_once]
        rows[:] = smallest(rng.integers(2**32, size=rows.shape, dtype=np.uint32), size)
    return chosen


def smallest(keys: NDArray[np.uint32], size: int) -> BoolArray:
    """Return ``(n_rows, n)``, ``True`` for the `size` smallest keys of each row, at least one.

    Keys of 32 bits are partitioned several times as fast as floats, but may be equal.
    """
    last = np.partition(keys, size - 1, axis=1)[:, size - 1, None]
    chosen: BoolArray = keys <= last
    if np.count_nonzero(chosen) > len(keys) * size:
        tied = np.flatnonzero(np.count_nonzero(chosen, axis=1) > size)
        chosen[tied] = keys[tied].argsort(axis=1).argsort(axis=1) < size
    return chosen
