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


def fewest(marked: BoolArray) -> int:
    """Return the least number of marked patches in any lead row of any record."""
    return int(np.count_nonzero(marked, axis=-1).min())


def equalise(marked: BoolArray, truncate: Truncate, rng: Generator, n_keep: int) -> BoolArray:
    """Unmark surplus patches until every lead row of every record has `n_keep`.

    Parameters
    ----------
    marked
        ``(n_records, n_leads, n_patches)``, with at least `n_keep` marked in every row.
    truncate
        ``"ends"`` drops the surplus from the left or the right end of the record, a fair coin
        each; ``"random"`` drops a random subset; ``"first"`` keeps the first patches in time.
    rng
        The only source of randomness.
    n_keep
        Number of patches to keep in each row.

    Returns
    -------
    NDArray
        An array like `marked`, and a subset of it.
    """
    counts = np.count_nonzero(marked, axis=-1)[..., None]
    if (counts == n_keep).all():
        return marked
    kept: BoolArray
    if truncate == "random" and n_keep:
        order = rng.random(marked.shape, dtype=np.float32)
        order[~marked] = 1.0  # sorts behind every draw from [0, 1)
        last = np.partition(order, n_keep - 1, axis=-1)[..., n_keep - 1, None]
        kept = order <= last
        return kept
    dropped = 0
    if truncate == "ends":
        dropped = rng.integers(2, size=counts.shape) * (counts - n_keep)
    rank = np.cumsum(marked, axis=-1, dtype=np.int32)
    kept = marked & (rank > dropped) & (rank <= dropped + n_keep)
    return kept
