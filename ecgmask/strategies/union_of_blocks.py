"""A union of random blocks is the target, its complement the context (Kim; V-JEPA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_draw, check_scale
from ecgmask.strategies._blocks import draw_blocks, redraw
from ecgmask.strategies._sizes import draw_floors, floor_bounds
from ecgmask.strategies.masks import BoolArray, Masks, Strategy
from ecgmask.strategies.per_batch import PerBatch


@dataclass(frozen=True)
class UnionOfBlocks(Strategy):
    """Mask the union of a few random blocks; all that they leave is the context.

    Overlapping blocks merge into longer ones, so gaps of many lengths occur. Many short blocks
    leave islands of context everywhere, few long ones a small context at the ends. These are the
    masks of Kim's ECG-JEPA [1]_ and, in one dimension, of V-JEPA [2]_.

    Parameters
    ----------
    num_blocks
        Number of blocks, at least 1.
    scale
        Smallest and greatest length of a block as fractions of the record, in [0, 1], not both 0 or
        both 1.
    min_keep
        Fewest patches that the context may have, at least 1.

    Notes
    -----
    Each block of each record has a length of its own, ``floor(s * n_patches)`` but at least 1,
    with ``s`` uniform on `scale`, and a start that is uniform over all that fit, first and last
    included. Masks are shared. The target is the union of the blocks, the context its complement,
    so the two partition the record. Every masked run is at least as long as the shortest block.
    The middle of a record is masked more often than its ends. A record whose context falls short
    of `min_keep` is drawn again, all of it. Where the longest block cannot leave `min_keep`
    patches, or no layout that does is found in a thousand draws, :meth:`draw` raises an error.

    Departures: in Kim's code no block holds the last patch, since the bound of its starts is
    exclusive. V-JEPA draws rectangles of image patches through all frames of a video, which hide
    another share of them; blocks of the same scale in time are their counterpart here. Its code
    keeps the first patches of each context to cut a batch to one length, which a collator's
    ``truncate="first"`` does too; ``truncate="never"`` keeps all.

    References
    ----------
    .. [1] S. Kim, "Learning General Representation of 12-Lead Electrocardiogram with a
       Joint-Embedding Predictive Architecture", 2024, arXiv:2410.08559.
    .. [2] A. Bardes et al., "Revisiting Feature Prediction for Learning Visual Representations
       from Video", TMLR 2024, arXiv:2404.08471.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import UnionOfBlocks
    >>> masks = UnionOfBlocks.kim().draw(64, 200, np.random.default_rng(0))
    >>> masks.targets.shape
    (64, 1, 1, 200)
    """

    num_blocks: int = 4
    scale: tuple[float, float] = (0.175, 0.225)
    min_keep: int = 1

    presets: ClassVar[dict[str, str]] = {
        "V-JEPA, short range [Ba24]": "UnionOfBlocks.vjepa_short()",
        "V-JEPA, long range [Ba24]": "UnionOfBlocks.vjepa_long()",
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_scale("scale", self.scale))
        check_count("num_blocks", self.num_blocks)
        check_count("min_keep", self.min_keep)
        if self.scale[0] == 1:
            raise ValueError("scale=(1, 1) leaves no context: every block covers the record")

    @classmethod
    def kim(cls) -> PerBatch:
        """Return the block masking of Kim 2024: four blocks of 17.5 to 22.5 %, one mask a batch."""
        return PerBatch(cls(4, (0.175, 0.225)))

    @classmethod
    def vjepa_short(cls) -> UnionOfBlocks:
        """Return the short-range masking of V-JEPA: eight blocks of 15 %."""
        return cls(8, (0.15, 0.15))

    @classmethod
    def vjepa_long(cls) -> UnionOfBlocks:
        """Return the long-range masking of V-JEPA: two blocks of 70 %."""
        return cls(2, (0.7, 0.7))

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        _, longest = floor_bounds(n_patches, *self.scale)
        if n_patches - max(1, longest) < self.min_keep:
            raise ValueError(
                f"min_keep={self.min_keep} context patches cannot be kept: a block of up to "
                f"{max(1, longest)} of {n_patches} patches leaves fewer; lower min_keep or scale, "
                "or use longer records"
            )

        def draw(rows: NDArray[np.intp]) -> tuple[BoolArray, BoolArray]:
            shape = (rows.size, self.num_blocks)
            length = np.maximum(1, draw_floors(shape, n_patches, *self.scale, rng))
            blocks = draw_blocks(shape, length, n_patches, rng)
            union: BoolArray = np.logical_or.reduce(blocks, axis=1)
            return ~union, union[:, None]

        context, targets = redraw(
            n_records,
            draw,
            self.min_keep,
            f"{self.num_blocks} blocks of up to {longest} of {n_patches} patches nearly always "
            "leave fewer; lower min_keep, scale or num_blocks",
        )
        return Masks(context[:, None], targets[:, :, None])
