"""Any strategy, drawn once for all records of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_draw
from ecgmask.strategies.masks import (
    Masks,
    Strategy,
    check_strategy,
    has_equal_counts,
    needs_r_peaks,
)


@dataclass(frozen=True)
class PerBatch(Strategy):
    """Draw one mask of another strategy for all records of a batch.

    Records of one length then keep the same patches, so nothing has to be cut, whatever the
    strategy: the price is that a batch shows a model one mask only. The masks of Kim's ECG-JEPA
    [1]_ are drawn like this.

    Parameters
    ----------
    strategy
        The strategy to draw once. It cannot need R peaks, which differ between records.

    Notes
    -----
    The law of every single record is that of the strategy; the records of a batch depend on each
    other entirely. Ranks of a distributed run draw masks of their own; where their counts differ,
    they are cut to the shortest rank. Records of different lengths get one draw for each length,
    and where leads are missing, their tokens are left out of each record on its own.

    Departures: those of the strategy. Kim's tokens are patches of single leads, and his mask is the
    same in all leads, as a shared mask is.

    References
    ----------
    .. [1] S. Kim, "Learning General Representation of 12-Lead Electrocardiogram with a
       Joint-Embedding Predictive Architecture", 2024, arXiv:2410.08559.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import PerBatch, UnionOfBlocks
    >>> strategy = PerBatch(UnionOfBlocks(num_blocks=4, scale=(0.175, 0.225)))
    >>> masks = strategy.draw(64, 200, np.random.default_rng(0))
    >>> bool((masks.context == masks.context[0]).all())
    True
    >>> UnionOfBlocks.kim() == strategy
    True
    """

    strategy: Strategy

    presets: ClassVar[dict[str, str]] = {
        "Kim's ECG-JEPA, random [K24]": "RandomPatches.kim()",
        "Kim's ECG-JEPA, blocks [K24]": "UnionOfBlocks.kim()",
    }

    def __post_init__(self) -> None:
        check_strategy(self.strategy)
        if isinstance(self.strategy, PerBatch):
            raise TypeError("strategy is PerBatch already; pass the strategy inside it")
        if needs_r_peaks(self.strategy):
            raise ValueError(
                f"{self.strategy!r} follows the R peaks of each record, so it cannot draw one mask "
                "for a batch; use it without PerBatch"
            )

    @property
    def equal_counts(self) -> bool:
        # Within a batch they always are, but each rank draws a mask of its own.
        return has_equal_counts(self.strategy)

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        one = self.strategy.draw(1, n_patches, rng, size_rng=size_rng)
        return Masks(
            np.repeat(one.context, n_records, axis=0), np.repeat(one.targets, n_records, axis=0)
        )
