"""Contiguous blocks of patches, placed at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask.strategies.masks import BoolArray

MAX_REDRAWS = 1000


def draw_blocks(
    shape: tuple[int, ...], length: int | NDArray[np.int64], n_patches: int, rng: Generator
) -> BoolArray:
    """Return blocks ``(*shape, n_patches)``, every start that fits being equally likely.

    `length` is one for all blocks, or an array of `shape`.
    """
    start = rng.integers(n_patches - length + 1, size=shape)[..., None]
    # Unsigned, a patch before the start wraps round to a large number: one comparison does both.
    offset = np.arange(n_patches, dtype=np.uint32) - start.astype(np.uint32)
    blocks: BoolArray = offset < np.asarray(length, dtype=np.uint32)[..., None]
    return blocks


def redraw(
    n_records: int,
    draw: Callable[[NDArray[np.intp]], tuple[BoolArray, BoolArray]],
    min_keep: int,
    unlikely: str,
) -> tuple[BoolArray, BoolArray]:
    """Draw records until all contexts have `min_keep` patches.

    Parameters
    ----------
    n_records
        Number of records.
    draw
        Returns contexts and targets of the records with these numbers.
    min_keep
        Fewest patches of a context.
    unlikely
        What makes long enough contexts so rare, for the error after a thousand draws.
    """
    context, targets = draw(np.arange(n_records))
    for _ in range(MAX_REDRAWS):
        # As bytes, they are counted twice as fast.
        counts = context.reshape(n_records, -1).view(np.uint8).sum(axis=1, dtype=np.uint32)
        redo = np.flatnonzero(counts < min_keep)
        if not redo.size:
            return context, targets
        context[redo], targets[redo] = draw(redo)
    wanted = f"min_keep={min_keep} context patches" if min_keep > 1 else "a context and a target"
    raise ValueError(f"no layout with {wanted} was found in {MAX_REDRAWS} draws: {unlikely}")
