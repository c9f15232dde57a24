"""Hidden and visible runs of geometric length take turns (after SimMTM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_draw, check_inner_fraction
from ecgmask.strategies._blocks import redraw
from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies.masks import BoolArray, Masks, Strategy


@dataclass(frozen=True)
class GeometricRuns(Strategy):
    """Hide runs of geometric length, with visible runs of geometric length between them.

    A mask has gaps of many lengths, and how long one has been says nothing of how long it goes on.
    SimMTM [1]_ hides such runs.

    Parameters
    ----------
    ratio
        Probability that a patch is hidden, in (0, 1).
    mean_length
        Mean length of a hidden run in patches, a whole number of at least 1.

    Notes
    -----
    The patches are a stationary Markov chain of two states. The first is hidden with probability
    `ratio`, and so is each after it. Hidden runs are geometric with mean `mean_length`, visible
    runs with mean ``mean_length * (1 - ratio) / ratio``; settings for which that is below 1 are
    refused. The end of the record cuts the last run. Masks are shared, and context and target
    partition the record.

    Departures: the paper hides points of a time series, here patches are hidden. A record that
    comes out all hidden or all visible is drawn again, so the law is that of the chain, given that
    both occur. In short records, a `ratio` other than a half is then not quite the share that is
    hidden. If a batch has such records even after a thousand draws, as it always has if records are
    one patch long, :meth:`draw` raises an error.

    References
    ----------
    .. [1] J. Dong et al., "SimMTM: A Simple Pre-Training Framework for Masked Time-Series
       Modeling", NeurIPS 2023, arXiv:2302.00861.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import GeometricRuns
    >>> masks = GeometricRuns(ratio=0.5, mean_length=3).draw(64, 200, np.random.default_rng(0))
    >>> masks.targets.shape
    (64, 1, 1, 200)
    """

    ratio: float = 0.5
    mean_length: int = 3

    presets: ClassVar[dict[str, str]] = {"SimMTM [D23]": "GeometricRuns()"}

    def __post_init__(self) -> None:
        check_inner_fraction("ratio", self.ratio, "something has to be hidden and something seen")
        check_count("mean_length", self.mean_length)
        # At a ratio of 0.9 and 9 patches the mean is 1, or just below it as a float.
        if self._mean_visible < 1 - SLACK:
            raise ValueError(
                f"ratio={self.ratio} and mean_length={self.mean_length} ask for visible runs of "
                f"{self._mean_visible:.3g} patches on average, but none has less than 1; lower "
                "ratio or raise mean_length"
            )

    @property
    def _mean_visible(self) -> float:
        return self.mean_length * (1 - self.ratio) / self.ratio

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)

        def draw(rows: NDArray[np.intp]) -> tuple[BoolArray, BoolArray]:
            first = rng.random(rows.size) < self.ratio
            is_hidden = first[:, None] ^ (np.arange(n_patches) % 2 == 1)
            mean = np.where(is_hidden, self.mean_length, max(1, self._mean_visible))
            # An exponential number, rounded down, is geometric, and several times as fast to draw.
            # Cut before they are summed: it may be larger than an integer can be.
            with np.errstate(divide="ignore"):  # runs of one patch end at once
                rate = -np.log1p(-1 / mean)
            longer = np.minimum(rng.standard_exponential(mean.shape) / rate, n_patches)
            ends = (1 + longer.astype(np.int64)).cumsum(axis=1)
            # The end of each run turns the state, which starts from that of the first patch.
            turns = np.zeros((rows.size, n_patches + 1), dtype=np.bool_)
            np.put_along_axis(turns, np.minimum(ends, n_patches), True, axis=1)
            turns[:, 0] = first
            hidden: BoolArray = np.logical_xor.accumulate(turns[:, None, :-1], axis=-1)
            # Records are drawn again if their context is empty, so one without a target gets none.
            return ~hidden & hidden.any(axis=-1, keepdims=True), hidden[:, None]

        unlikely = (
            f"runs of {self.mean_length} hidden and {self._mean_visible:.3g} visible patches on "
            f"average nearly always fill a record of {n_patches} patches; lower mean_length or use "
            "longer records"
        )
        return Masks(*redraw(n_records, draw, 1, unlikely))
