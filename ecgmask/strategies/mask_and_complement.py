"""Scattered blocks are the target, all that they leave is the context (ECG-JEPA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_count, check_draw, check_fractions
from ecgmask.strategies._sizes import ceil_bounds, draw_ceil
from ecgmask.strategies.masks import BoolArray, Masks, Strategy

ROOM = 8  # intervals at first; most records need fewer


@dataclass(frozen=True)
class MaskAndComplement(Strategy):
    """Mask most of the record in blocks, and let the model see the complement.

    The context is short and scattered, the target is everything else: the model has to fill in
    gaps of about half a second to several seconds from islands of signal. This is the masking
    of ECG-JEPA [1]_.

    Parameters
    ----------
    min_block_size
        Shortest masked block in patches, at least 1. It must not exceed the number of patches
        that are masked.
    min_keep_ratio
        Smallest fraction of the patches that stay visible, in [0, 1).
    max_keep_ratio
        Greatest fraction of the patches that stay visible, in (0, 1), at least
        `min_keep_ratio`.

    Notes
    -----
    Each batch keeps ``ceil(u * n_patches)`` patches of every record, with ``u`` uniform between
    the two ratios: 31 to 50 of 200 by default, all counts equally likely. Masks are shared, and
    context and target partition the record. Every masked run has at least `min_block_size`
    patches. Where so many patches may be kept that no such block fits in the rest, :meth:`draw`
    raises an error.

    Blocks are placed inside what is still visible, so the ends of a record are visible far more
    often than its middle (patch 0 of 200 in 78 % of the draws, patch 100 in 9 %, at 40 kept
    patches). This follows from the published rule, so it is kept.

    Departures from the published code: when fewer patches are masked than `min_block_size`, that
    crashes and this class raises an error; a context of one patch keeps its axis, so that a gather
    returns every record.

    References
    ----------
    .. [1] K. Weimann and T. O. F. Conrad, "Self-Supervised Pre-Training with Joint-Embedding
       Predictive Architecture Boosts ECG Classification Performance", 2024, arXiv:2410.13867.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import MaskAndComplement
    >>> rng = np.random.default_rng(0)
    >>> masks = MaskAndComplement().draw(n_records=64, n_patches=200, rng=rng)
    >>> masks.context.shape, masks.targets.shape
    ((64, 1, 200), (64, 1, 1, 200))
    >>> bool((masks.context == ~masks.targets[:, 0]).all())
    True
    """

    min_block_size: int = 10
    min_keep_ratio: float = 0.15
    max_keep_ratio: float = 0.25

    presets: ClassVar[dict[str, str]] = {"ECG-JEPA [WC24]": "MaskAndComplement()"}

    def __post_init__(self) -> None:
        check_count("min_block_size", self.min_block_size)
        check_fractions(
            "min_keep_ratio", self.min_keep_ratio, "max_keep_ratio", self.max_keep_ratio
        )
        if self.max_keep_ratio == 0:
            raise ValueError("max_keep_ratio must be above 0, or no context is left to see")
        if self.max_keep_ratio == 1:
            raise ValueError("max_keep_ratio must be below 1, or no target is left to predict")

    @property
    def equal_counts(self) -> bool:
        return True

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        _, most_kept = ceil_bounds(n_patches, self.min_keep_ratio, self.max_keep_ratio)
        if n_patches - most_kept < self.min_block_size:
            raise ValueError(
                f"min_block_size={self.min_block_size} is larger than what is masked: "
                f"max_keep_ratio={self.max_keep_ratio} keeps up to {most_kept} of {n_patches} "
                f"patches and masks as few as {n_patches - most_kept}; lower min_block_size or "
                "max_keep_ratio, or use longer records"
            )
        n_keep = draw_ceil(n_patches, self.min_keep_ratio, self.max_keep_ratio, size_rng or rng)
        visible = self._draw_visible(n_records, n_patches, n_patches - n_keep, rng)[:, None]
        return Masks(visible, ~visible[:, None])

    def _draw_visible(
        self, n_records: int, n_patches: int, n_masked: int, rng: Generator
    ) -> BoolArray:
        """Place one block in every record per round; the longest record needs about ten."""
        record = np.arange(n_records)
        left = np.full(n_records, n_masked)
        # Visible intervals, one row for each; a round cuts one interval of each record in two.
        starts = np.zeros((ROOM, n_records), dtype=np.intp)
        sizes = np.zeros((ROOM, n_records), dtype=np.intp)
        sizes[0] = n_patches
        n_intervals = 1

        while np.count_nonzero(left):
            if n_intervals == len(starts):
                starts = np.concatenate([starts, np.zeros_like(starts)])
                sizes = np.concatenate([sizes, np.zeros_like(sizes)])
            where, long, shift = rng.random((3, n_records))

            # The interval around a uniformly drawn visible patch: chosen by its length.
            reach = sizes[:n_intervals].cumsum(axis=0)
            chosen = (reach > where * reach[-1]).argmax(axis=0) * n_records + record
            start, size = starts.take(chosen), sizes.take(chosen)

            # Below min_block_size, what is left is the length; a finished record has 0 left.
            spare = left - self.min_block_size
            drawn = self.min_block_size + (long * (spare + 1)).astype(np.intp)
            length = np.minimum(np.minimum(drawn, left), size)
            room = size - length
            # A remainder too short to stand alone extends a masked neighbour of the interval, so
            # it needs a coin where others need a place: `shift` is never used for both.
            to_right = (start + size < n_patches) & ((start == 0) | (shift < 0.5))
            before = np.where(spare >= 0, (shift * (room + 1)).astype(np.intp), room * to_right)

            left -= length
            sizes.put(chosen, before)
            starts[n_intervals] = start + before + length
            sizes[n_intervals] = room - before
            n_intervals += 1

        # An interval adds +1 at its start and -1 past its end: one running sum shows them all.
        edges = np.zeros(n_records * (n_patches + 1), dtype=np.int8)
        first = starts[:n_intervals] + record * (n_patches + 1)
        np.add.at(edges, first, np.int8(1))
        np.subtract.at(edges, first + sizes[:n_intervals], np.int8(1))
        edges = edges.reshape(n_records, -1)[:, :-1]
        return edges.cumsum(axis=1, dtype=np.int8).astype(np.bool_)
