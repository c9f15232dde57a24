"""Blocks of one length are the context, the rest the target (data2vec 2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_count, check_draw, check_fraction, check_inner_fraction
from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies._subsets import count_hidden, smallest
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class InverseBlocks(Strategy):
    """Let the model see blocks around random patches, and mask the rest.

    The context is chosen rather than left over, and all records keep equally many patches, so
    nothing has to be cut. This is the inverse block masking of data2vec 2.0 [1]_, in one dimension.

    Parameters
    ----------
    ratio
        Fraction of the patches to mask, in (0, 1).
    length
        Patches in a visible block, at least 1.
    adjust
        What is added to the visible fraction before blocks are counted, since they overlap, in
        [0, 1].

    Notes
    -----
    ``floor((1 - ratio + adjust) * n_patches / length)`` centres are drawn from all patches, with
    replacement. A block reaches ``length // 2`` patches back from its centre and is cut off at the
    ends of the record, so the ends are seen less often than the middle. Random patches are then
    taken out of the blocks, or added outside them, until ``floor((1 - ratio) * n_patches)`` are
    visible: blocks do not stay whole. Masks are shared, and context and target partition the
    record. A record too short for one block is drawn patch by patch; one so short that the ratio
    masks no patch, or all, is refused.

    This is the sampler for one dimension that the authors publish. Departures: where
    ``(1 - ratio) * n_patches`` is a whole number that floating point puts just below, their code
    keeps one patch fewer, 39 of 200 at 0.8. Their own setting for speech does not use it: there,
    blocks of five patches are masked, half of all.

    References
    ----------
    .. [1] A. Baevski et al., "Efficient Self-supervised Learning with Contextualized Target
       Representations for Vision, Speech and Language", ICML 2023, arXiv:2212.07525.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import InverseBlocks
    >>> masks = InverseBlocks(ratio=0.8, length=10).draw(3, 200, np.random.default_rng(0))
    >>> masks.context.sum(axis=-1).ravel()
    array([40, 40, 40])
    """

    ratio: float = 0.8
    length: int = 10
    adjust: float = 0.07

    presets: ClassVar[dict[str, str]] = {"data2vec 2.0 [Ba23]": "InverseBlocks.data2vec2()"}

    def __post_init__(self) -> None:
        check_inner_fraction(
            "ratio", self.ratio, "something has to be masked and something visible"
        )
        check_count("length", self.length)
        check_fraction("adjust", self.adjust)

    @classmethod
    def data2vec2(cls) -> InverseBlocks:
        """Return the inverse block masking of data2vec 2.0: 80 %, around blocks of ten."""
        return cls(0.8, 10, 0.07)

    @property
    def equal_counts(self) -> bool:
        return True

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        n_visible = n_patches - count_hidden(n_patches, self.ratio)
        if not 0 < n_visible < n_patches:
            raise ValueError(
                f"ratio={self.ratio} leaves {n_visible} of {n_patches} patches visible, but at "
                "least one has to be masked and one visible; change ratio or use longer records"
            )
        n_blocks = floor((1 - self.ratio + self.adjust) * n_patches / self.length + SLACK)
        start = rng.integers(n_patches, size=(n_records, n_blocks)) - self.length // 2
        # What reaches past an end falls on the last patch there, which the block holds anyway.
        held = np.clip(start[..., None] + np.arange(self.length), 0, n_patches - 1)
        inside = np.zeros((n_records, n_patches), dtype=np.bool_)
        np.put_along_axis(inside, held.reshape(n_records, -1), True, axis=1)
        # Those in a block come first, in random order, then the others. Drawing 31 bits takes
        # several times as long as drawing 32.
        keys = rng.integers(2**32, size=inside.shape, dtype=np.uint32) >> np.uint32(1)
        keys |= ~inside * np.uint32(2**31)
        visible = smallest(keys, n_visible)[:, None]
        return Masks(visible, ~visible[:, None])
