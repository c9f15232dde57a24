"""Equal numbers of context patches for all records of a batch."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask.strategies.masks import BoolArray

Truncate = Literal["ends", "random", "first"]


def check_truncate(truncate: str) -> None:
    """Raise an error unless `truncate` names a rule."""
    if truncate not in get_args(Truncate):
        raise ValueError(
            f"truncate must be one of {', '.join(map(repr, get_args(Truncate)))}, not {truncate!r}"
        )


def count(marked: BoolArray) -> NDArray[np.intp]:
    """Return how many patches are marked, summed over the axes of leads and patches."""
    counts: NDArray[np.intp] = np.count_nonzero(marked, axis=(-2, -1))
    return counts


def equalise(
    marked: BoolArray,
    counts: NDArray[np.intp],
    n_keep: int,
    truncate: Truncate,
    rng: Generator,
    from_left: NDArray[np.bool_],
) -> BoolArray:
    """Unmark surplus patches until every record has `n_keep`.

    Parameters
    ----------
    marked
        ``(n_records, n_leads, n_patches)``.
    counts
        ``(n_records,)``, how many are marked, at least `n_keep` each.
    n_keep
        Number of patches to keep, counted over all lead rows.
    truncate
        ``"ends"`` drops the surplus from the left or the right end of the record, a fair coin
        each; ``"random"`` drops a random subset; ``"first"`` keeps the first patches in time.
    rng
        The only source of randomness.
    from_left
        ``(n_records,)``, from which end ``"ends"`` drops: the same for the context and the targets
        of a record, so that what is left of them lies at the same times.

    Returns
    -------
    NDArray
        An array like `marked`, and a subset of it.
    """
    if (counts == n_keep).all():
        return marked
    # In the order of time, so that the ends of a record are those of all its leads.
    in_time = marked.swapaxes(1, 2)
    flat = in_time.reshape(len(marked), -1)
    if truncate == "random" and n_keep:
        order = rng.random(flat.shape)
        order[~flat] = 1.0  # sorts behind every draw from [0, 1)
        kept = order <= np.partition(order, n_keep - 1, axis=1)[:, n_keep - 1, None]
    else:
        dropped = np.zeros((len(marked), 1), dtype=np.intp)
        if truncate == "ends":
            dropped = (from_left * (counts - n_keep))[:, None]
        rank = flat.cumsum(axis=1, dtype=np.int32)
        kept = flat & (rank > dropped) & (rank <= dropped + n_keep)
    return kept.reshape(in_time.shape).swapaxes(1, 2)
