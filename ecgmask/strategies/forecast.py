"""The past is the context, the future the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_draw, check_inner_fraction
from ecgmask.strategies._sizes import floor_bounds
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class Forecast(Strategy):
    """Let the model see the past and predict the future.

    The whole target lies after the whole context, so nothing can be interpolated. The idea is that
    of contrastive predictive coding [1]_, as a mask.

    Parameters
    ----------
    ratio
        Fraction of the patches at the end that are the target, in (0, 1).

    Notes
    -----
    Nothing is random: the last ``floor(ratio * n_patches)`` patches of every record are the
    target, all before them the context. Masks are shared, and the two partition the record. Its
    start is never predicted and its end never seen. A record so short that it has no past or no
    future is refused.

    Departures: the paper predicts single steps at several distances from every position; this is
    one split, at the same place in all records.

    References
    ----------
    .. [1] A. van den Oord, Y. Li and O. Vinyals, "Representation Learning with Contrastive
       Predictive Coding", 2018, arXiv:1807.03748.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Forecast
    >>> masks = Forecast(ratio=0.5).draw(1, 6, np.random.default_rng(0))
    >>> masks.context
    array([[[ True,  True,  True, False, False, False]]])
    """

    ratio: float = 0.5

    presets: ClassVar[dict[str, str]] = {"After CPC [O18]": "Forecast()"}

    def __post_init__(self) -> None:
        check_inner_fraction("ratio", self.ratio, "there must be a past and a future")

    @property
    def equal_counts(self) -> bool:
        return True

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        n_target, _ = floor_bounds(n_patches, self.ratio, self.ratio)
        if not 0 < n_target < n_patches:
            raise ValueError(
                f"ratio={self.ratio} makes {n_target} of {n_patches} patches the target, but there "
                "must be a past and a future; change ratio or use longer records"
            )
        past = np.arange(n_patches) < n_patches - n_target
        context = np.repeat(past[None, None], n_records, axis=0)
        return Masks(context, ~context[:, None])
