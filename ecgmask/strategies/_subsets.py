"""Random subsets of a fixed size."""

from __future__ import annotations

from math import floor

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies.masks import BoolArray


def count_hidden(n: int, ratio: float) -> int:
    """Return how many of `n` are hidden where ``floor((1 - ratio) * n)`` are seen."""
    return n - floor((1 - ratio) * n + SLACK)


def draw_subsets(n_rows: int, n: int, size: int, rng: Generator) -> BoolArray:
    """Return ``(n_rows, n)`` with `size` of each row ``True``, every set equally likely."""
    return smallest(rng.integers(2**32, size=(n_rows, n), dtype=np.uint32), size)


def smallest(keys: NDArray[np.uint32], size: int) -> BoolArray:
    """Return ``(n_rows, n)``, ``True`` for the `size` smallest keys of each row, at least one.

    Keys of 32 bits are partitioned several times as fast as floats, but may be equal.
    """
    last = np.partition(keys, size - 1, axis=1)[:, size - 1, None]
    chosen: BoolArray = keys <= last
    tied = np.flatnonzero(np.count_nonzero(chosen, axis=1) > size)
    if tied.size:
        chosen[tied] = keys[tied].argsort(axis=1).argsort(axis=1) < size
    return chosen
