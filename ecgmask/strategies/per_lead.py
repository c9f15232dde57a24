"""Any strategy, drawn for every lead on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from ecgmask._checks import check_count, check_draw
from ecgmask.strategies.masks import (
    Masks,
    Strategy,
    check_strategy,
    has_equal_counts,
    needs_r_peaks,
)
from ecgmask.strategies.per_batch import PerBatch


@dataclass(frozen=True)
class PerLead(Strategy):
    """Draw the masks of another strategy for every lead on its own.

    A token is then one lead in one time window, and what one lead hides, another may show. Leads
    of an ECG are strongly correlated, so a patch whose instant is visible in other leads asks
    much less of the model than one that is hidden in all of them. Random patches of each lead on
    its own are the masks of ST-MEM [1]_ and, of each channel of a time series, of PatchTST [2]_.

    Parameters
    ----------
    strategy
        The strategy to draw for each lead: one that returns shared masks.
    n_leads
        Number of leads of a record, at least 1.

    Notes
    -----
    All leads of a batch are drawn as if they were records, so sizes that a strategy draws once
    for a batch are the same for all leads. Strategies with equal counts keep equally many
    patches of every lead; contexts of others are cut to one length over all leads of a record.
    Index tensors number the tokens lead-major: ``lead * n_patches + patch``. What else the
    strategy needs of each record, such as ``r_peaks=``, :meth:`draw` passes on.

    Departures: those of the strategy. ST-MEM hides 23 of its 30 patches of each lead, and so does
    ``PerLead(RandomPatches(0.75))``.

    References
    ----------
    .. [1] Y. Na et al., "Guiding Masked Representation Learning to Capture Spatio-Temporal
       Relationship of Electrocardiogram", ICLR 2024, arXiv:2402.09450.
    .. [2] Y. Nie et al., "A Time Series is Worth 64 Words: Long-term Forecasting with
       Transformers", ICLR 2023, arXiv:2211.14730.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import MaskAndComplement, PerLead
    >>> rng = np.random.default_rng(0)
    >>> masks = PerLead(MaskAndComplement()).draw(n_records=2, n_patches=200, rng=rng)
    >>> masks.context.shape
    (2, 12, 200)
    """

    strategy: Strategy
    n_leads: int = 12

    presets: ClassVar[dict[str, str]] = {
        "ST-MEM [N24]": "PerLead(RandomPatches(0.75))",
        "PatchTST [Ni23]": "PerLead(RandomPatches(0.4))",
    }

    def __post_init__(self) -> None:
        check_strategy(self.strategy)
        if isinstance(self.strategy, PerLead):
            raise TypeError("strategy is PerLead already; pass the strategy inside it")
        if isinstance(self.strategy, PerBatch):
            raise TypeError(
                "one mask for a batch cannot be drawn for each lead; write PerBatch(PerLead(...))"
            )
        check_count("n_leads", self.n_leads)

    @property
    def equal_counts(self) -> bool:
        return has_equal_counts(self.strategy)

    @property
    def needs_r_peaks(self) -> bool:
        return needs_r_peaks(self.strategy)

    def draw(
        self,
        n_records: int,
        n_patches: int,
        rng: Generator,
        *,
        size_rng: Generator | None = None,
        **given: ArrayLike,
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        draw: Any = self.strategy.draw
        by_lead = {name: np.repeat(item, self.n_leads, axis=0) for name, item in given.items()}
        rows: Masks = draw(n_records * self.n_leads, n_patches, rng, size_rng=size_rng, **by_lead)
        if rows.n_leads != 1:
            raise ValueError(
                f"strategy must draw shared masks, but {self.strategy!r} draws {rows.n_leads} "
                "lead rows"
            )
        by_record = (n_records, self.n_leads)
        return Masks(
            rows.context.reshape(*by_record, n_patches),
            rows.targets.reshape(*by_record, -1, n_patches).swapaxes(1, 2),
        )
