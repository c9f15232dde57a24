"""Blocks of neighbouring leads over a stretch of time are the target (after Signal-JEPA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_draw, check_scale
from ecgmask.leads import STANDARD_LEADS
from ecgmask.strategies._blocks import draw_blocks, redraw
from ecgmask.strategies._sizes import draw_floor
from ecgmask.strategies.masks import BoolArray, Masks, Strategy

# Limb leads by their angle in the frontal plane, where aVR stands for its opposite at 30 degrees;
# chest leads as they lie on the chest.
NEIGHBOURS = (("aVL", "I", "aVR", "II", "aVF", "III"), STANDARD_LEADS[6:])


@dataclass(frozen=True)
class LeadBlocks(Strategy):
    """Mask blocks of neighbouring leads, each over a stretch of time.

    What one lead hides, its neighbours hide too, and they tell most of each other; leads farther
    away and other times stay visible. Signal-JEPA [1]_ hides EEG channels within a radius, and
    Brain-JEPA [2]_ regions and times of fMRI.

    Parameters
    ----------
    num_blocks
        Number of blocks, at least 1.
    width
        Neighbouring leads in a block, from 1 to 6.
    scale
        Smallest and greatest length of a block as fractions of the record, in [0, 1], not both 0.

    Notes
    -----
    Neighbours are limb leads by their angle in the frontal plane, aVL, I, aVR upside down, II, aVF
    and III, or chest leads in their order; no block holds both. Each block takes `width` of them,
    every run of neighbours being equally likely, and a start that is uniform over all that fit.
    The length is one for all blocks of a batch, ``floor(s * n_patches)`` but at least 1, with ``s``
    uniform on `scale`. Masks are per lead, with a row for each standard lead. The target is the
    union of the blocks, and context and target partition the record. A record of which nothing is
    left to see is drawn again.

    Departures: the papers are about other signals; the geometry of the leads and the defaults are
    this package's own.

    References
    ----------
    .. [1] P. Guetschel et al., "S-JEPA: towards seamless cross-dataset transfer through dynamic
       spatial attention", 2024, arXiv:2403.11772.
    .. [2] Z. Dong et al., "Brain-JEPA: Brain Dynamics Foundation Model with Gradient Positioning
       and Spatiotemporal Masking", NeurIPS 2024, arXiv:2409.19407.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import LeadBlocks
    >>> masks = LeadBlocks(num_blocks=1, width=3).draw(1, 200, np.random.default_rng(0))
    >>> int(masks.targets.any(axis=-1).sum())
    3
    """

    num_blocks: int = 4
    width: int = 3
    scale: tuple[float, float] = (0.2, 0.4)

    presets: ClassVar[dict[str, str]] = {"Neighbouring leads, after Signal-JEPA": "LeadBlocks()"}

    def __post_init__(self) -> None:
        check_count("num_blocks", self.num_blocks)
        check_count("width", self.width)
        if self.width > len(NEIGHBOURS[0]):
            raise ValueError(
                f"width={self.width} is more than the {len(NEIGHBOURS[0])} leads that are "
                "neighbours of each other; lower it"
            )
        object.__setattr__(self, "scale", check_scale("scale", self.scale))

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        length = max(1, draw_floor(n_patches, *self.scale, size_rng or rng))
        runs = np.array(
            [
                np.isin(STANDARD_LEADS, order[first : first + self.width])
                for order in NEIGHBOURS
                for first in range(len(order) - self.width + 1)
            ]
        )

        def draw(rows: NDArray[np.intp]) -> tuple[BoolArray, BoolArray]:
            shape = (rows.size, self.num_blocks)
            leads = runs[rng.integers(len(runs), size=shape)]
            times = draw_blocks(shape, length, n_patches, rng)
            blocks = leads[..., None] & times[:, :, None]
            union: BoolArray = np.logical_or.reduce(blocks, axis=1)
            return ~union, union[:, None]

        unlikely = (
            f"{self.num_blocks} blocks of {length} of {n_patches} patches nearly always hide all "
            "leads throughout; lower num_blocks or scale"
        )
        return Masks(*redraw(n_records, draw, 1, unlikely))
