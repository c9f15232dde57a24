"""Scattered blocks are the target, all that they leave is the context (ECG-JEPA)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ecgmask.strategies._checks import check_count, check_fractions
from ecgmask.strategies._sizes import ceil_bounds, draw_ceil
from ecgmask.strategies.masks import BoolArray, Masks


@dataclass(frozen=True)
class MaskAndComplement:
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
        Smallest fraction of the patches that stay visible, in [0, 1].
    max_keep_ratio
        Greatest fraction of the patches that stay visible, in (0, 1), at least
        `min_keep_ratio`.

    Notes
    -----
    Each batch keeps ``ceil(u * n_patches)`` patches of every record, with ``u`` uniform between
    the two ratios: 31 to 50 of 200 by default, all counts equally likely. Context and target
    share out the record exactly. Every masked run has at least `min_block_size` patches.

    Blocks are placed inside what is still visible, so the ends of a record are visible far more
    often than its middle (patch 0 of 200 in 78 % of the draws, patch 100 in 9 %, at 40 kept
    patches). No paper mentions this; it is kept because it is the published strategy.

    Departures from the published code: when fewer patches are masked than `min_block_size`, it
    crashes and this raises an error; a context of one patch keeps its axis, so that a gather
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

    def __post_init__(self) -> None:
        check_count("min_block_size", self.min_block_size)
        check_fractions(
            "min_keep_ratio", self.min_keep_ratio, "max_keep_ratio", self.max_keep_ratio
        )
        if self.max_keep_ratio == 0:
            raise ValueError("max_keep_ratio must be above 0, or no context is left to see")
        if self.max_keep_ratio == 1:
            raise ValueError("max_keep_ratio must be below 1, or no target is left to predict")

    def draw(self, n_records: int, n_patches: int, rng: Generator) -> Masks:
        """Draw the masks of a batch; every record keeps the same number of patches.

        Parameters
        ----------
        n_records
            Number of records, at least 1.
        n_patches
            Number of patches of each record, at least 1.
        rng
            The only source of randomness.

        Returns
        -------
        Masks
            Shared masks with one target: context ``(n_records, 1, n_patches)`` and targets
            ``(n_records, 1, 1, n_patches)``.

        Raises
        ------
        ValueError
            If so many patches may be kept that no block of `min_block_size` fits in the rest.
        """
        check_count("n_records", n_records)
        check_count("n_patches", n_patches)
        _, most_kept = ceil_bounds(n_patches, self.min_keep_ratio, self.max_keep_ratio)
        if n_patches - most_kept < self.min_block_size:
            raise ValueError(
                f"min_block_size={self.min_block_size} is larger than what is masked: "
                f"max_keep_ratio={self.max_keep_ratio} keeps up to {most_kept} of {n_patches} "
                f"patches and masks as few as {n_patches - most_kept}; lower min_block_size or "
                "max_keep_ratio, or use longer records"
            )
        n_keep = draw_ceil(n_patches, self.min_keep_ratio, self.max_keep_ratio, rng)
        masked = self._draw_masked(n_records, n_patches, n_patches - n_keep, rng)[:, None]
        return Masks(~masked, masked[:, None])

    def _draw_masked(
        self, n_records: int, n_patches: int, n_masked: int, rng: Generator
    ) -> BoolArray:
        """Place one block in every unfinished record per round; a record needs about four."""
        # A block adds +1 at its start and -1 past its end: one running sum masks them all.
        edges = np.zeros((n_records, n_patches + 1), dtype=np.int8)
        record = np.arange(n_records)
        left = np.full(n_records, n_masked)
        # Visible intervals [start, end) of the unfinished records, one column each.
        starts = np.zeros((n_records, 1), dtype=np.intp)
        ends = np.full((n_records, 1), n_patches, dtype=np.intp)

        while record.size:
            rows = np.arange(record.size)
            # The interval that holds a uniformly drawn visible patch: chosen by its length.
            reach = np.cumsum(ends - starts, axis=1)
            chosen = (reach <= rng.integers(reach[:, -1])[:, None]).sum(axis=1)
            start, end = starts[rows, chosen], ends[rows, chosen]

            fits = left >= self.min_block_size
            length = np.where(
                fits, rng.integers(np.minimum(left, self.min_block_size), left + 1), left
            )
            length = np.minimum(length, end - start)
            last_start = end - length
            anywhere = rng.integers(start, last_start + 1)
            # A remainder too short to stand alone extends a masked neighbour of the interval.
            has_left, has_right = start > 0, end < n_patches
            to_right = has_right & (~has_left | (rng.integers(2, size=record.size) == 1))
            attached = np.where(to_right, last_start, start)
            at = np.where(fits, anywhere, attached)

            edges[record, at] += 1
            edges[record, at + length] -= 1
            left = left - length
            starts = np.column_stack([starts, at + length])
            ends = np.column_stack([ends, end])
            ends[rows, chosen] = at

            unfinished = left > 0
            record, left = record[unfinished], left[unfinished]
            starts, ends = starts[unfinished], ends[unfinished]
        return np.cumsum(edges[:, :-1], axis=1, dtype=np.int8).astype(np.bool_)
