"""Equal numbers of context patches for all records of a batch."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.random import Generator

from ecgmask.strategies.masks import BoolArray

Truncate = Literal["ends", "random", "first"]


def check_truncate(truncate: str) -> None:
    """Raise an error unless `truncate` names a rule."""
    if truncate not in get_args(Truncate):
        raise ValueError(
            f"truncate must be one of {', '.join(map(repr, get_args(Truncate)))}, not {truncate!r}"
        )


def equalise(context: BoolArray, truncate: Truncate, rng: Generator) -> BoolArray:
    """Take surplus patches out of the contexts until all have as many as the shortest.

    Parameters
    ----------
    context
        ``(n_records, n_leads, n_patches)``; every lead row is equalised.
    truncate
        ``"ends"`` drops the surplus from the left or the right end of the record, a fair coin
        each; ``"random"`` drops a random subset; ``"first"`` keeps the first patches in time.
    rng
        The only source of randomness.

    Returns
    -------
    NDArray
        An array like `context`, and a subset of it.
    """
    check_truncate(truncate)
    counts = context.sum(axis=-1, keepdims=True)
    n_keep = counts.min()
    if (counts == n_keep).all():
        return context
    kept: BoolArray
    if truncate == "random":
        order = rng.random(context.shape)
        order[~context] = 1.0  # sorts behind every draw from [0, 1)
        last = np.partition(order, n_keep - 1, axis=-1)[..., n_keep - 1, None]
        kept = order <= last
        return kept
    dropped = 0
    if truncate == "ends":
        dropped = rng.integers(2, size=counts.shape) * (counts - n_keep)
    rank = np.cumsum(context, axis=-1, dtype=np.int32)
    kept = context & (rank > dropped) & (rank <= dropped + n_keep)
    return kept
