"""Contiguous blocks of patches, placed at random."""

from __future__ import annotations

from collections.abc import Callable
from math import floor

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_draw
from ecgmask.strategies._sizes import SLACK
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


def draw_spans(
    n_records: int, n_patches: int, ratio: float, length: int, rng: Generator
) -> BoolArray:
    """Return unions of spans ``(n_records, n_patches)``, their starts drawn without replacement.

    There are as many spans as would fill `ratio` of the record side by side, at least one.
    """
    check_draw(n_records, n_patches, rng)
    if length >= n_patches:
        raise ValueError(
            f"length={length} fills a record of {n_patches} patches; lower it or use longer records"
        )
    n_starts = n_patches - length + 1
    # However close to 1 the ratio is, the spans cannot cover all patches.
    n_spans = min(max(1, floor(ratio * n_patches / length + SLACK)), (n_patches - 1) // length)
    order = rng.random((n_records, n_starts))
    starts = order <= np.partition(order, n_spans - 1, axis=1)[:, n_spans - 1, None]
    # A span adds +1 at its start and -1 past its end: one running sum counts the spans on a patch.
    edges = np.zeros((n_records, n_patches + 1), dtype=np.int32)
    edges[:, :n_starts] += starts
    edges[:, length:] -= starts
    union: BoolArray = edges[:, :-1].cumsum(axis=1) > 0
    return union


def redraw(
    n_records: int,
    draw: Callable[[int], tuple[BoolArray, BoolArray]],
    min_keep: int,
    unlikely: str,
) -> tuple[BoolArray, BoolArray]:
    """Draw records until all contexts have `min_keep` patches.

    Parameters
    ----------
    n_records
        Number of records.
    draw
        Returns contexts ``(n, n_patches)`` and targets ``(n, n_targets, n_patches)`` of `n`
        records.
    min_keep
        Fewest patches of a context.
    unlikely
        What makes long enough contexts so rare, for the error after a thousand draws.
    """
    context, targets = draw(n_records)
    for _ in range(MAX_REDRAWS):
        redo = np.flatnonzero(np.count_nonzero(context, axis=1) < min_keep)
        if not redo.size:
            return context, targets
        context[redo], targets[redo] = draw(redo.size)
    raise ValueError(
        f"no layout with min_keep={min_keep} context patches was found in {MAX_REDRAWS} draws: "
        f"{unlikely}"
    )
